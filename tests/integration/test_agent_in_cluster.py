"""The agent as its Pod runs it: it knows by a Kubernetes API, tells by it, and outlives it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshdoctor.agent.rights import rights
from meshdoctor.lab.kubeapi import KubeApi, kube_api
from meshdoctor.probes.mesh.evidence import Answer, Ask, Report, Role
from tests.support import small_cluster
from tests.support.agent_in_cluster import AgentInCluster, written
from tests.support.api_door import Door, door_to
from tests.support.mesh_net import addresses, free_port, until

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SECONDS = 20.0
ROUND_SECONDS = 0.5
MIB = 60.0


@dataclass(frozen=True, slots=True)
class Two:
    """Two nodes with an agent each, of which the first is looked at."""

    cluster: KubeApi
    door: Door
    first: AgentInCluster
    second: AgentInCluster

    def written(self) -> Report | None:
        """Give what the first wrote last."""
        return written(self.cluster, "w1")

    def says(self, answer: Answer) -> bool:
        """Say whether the first has written such an answer of its neighbour."""
        report = self.written()
        return report is not None and answer is neighbour(report)


def neighbour(report: Report | None) -> Answer | None:
    """Give what was seen of the other agent, over TCP."""
    seen = [
        one.answer
        for one in (report.sightings if report else ())
        if one.edge.role is Role.AGENT and one.edge.ask is Ask.TCP and one.edge.node == "w2"
    ]
    return seen[0] if seen else None


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    """Two agents that are not begun yet, and the API with its door open."""
    hosts = addresses(2)
    port = free_port(*hosts)
    with kube_api("meshdoctor", "bookstore") as api, door_to(api.url, tmp_path) as door:
        door.manners.rights = rights()
        places = [(f"agent-w{at}", host, f"w{at}") for at, host in enumerate(hosts, 1)]
        for _, host, node in places:
            api.put(small_cluster.node(node, host))
        api.put(small_cluster.slices("meshdoctor", "mesh-agent", places, ("agent", port)))
        agents = [
            AgentInCluster(node, door.address, tmp_path, host, port) for _, host, node in places
        ]
        try:
            yield Two(api, door, *agents)
        finally:
            for agent in agents:
                agent.end()


def test_what_an_agent_sees_is_written_and_what_changes_is_written_at_once(two: Two) -> None:
    """By the rights of its Role alone, all of which it needs."""
    with two.first:
        with two.second:
            until(lambda: two.says(Answer.OK), SECONDS)
        # A round, two tries of a second at most, and the way to the API.
        assert until(lambda: two.says(Answer.REFUSED), SECONDS) < ROUND_SECONDS + 4

    written_by_applying = {one for one in rights() if one.verb == "create"}
    assert rights() == two.door.asked | written_by_applying


def test_it_goes_on_while_the_api_is_gone_and_writes_when_it_is_back(two: Two) -> None:
    """Its page tells what it sees, and for how long it has learned nothing."""
    with two.first, two.second:
        until(lambda: two.says(Answer.OK), SECONDS)
        two.door.shut()
        two.second.end()

        until(lambda: neighbour(two.first.report()) is Answer.REFUSED, SECONDS)
        until(lambda: "could not be written" in gaps(two.first.report()), SECONDS)
        assert Answer.OK is neighbour(two.written())

        with two.door:
            until(lambda: two.says(Answer.REFUSED), SECONDS)
            until(lambda: "could not be written" not in gaps(two.written()), SECONDS)


def gaps(report: Report | None) -> str:
    """Give what a report says that could not be had."""
    return "; ".join(report.gaps) if report else ""


def test_it_begins_without_the_api_by_what_it_remembers(two: Two) -> None:
    """The container is started again while the API is gone: it sees as much as before."""
    with two.second:
        with two.first:
            until(lambda: two.says(Answer.OK), SECONDS)
            whole = len((two.written() or Report("", 0)).sightings)
        two.door.shut()

        with two.first:
            until(lambda: neighbour(two.first.report()) is Answer.OK, SECONDS)
            until(lambda: "what is known of the cluster is" in gaps(two.first.report()), SECONDS)
            report = two.first.report()
            assert report is not None
            assert whole == len(report.sightings)
            before = two.written()
            with two.door:
                until(lambda: two.written() != before, SECONDS)
                assert two.says(Answer.OK)


def test_a_hundred_nodes_fit_into_its_memory(tmp_path: Path) -> None:
    """Real nodes are long objects: here 24 kB each, with all their images."""
    hosts = addresses(100)
    port = free_port(*hosts)
    images = [
        {"names": [f"registry.example/{'x' * 60}@sha256:{at:064}"] * 2, "sizeBytes": 10**8}
        for at in range(80)
    ]
    with kube_api("meshdoctor", "bookstore") as api, door_to(api.url, tmp_path) as door:
        for at, host in enumerate(hosts):
            node = small_cluster.node(f"w{at}", host)
            node["status"]["images"] = images
            api.put(node)
        places = [(f"agent-w{at}", host, f"w{at}") for at, host in enumerate(hosts)]
        api.put(small_cluster.slices("meshdoctor", "mesh-agent", places, ("agent", port)))
        with AgentInCluster("w0", door.address, tmp_path, hosts[0], port) as agent:
            until(lambda: len((written(api, "w0") or Report("", 0)).sightings) > 10, SECONDS)
            until(lambda: (agent.report() or Report("", 0)).round > 10, SECONDS)

            assert agent.memory() <= MIB
