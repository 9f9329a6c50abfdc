"""Each fault is named, and nothing else, whether it is everywhere or in one place only."""

from itertools import combinations
from pathlib import Path

import pytest

from meshdoctor.doctor.judge import judge
from meshdoctor.doctor.model import State
from meshdoctor.faults import FAULTS
from meshdoctor.probes.mesh.evidence import Answer, Ask, MeshEvidence
from tests.support import mesh_faults as worlds
from tests.support.mesh_evidence import NODES, PAIRS, World, evidence
from tests.support.mesh_faults import WORLDS
from tests.support.verdicts import codes


def test_a_healthy_mesh_is_healthy() -> None:
    """Nothing is broken, nothing is doubted, and what was looked at is told."""
    verdict = judge(evidence())

    assert (State.HEALTHY, ()) == (verdict.state, verdict.doubts)
    assert "every node reaches the others: holds for 3" in verdict.seen


def test_a_mesh_that_nobody_calls_is_healthy() -> None:
    """No visitor, no call and no lookup are no sign of anything."""
    quiet = World(told=lambda _place: {"calls": 0, "lookups": {}, "visits": {}})

    assert State.HEALTHY is judge(evidence(quiet)).state


@pytest.mark.parametrize("code", WORLDS)
def test_each_fault_is_named(code: str) -> None:
    """It alone, with what decides, what was ruled out, and what to do."""
    verdict = judge(evidence(WORLDS[code]()))
    (found,) = verdict.findings

    assert (code, ()) == (found.code, verdict.doubts)
    assert 1 <= len(found.seen) <= 3
    assert found.ruled_out
    assert found.fix
    assert found.sentence in verdict.sentence


def test_every_fault_has_a_world() -> None:
    """But one, which only a registry can tell from another."""
    assert {"image-config-mismatch"} == FAULTS.keys() - WORLDS.keys()


@pytest.mark.parametrize("pair", sorted(map(sorted, PAIRS)))
@pytest.mark.parametrize("make", ["nodes_blocked", "overlay_blocked", "large_packets"])
def test_a_fault_between_two_nodes_is_named_with_these_two(make: str, pair: list[str]) -> None:
    """The third node is not in the sentence, and the extent is."""
    world = getattr(worlds, make)(frozenset((frozenset(pair),)))
    (found,) = judge(evidence(world)).findings
    (third,) = set(NODES) - set(pair)

    assert world.codes == {found.code}
    assert third not in found.sentence
    assert "(1 of 3 pairs of nodes)" in found.sentence
    assert all(node in found.sentence for node in pair)


@pytest.mark.parametrize("way", [two[::turn] for two in combinations(NODES, 2) for turn in (1, -1)])
def test_the_direction_that_does_not_pass_is_named(way: tuple[str, str]) -> None:
    """For every two nodes, either way round."""
    (found,) = judge(evidence(worlds.one_way(*way))).findings

    assert "network-one-way" == found.code
    assert f"from {way[0]} to {way[1]} nothing passes" in found.sentence


@pytest.mark.parametrize("node", NODES)
def test_service_addresses_that_are_gone_on_one_node_are_named_with_it(node: str) -> None:
    """A proxy is of one node."""
    (found,) = judge(evidence(worlds.clusterip_gone((node,)))).findings

    assert "routing-clusterip-gone" == found.code
    assert f": on {node} (1 of 3 nodes)" in found.sentence


@pytest.mark.parametrize("server", ["control-plane", "worker-1"])
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer.SILENT, "dns-timeout"),
        (Answer.REFUSED, "dns-refused"),
        (Answer.SERVFAIL, "dns-servfail"),
        (Answer.SLOW, "dns-slow"),
    ],
)
def test_one_of_two_name_servers_is_named(answer: Answer, code: str, server: str) -> None:
    """The other one serves, so half of the lookups end well, and it is a fault all the same."""
    (found,) = judge(evidence(worlds.dns(answer, code, nodes=(server,)))).findings

    assert code == found.code
    assert f" on {server} (1 of 2 name servers)" in found.sentence


def test_one_name_server_that_is_not_heard_over_udp_is_named() -> None:
    """TCP to the same one passes."""
    world = worlds.dns(Answer.SILENT, "dns-udp-lost", nodes=("worker-1",), asks=(Ask.DNS_UDP,))

    assert ["dns-udp-lost"] == codes(judge(evidence(world)))


@pytest.mark.parametrize("make", ["app_down", "app_ended", "app_hung", "crash_loop"])
def test_one_of_three_backends_is_named(make: str) -> None:
    """The others serve, and callers notice nothing."""
    world = getattr(worlds, make)(("recommendations-2",))
    (found,) = judge(evidence(world)).findings

    assert world.codes == {found.code}
    assert any("recommendations-2" in line for line in found.seen)


def without_api(found: MeshEvidence) -> MeshEvidence:
    """Leave out what the Kubernetes API said."""
    return MeshEvidence(None, found.reports)


def test_the_agents_alone_are_enough_for_a_healthy_mesh() -> None:
    """What only the API could have told is said."""
    verdict = judge(without_api(evidence()))

    assert State.HEALTHY is verdict.state
    assert any("the Kubernetes API was not asked" in each for each in verdict.limits)


@pytest.mark.parametrize(
    "code", [code for code in WORLDS if code.startswith(("network-", "dns-")) and "nx" not in code]
)
def test_the_agents_alone_name_what_needs_no_object(code: str) -> None:
    """Policies need the API: without it nobody knows whether all backends were asked."""
    verdict = judge(without_api(evidence(WORLDS[code]())))

    assert codes(verdict) == ([] if "policy" in code else [code])
    assert codes(verdict) or verdict.doubts


def test_the_document_says_of_each_fault_what_decides() -> None:
    """In the order of the vocabulary, and of no other."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "verdicts.md").read_text("utf-8")
    table = text.partition("## Each fault")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]

    assert list(FAULTS) == [row[1].strip().strip("`") for row in rows]
    assert all(row[2].strip() for row in rows)
