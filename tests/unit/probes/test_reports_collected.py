"""Agents' reports, out of the ConfigMaps in which they lie."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from meshdoctor.probes.mesh.collecting import collect, settled
from meshdoctor.probes.mesh.evidence import (
    SILENT_AFTER_SECONDS,
    Answer,
    Ask,
    Edge,
    Ground,
    Report,
    Role,
    Sighting,
    Written,
)

EDGE = Edge(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, "b", "b", "10.0.0.2:10256")
NOON = 1_800_000_000.0


def seen(node: str, at: float, answer: Answer = Answer.OK, since: float = 0.0) -> Report:
    """Give a report with one sighting."""
    return Report(node, at, sightings=(Sighting(EDGE, answer, 0.1, since=since),))


def config_map(report: Report, taken: str = "", **more: object) -> dict[str, Any]:
    """Give what the API has of a report."""
    fields = [{"manager": "mesh-agent", "time": taken}] if taken else []
    meta = {"name": f"mesh-agent-{report.node}", "managedFields": fields}
    return {"metadata": meta, "data": {"report.json": json.dumps(asdict(report))}, **more}


def test_the_age_is_by_the_apis_own_clock() -> None:
    """The moment of the answer less the moment of the writing; no node's clock counts."""
    wrong = seen("a", at=0.0)  # a clock that lost its battery
    (written,), damaged = collect([config_map(wrong, "2027-01-15T08:00:00Z")], NOON + 7)

    assert (wrong, 7.0, ()) == (written.report, written.age, damaged)


def test_the_newest_writing_counts() -> None:
    """Labels that somebody added an hour ago make no report old."""
    found = config_map(seen("a", NOON), "2027-01-15T07:00:00Z")
    found["metadata"]["managedFields"].append({"time": "2027-01-15T08:00:00Z"})
    (written,), _damaged = collect([found], NOON + 1)

    assert 1.0 == written.age


def test_without_a_moment_of_writing_the_agents_own_counts() -> None:
    """As in objects that went through `kubectl get`, which leaves `managedFields` out."""
    (written,), _damaged = collect([config_map(seen("a", NOON - 3))], NOON)

    assert 3.0 == written.age


def test_what_was_saved_is_as_old_as_its_newest_report() -> None:
    """A folder knows no moment at which it was asked: what was new then is new."""
    objects = [config_map(seen("b", NOON)), config_map(seen("a", NOON - 60))]
    written, _damaged = collect(objects, None)

    assert [("a", 60.0), ("b", 0.0)] == [(one.report.node, one.age) for one in written]


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"metadata": {"name": "mesh-agent-a"}},
        {"metadata": {"name": "mesh-agent-a"}, "data": {"report.json": "{"}},
        {"metadata": {"name": "mesh-agent-a"}, "data": {"report.json": '{"node": "a"}'}},
        {"metadata": {"name": "mesh-agent-a"}, "data": {"other": "{}"}},
        {"metadata": [], "data": 1},
    ],
)
def test_what_is_no_report_is_told_and_hides_none(found: dict[str, Any]) -> None:
    """One sentence for the damaged one; the report beside it is read."""
    written, damaged = collect([found, config_map(seen("b", NOON))], NOON)

    assert (["b"], 1) == ([one.report.node for one in written], len(damaged))


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ((), True),
        ((Written(seen("a", 100), 1),), True),
        ((Written(seen("a", 100, Answer.SILENT, 90), 1), Written(seen("b", 101), 1)), True),
        ((Written(seen("a", 100, Answer.SILENT, 98), 1), Written(seen("b", 97), 3)), False),
        ((Written(seen("a", 100, Answer.SILENT, 98), 1), Written(seen("b", 98.2), 3)), False),
        ((Written(seen("a", 100, Answer.SILENT, 98), 1), Written(seen("b", 9), 91)), True),
    ],
    ids=["none", "well", "all-newer", "one-older", "within-the-clocks", "one-gone"],
)
def test_reports_are_settled_when_all_that_live_have_looked_since(
    reports: tuple[Written, ...],
    expected: bool,  # noqa: FBT001 - one of the cases above
) -> None:
    """An answer from before a failure says nothing about it; nobody waits for a silent agent."""
    assert expected is settled(reports, SILENT_AFTER_SECONDS)
    assert expected is settled(tuple(replace(one) for one in reversed(reports)), 45)
