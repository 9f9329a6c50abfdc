"""The load test's overlay under the real kubectl: run, run again, gone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.lab.kubeapi.server import KubeApi, kube_api
from tests.support.kubectl import Kubectl
from tests.support.manifests import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

OVERLAY = "k8s/overlays/locust"
RUN = "k8s/components/locust/run.env"


@pytest.fixture
def api() -> Iterator[KubeApi]:
    """A cluster in which the mesh is no more than its namespace."""
    with kube_api("bookstore") as running:
        yield running


@pytest.fixture
def kubectl(api: KubeApi, tmp_path: Path) -> Kubectl:
    """Kubectl for it."""
    return Kubectl.towards(api.url, tmp_path)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the overlay is made of, to be edited."""
    for folder in ("k8s/components/locust", "k8s/images", OVERLAY, "loadtest"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / "checkout" / folder, ignore=skip)
    return tmp_path / "checkout"


def load(api: KubeApi) -> list[str]:
    """Give what is in the load test's namespace."""
    return [one for one in api.objects() if " load/" in one or one == "Namespace /load"]


def test_it_comes_and_goes_by_itself(api: KubeApi, kubectl: Kubectl) -> None:
    """One command brings both Jobs, one takes all of it away, and the mesh is left alone."""
    assert 0 == kubectl.run("apply", "-k", OVERLAY).returncode
    assert {"Job load/locust-master", "Job load/locust-worker"} <= set(load(api))

    assert 0 == kubectl.run("delete", "-k", OVERLAY, "--ignore-not-found").returncode
    assert [] == load(api)
    assert "Namespace /bookstore" in api.objects()


def test_another_run_wants_the_old_one_gone(kubectl: Kubectl, checkout: Path) -> None:
    """Applied as it was it does nothing; changed it is refused; after a delete it runs."""
    overlay = str(checkout / OVERLAY)
    kubectl.said("apply", "-k", overlay)
    again = kubectl.said("apply", "-k", overlay).splitlines()
    assert {"unchanged"} == {line.split()[-1] for line in again}

    run = checkout / RUN
    run.write_text(run.read_text("utf-8").replace("LOCUST_USERS=100", "LOCUST_USERS=200"), "utf-8")
    changed = kubectl.run("apply", "-k", overlay)
    assert 1 == changed.returncode
    assert "field is immutable" in changed.stderr

    kubectl.said("delete", "-k", overlay, "--ignore-not-found")
    assert "job.batch/locust-master created" in kubectl.said("apply", "-k", overlay)
