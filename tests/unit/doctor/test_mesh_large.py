"""A large cluster, where nobody looks at everybody."""

import time

import pytest

from meshdoctor.agent.edges import edges
from meshdoctor.agent.knowledge import AGENT_PORT, Knowledge, Node, Place
from meshdoctor.doctor.judge import judge
from meshdoctor.doctor.model import State
from meshdoctor.probes.mesh.evidence import (
    Answer,
    Edge,
    MeshEvidence,
    Report,
    Role,
    Sighting,
    Written,
)
from tests.support.mesh_evidence import LONG_AGO, NOW

OK, SILENT = Answer.OK, Answer.SILENT


def large(count: int, cut: str = "", spared: Role = Role.API) -> MeshEvidence:
    """Give what agents of a large cluster tell, of which one node may be cut off but for a role."""
    names = [f"node-{number:03}" for number in range(count)]
    nodes = tuple(
        Node(name, f"10.0.{number // 200}.{number % 200}") for number, name in enumerate(names)
    )
    agents = tuple(
        Place("meshdoctor", f"agent-{name}", name, f"192.168.{number}.2", AGENT_PORT, "mesh-agent")
        for number, name in enumerate(names)
    )

    def seen(source: str, edge: Edge) -> Sighting:
        crossing = edge.node and source != edge.node and cut in {source, edge.node}
        lost = crossing and edge.role is not spared
        return Sighting(edge, SILENT if lost else OK, 0.01, "", NOW - 20 if lost else LONG_AGO)

    def report(name: str) -> Written:
        found = edges(Knowledge(name, nodes, agents))
        return Written(Report(name, NOW, sightings=tuple(seen(name, one) for one in found)), 1.0)

    return MeshEvidence(None, tuple(map(report, names)))


@pytest.mark.parametrize(
    ("spared", "code"),
    [(Role.API, "network-nodes-blocked"), (Role.NODE, "network-overlay-blocked")],
)
def test_a_node_that_is_cut_off_in_a_large_cluster_is_named(spared: Role, code: str) -> None:
    """On a ring nobody looks both ways: all who look at it hear nothing, and it hears nobody."""
    (found,) = judge(large(30, "node-007", spared)).findings

    assert code == found.code
    assert "node-007" in found.sentence


def test_a_large_cluster_is_judged_at_once() -> None:
    """A second for 150 nodes leaves the diagnosis its time; three times that is allowed here."""
    began = time.monotonic()
    verdict = judge(large(150))

    assert State.HEALTHY is verdict.state
    assert time.monotonic() - began < 3.0


def test_many_doubts_of_a_kind_are_counted() -> None:
    """A large cluster with few agents is not told node by node."""
    found = large(30)
    verdict = judge(MeshEvidence(None, found.reports[:2]))

    assert len(verdict.doubts) < 10
    assert "more are in doubt" in "\n".join(one.sentence for one in verdict.doubts)
