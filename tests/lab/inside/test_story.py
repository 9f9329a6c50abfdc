"""The incident this project grew from, from its beginning to its end, on real packets."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.visitors import visit
from meshdoctor.lab.matrix.asked import ask_until
from meshdoctor.lab.matrix.ringing import rung
from meshdoctor.lab.net.faults import network_faults
from tests.support.cluster_up import SETUP, cluster_up, healthy
from tests.support.lab import eventually

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

FAULT = "network-nodes-blocked"
NAMED_WITHIN, PAGED_WITHIN, LIVE_WITHIN = 30.0, 90.0, 60.0  # a busy machine is slow
WORKER_2 = 2
RULE = "authorize-security-group-ingress --group-id SG_ID --protocol=-1 --source-group SG_ID"
"""The self-referencing rule: all traffic, from the group itself."""

BOOKS = ("Murder on the Orient Express", "The Hound of the Baskervilles", "The Maltese Falcon")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """The whole cluster, with readers on its page."""
    with cluster_up(Wishes(SETUP, users=20, logs=tmp_path)) as up:
        yield up


def seen_by(cluster: Cluster, node: int, times: int = 8) -> set[tuple[int, str]]:
    """Status and freshness of what somebody gets who asks a node's port again and again.

    A connection that goes to another node's Pod may have no answer: that is no page.
    """
    pages = set()
    for _ in range(times):
        try:
            page = visit(cluster.urls[node], 1.0)
        except OSError:
            continue
        pages.add((page.status, page.freshness))
    return pages


def looked_up(cluster: Cluster, pod: str, name: str) -> str:
    """What `nslookup` would tell in a Pod: the name's address, or that there is none."""
    ask = ("getent", "ahostsv4", name)
    done = subprocess.run(
        cluster.network.entering(pod, ask), capture_output=True, text=True, check=False
    )
    return done.stdout.split()[0] if done.stdout else ""


def test_the_story(cluster: Cluster) -> None:
    """From the missing rule of the security group to the books on the page, in its own order."""
    network = cluster.network
    assert eventually(lambda: {(200, "live")} == seen_by(cluster, WORKER_2), LIVE_WITHIN)
    assert healthy(cluster, NAMED_WITHIN)
    began = time.time()

    # Somebody takes the group's rule about itself away, and the shop is rolled out.
    network.apply(network_faults()[FAULT].broken(network.healthy, network.topology))
    cluster.restart("marketplace")
    assert "" == looked_up(cluster, "marketplace-2", "recommendations-by-address")
    assert eventually(lambda: (200, "builtin") in seen_by(cluster, WORKER_2), LIVE_WITHIN)
    assert {200} == {status for status, _ in seen_by(cluster, WORKER_2)}

    # The doctor names the one thing, and says what to do.
    said = ask_until(
        cluster.diagnose, lambda one: bool(one.names), NAMED_WITHIN, cluster.interruption
    )
    assert (FAULT,) == said[-1].names
    _, told = cluster.diagnose()
    (fix,) = (one["fix"] for verdict in told["verdicts"] for one in verdict["findings"])
    assert RULE in str(fix)

    # Somebody is woken, once, by the right alert.
    assert eventually(lambda: rung(cluster.pager.notifications, began).count > 0, PAGED_WITHIN)
    page = rung(cluster.pager.notifications, began)
    assert ("NodeToNodeUnreachable", 1) == (page.alert, page.count)

    # The rule is there again: the name has its address, and the page its books.
    network.heal()
    assert "10.96.50.51" == looked_up(cluster, "marketplace-2", "recommendations-by-address")
    assert eventually(lambda: {(200, "live")} == seen_by(cluster, WORKER_2), LIVE_WITHIN)
    text = cluster.visit().text
    assert "Mystery books you may like" in text
    assert [True] * len(BOOKS) == [title in text for title in BOOKS]
    assert healthy(cluster, NAMED_WITHIN)
