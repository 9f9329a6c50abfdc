"""A mesh with mutual TLS whose certificates go wrong."""

from collections.abc import Iterator

import pytest

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.certificates import Certificates
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.plan import plan
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.faults.scenario import MUTUAL_TLS
from meshdoctor.lab.matrix.asked import ask_until
from tests.support.cluster_up import cluster_up, healthy
from tests.support.lab import eventually

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(180)]

SECONDS = 45.0
USERS = 20


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster as the overlay with mutual TLS has it, with readers and without watchers.

    It is healthy by the doctor's word: what agents saw while it came up is behind them.
    """
    logs = tmp_path_factory.mktemp("logs")
    wishes = Wishes(MUTUAL_TLS, users=USERS, monitored=False, controls=False, logs=logs)
    with cluster_up(wishes) as up:
        assert healthy(up, SECONDS)
        yield up


def pages(cluster: Cluster) -> set[str]:
    """How fresh the page is, in both Pods of the shop."""
    return {cluster.visit().freshness for _ in range(20)}


@pytest.mark.parametrize("code", ["tls-expired", "tls-untrusted"])
def test_a_certificate_gone_wrong_is_named(cluster: Cluster, code: str) -> None:
    """The doctor names it; with good certificates the page is live and all is healthy."""
    scenario = scenarios()[code]

    scenario.hurt(cluster)
    said = ask_until(cluster.diagnose, lambda one: bool(one.names), SECONDS, cluster.interruption)
    assert (code,) == said[-1].names

    scenario.heal(cluster)
    assert eventually(lambda: {"live"} == pages(cluster), SECONDS)
    assert healthy(cluster, SECONDS)


def test_connections_outlive_their_certificate(cluster: Cluster) -> None:
    """While the leaf that is shown has ended, calls go on over connections from before."""
    scenario = scenarios()["tls-expired"]
    assert eventually(lambda: {"live"} == pages(cluster), SECONDS)

    scenario.hurt(cluster)
    seen = pages(cluster)
    scenario.heal(cluster)

    assert {"live"} == seen


def test_a_mesh_in_plain_text_has_no_certificates() -> None:
    """So nothing can be done to them, and the error says what is missing."""
    with pytest.raises(LabError, match="the mesh is to be one with TLS"):
        Certificates.of(plan()).expire("recommendations")
