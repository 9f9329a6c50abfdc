"""Rollouts to images that cannot run: done with a real registry, named by the doctor's command."""

from collections.abc import Iterator

import pytest

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.registry import Tag
from meshdoctor.lab.cluster.rollout import roll_out
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.faults.images import APP, back
from meshdoctor.lab.matrix.asked import ask_until
from tests.support.cluster_up import cluster_up, healthy

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(120)]

IMAGES = [code for code in scenarios() if code.startswith("image-")]
NEW = "recommendations-4"
SECONDS = 30.0


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster without watchers and without readers, healthy by the doctor's word."""
    logs = tmp_path_factory.mktemp("logs")
    with cluster_up(Wishes(users=0, monitored=False, controls=False, logs=logs)) as up:
        assert healthy(up, SECONDS)
        yield up


@pytest.fixture
def cluster(standing: Cluster) -> Iterator[Cluster]:
    """The module's cluster; what a test rolls out is undone after it."""
    yield standing
    back(standing)
    standing.registry.open()


def pods(cluster: Cluster) -> set[str]:
    """The names of the Pods that the API knows in the shop's namespace."""
    return {one["metadata"]["name"] for one in cluster.api.items("Pod", "bookstore")}


@pytest.mark.parametrize("code", IMAGES)
def test_a_rollout_to_a_bad_image_is_named_and_harms_nobody(cluster: Cluster, code: str) -> None:
    """One new Pod stands still, the page is live, the doctor says why; then it is as before."""
    scenario, before = scenarios()[code], pods(cluster)

    scenario.hurt(cluster)
    said = ask_until(cluster.diagnose, lambda one: bool(one.names), SECONDS, cluster.interruption)

    assert {NEW} == pods(cluster) - before
    assert (code,) == said[-1].names
    assert "live" == cluster.visit().freshness

    scenario.heal(cluster)
    well = healthy(cluster, SECONDS)

    assert before == pods(cluster)
    assert well


def test_an_image_that_could_run_is_no_fault(cluster: Cluster) -> None:
    """A good image is refused: there would be nothing to see."""
    image = cluster.registry.image(APP, Tag.GOOD)

    with pytest.raises(LabError, match="is an image that worker-"):
        roll_out(cluster, APP, image)

    assert NEW not in pods(cluster)


def test_the_deployment_tells_of_the_rollout(cluster: Cluster) -> None:
    """Its image is the new one while that lasts, and the old one again."""

    def image() -> str:
        found = cluster.api.get("Deployment", APP, "bookstore")
        told: str = found["spec"]["template"]["spec"]["containers"][0]["image"]
        return told

    before, bad = image(), cluster.registry.image(APP, Tag.ARM_INDEX)

    roll_out(cluster, APP, bad)
    assert bad == image()

    back(cluster)
    assert before == image()
