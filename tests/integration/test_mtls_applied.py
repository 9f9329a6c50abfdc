"""docs/mtls.md under a real kubectl: what stands without cert-manager, and a change in order."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.lab.kubeapi import KubeApi, kube_api
from tests.support.kubectl import Kubectl
from tests.support.manifests import Manifest, load

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

PAGE = Path(__file__).resolve().parents[2] / "docs/mtls.md"
KUBEADM = "k8s/overlays/kubeadm"
MTLS = "k8s/overlays/kubeadm-mtls"


@pytest.fixture
def api() -> Iterator[KubeApi]:
    """Give an API that knows Kubernetes' own kinds and no others."""
    with kube_api() as running:
        yield running


@pytest.fixture
def kubectl(api: KubeApi, tmp_path: Path) -> Kubectl:
    """Give a kubectl for it, with the mesh in plain text."""
    found = Kubectl.towards(api.url, tmp_path)
    assert 0 == found.run("apply", "-k", KUBEADM).returncode
    return found


def deployment(api: KubeApi, name: str) -> Manifest:
    """Give a Deployment's spec as the API has it."""
    (kind,) = (one for one in api.store.resources() if one.kind == "Deployment")
    (found,) = (one for one in api.store.all(kind) if one["metadata"]["name"] == name)
    spec: Manifest = found["spec"]
    return spec


def volumes(api: KubeApi, name: str) -> list[str]:
    """Give the names of its Pods' volumes."""
    return [one["name"] for one in deployment(api, name)["template"]["spec"].get("volumes", ())]


def commands(heading: str) -> list[list[str]]:
    """Give the kubectl commands of a part of the page, without `kubectl`."""
    part = PAGE.read_text("utf-8").partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    lines = [shlex.split(line) for line in part.splitlines() if line.startswith("kubectl ")]
    return [line[1:] for line in lines]


def test_without_cert_manager_only_its_objects_are_missing(api: KubeApi, kubectl: Kubectl) -> None:
    """It is told which kind, in the page's words, and the rest is there for a second go."""
    done = kubectl.run("apply", "-k", MTLS)
    there = set(api.objects())
    missing = {
        one["kind"]
        for one in load("kubeadm-mtls").objects
        if f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
        not in there
    }

    assert 1 == done.returncode
    assert 'no matches for kind "Certificate" in version "cert-manager.io/v1"' in done.stderr
    assert 'no matches for kind "Certificate" in version "cert-manager.io/v1"' in PAGE.read_text(
        "utf-8"
    )
    assert {"Certificate", "Issuer"} == missing
    assert [["tls"], ["tls"]] == [volumes(api, name) for name in ("marketplace", "recommendations")]


def test_a_rollout_that_is_held_back_stays_so_when_it_is_applied(
    api: KubeApi, kubectl: Kubectl
) -> None:
    """In the page's order: pause the shop, apply, pause the backend, resume one and the other."""
    held: list[tuple[bool, bool, bool]] = []
    for command in commands("### From plain text to TLS, and back"):
        if "wait" in command or "status" in command or "delete" in command:
            continue  # what runs, runs in a cluster alone
        done = kubectl.run(*command)
        assert done.returncode == (1 if "apply" in command else 0), done.stderr
        shop, backend = (deployment(api, one) for one in ("marketplace", "recommendations"))
        paused = (shop.get("paused", False), backend.get("paused", False))
        held.append((*paused, "tls" in volumes(api, "marketplace")))

    assert [
        (True, False, False),
        (True, False, True),
        (True, True, True),
        (False, True, True),
        (False, False, True),
    ] == held
