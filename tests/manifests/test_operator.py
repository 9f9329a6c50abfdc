"""The overlay for the Prometheus Operator under the real kubectl, with and without the operator."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from meshdoctor.lab.kubeapi.server import KubeApi, kube_api
from tests.support.custom_resources import is_custom
from tests.support.kubectl import Kubectl
from tests.support.manifests import Manifest, load

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

OVERLAY = "k8s/overlays/prometheus-operator"
OBJECTS = load("prometheus-operator").objects
KINDS = sorted({one["kind"] for one in OBJECTS if is_custom(one)})


@pytest.fixture
def api() -> Iterator[KubeApi]:
    """An empty cluster."""
    with kube_api() as running:
        yield running


@pytest.fixture
def kubectl(api: KubeApi, tmp_path: Path) -> Kubectl:
    """Kubectl for it."""
    return Kubectl.towards(api.url, tmp_path)


def definition(kind: str) -> Manifest:
    """Give what the operator's installation teaches the cluster, as far as names go."""
    names = {"kind": kind, "plural": f"{kind.lower()}s", "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "scope": "Namespaced",
            "names": names,
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
    }


def ours(api: KubeApi) -> set[str]:
    """Give what is of services and agents: their namespaces, all in them, what is named so."""
    words = ("bookstore", "meshdoctor", "mesh-agent")
    return {one for one in api.objects() if any(word in one for word in words)}


def place(one: Manifest) -> str:
    """Name an object as the API lists it."""
    meta = one["metadata"]
    return f"{one['kind']} {meta.get('namespace', '')}/{meta['name']}"


def apply(kubectl: Kubectl) -> CompletedProcess[str]:
    """Do what docs/observability.md says."""
    return kubectl.run("apply", "--kustomize", OVERLAY)


def test_without_the_operator_the_mesh_stands_and_the_rest_is_named(
    api: KubeApi, kubectl: Kubectl
) -> None:
    """Kubectl fails and names each object that has no kind; all others are there, policies too."""
    done = apply(kubectl)

    assert 1 == done.returncode
    assert sum(map(is_custom, OBJECTS)) == done.stderr.count("ensure CRDs are installed first")
    assert all(f'no matches for kind "{kind}"' in done.stderr for kind in KINDS)
    assert {place(one) for one in OBJECTS if not is_custom(one)} == ours(api)


def test_once_the_operator_is_there_the_same_command_brings_the_rest(
    api: KubeApi, kubectl: Kubectl
) -> None:
    """What stood is left as it is, what was missing comes, and `delete` takes all of it away."""
    apply(kubectl)
    for kind in KINDS:
        api.put(definition(kind))
    done = apply(kubectl)

    created = [line for line in done.stdout.splitlines() if line.endswith(" created")]
    assert (0, "") == (done.returncode, done.stderr)
    assert sum(map(is_custom, OBJECTS)) == len(created)
    assert set(map(place, OBJECTS)) == ours(api)

    assert 0 == kubectl.run("delete", "--ignore-not-found", "-k", OVERLAY).returncode
    assert set() == ours(api)
