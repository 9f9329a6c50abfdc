"""Laws of the judge: whatever evidence is missing, late or odd, it names nothing that is not so."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshdoctor.doctor.judge import judge
from meshdoctor.doctor.model import State, Verdict
from meshdoctor.faults import FAULTS, Layer
from meshdoctor.probes.kubernetes.evidence import Gap, Kind, KubernetesEvidence
from meshdoctor.probes.mesh.evidence import (
    CLOCK_SECONDS,
    Answer,
    Ask,
    Caller,
    Certificate,
    Edge,
    Ground,
    MeshEvidence,
    Report,
    Role,
    Sighting,
    Written,
)
from tests.support import mesh_faults as worlds
from tests.support.mesh_evidence import HEALTHY, NODES, NOW, Moment, World, both, evidence, report
from tests.support.mesh_faults import WORLDS

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]

PAIR: Final = frozenset((frozenset(("worker-1", "worker-2")),))
PARTS: Final[tuple[Callable[[], World], ...]] = (
    lambda: worlds.nodes_blocked(PAIR),
    lambda: worlds.overlay_blocked(PAIR),
    lambda: worlds.large_packets(PAIR),
    lambda: worlds.one_way("worker-2", "control-plane"),
    lambda: worlds.clusterip_gone(("worker-1",)),
    lambda: worlds.dns(Answer.SILENT, "dns-timeout", "dns-timeout", ("worker-1",)),
    lambda: worlds.dns(Answer.REFUSED, "dns-refused", "dns-refused", ("control-plane",)),
    lambda: worlds.dns(Answer.SILENT, "dns-udp-lost", "dns-timeout", ("worker-1",), (Ask.DNS_UDP,)),
    lambda: worlds.app_down(("recommendations-2",)),
    lambda: worlds.app_ended(("recommendations-1",)),
    lambda: worlds.app_hung(("recommendations-3",)),
    lambda: HEALTHY,
)
"""Faults that are not everywhere."""

CHANGE: Final = NOW - 20.0
"""When the fault begins, or is healed."""

ALL: Final = (*WORLDS.values(), *PARTS)
FIELDS: Final = {
    Kind.NODES: "nodes",
    Kind.PODS: "pods",
    Kind.EVENTS: "events",
    Kind.SERVICES: "services",
    Kind.SLICES: "slices",
    Kind.DEPLOYMENTS: "deployments",
}


def named(verdict: Verdict) -> set[str]:
    """Give the faults that a verdict names."""
    return {one.code for one in verdict.findings}


@st.composite
def states(draw: Draw[Any]) -> World:
    """Give a world with one fault, or with two."""
    one, other = draw(st.sampled_from(ALL)), draw(st.none() | st.sampled_from(ALL))
    return one() if other is None else both(one(), other())


def parts(draw: Draw[Any], values: Sequence[T]) -> tuple[T, ...]:
    """Give any of some things."""
    kept = draw(st.integers(0, 2 ** len(values) - 1) | st.just(2 ** len(values) - 1))
    return tuple(one for place, one in enumerate(values) if kept >> place & 1)


def part_of(draw: Draw[Any], report: Report) -> Report:
    """Leave anything out of a report."""
    return replace(
        report,
        sightings=parts(draw, report.sightings),
        callers=parts(draw, report.callers),
        certificates=parts(draw, report.certificates),
    )


def cluster_part(draw: Draw[Any], cluster: KubernetesEvidence) -> KubernetesEvidence:
    """Leave kinds out of what an API said, which says so."""
    gaps = draw(st.sets(st.sampled_from(list(Kind))))
    empty: dict[str, Any] = {FIELDS[kind]: () for kind in gaps}
    return replace(cluster, **empty, gaps=tuple(Gap(kind, "403") for kind in sorted(gaps)))


@st.composite
def subsets(draw: Draw[Any]) -> tuple[World, MeshEvidence]:
    """Give a world, and any part of what is told of it."""
    world = draw(states())
    found = evidence(world)
    whole = draw(st.booleans())
    reports = tuple(
        one if whole else replace(one, report=part_of(draw, one.report))
        for one in parts(draw, found.reports)
    )
    cluster = None
    if found.cluster is not None and draw(st.booleans()):
        cluster = cluster_part(draw, found.cluster)
    return world, MeshEvidence(cluster, reports)


@given(subsets())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_part_of_the_evidence_names_what_is_not_so(
    given_part: tuple[World, MeshEvidence],
) -> None:
    """Whatever is missing, what is named is one of the faults that are there."""
    world, part = given_part
    verdict = judge(part)

    assert set() == named(verdict) - world.codes
    assert [] == [one for one in verdict.findings if not one.seen]
    if sum(not well(each) for one in part.reports for each in one.report.sightings) > 1:
        assert State.HEALTHY is not verdict.state


def well(sighting: Sighting) -> bool:
    """Tell whether something answers, or is a node's own port, which may be closed."""
    return sighting.answer is Answer.OK or sighting.edge.role is Role.NODE


@st.composite
def changes(draw: Draw[Any]) -> tuple[World, MeshEvidence]:
    """Give a fault that begins, or is healed, and reports from before and after in any order.

    Clocks differ by as much as they may. The API is asked last, and its objects may lag.
    """
    world, heals = draw(states()), draw(st.booleans())
    was, now = (world, HEALTHY) if heals else (HEALTHY, world)
    lasted = draw(st.floats(6.0, 120.0))
    reports = []
    for node in NODES:
        skew = draw(st.floats(0.0, CLOCK_SECONDS / 2))
        away = draw(st.floats(0.0, 14.9))
        if draw(st.booleans()):
            moment = Moment(CHANGE + away, CHANGE, was)
            found = report(node, now, moment)
        else:
            before = HEALTHY if heals else world
            moment = Moment(CHANGE - 0.1 - away, CHANGE - 15.0 - lasted, before if heals else was)
            found = report(node, was, moment)
        reports.append(Written(moved(found, skew), 1.0))
    cluster = draw(st.sampled_from([was.cluster, now.cluster]))
    return world, MeshEvidence(cluster, tuple(reports))


def moved(found: Report, seconds: float) -> Report:
    """Give the report of an agent whose clock is ahead."""
    return replace(
        found,
        at=found.at + seconds,
        sightings=tuple(replace(one, since=one.since + seconds) for one in found.sightings),
        callers=tuple(replace(one, since=one.since + seconds) for one in found.callers),
    )


@given(changes())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_reports_from_before_and_after_name_nothing_else(
    change: tuple[World, MeshEvidence],
) -> None:
    """While a fault comes or goes, it is named, or nothing is."""
    world, mixed = change

    assert set() == named(judge(mixed)) - world.codes


LOWER: Final = (
    "network-nodes-blocked",
    "network-overlay-blocked",
    "network-large-packets",
    "routing-clusterip-gone",
    "dns-refused",
    "dns-timeout",
    "dns-servfail",
    "dns-udp-lost",
    "tls-expired",
)
UPPER: Final = ("dns-servfail", "tls-expired", "app-down", "app-hung", "app-crash-loop")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *((one, other) for one in LOWER for other in UPPER if one.split("-")[0] not in other),
        ("network-large-packets", "network-policy-dns"),
        ("network-large-packets", "network-policy-app"),
        ("network-policy-dns", "network-policy-app"),
        ("network-policy-dns", "app-slow"),
        ("network-policy-app", "dns-timeout"),
        ("network-nodes-blocked", "app-erroring"),
        ("routing-clusterip-gone", "network-policy-app"),
        ("routing-wrong-target-port", "dns-slow"),
        ("image-platform-missing", "network-nodes-blocked"),
        ("image-tag-missing", "routing-clusterip-gone"),
        ("app-slow", "app-erroring"),
        ("dns-timeout", "app-overloaded"),
    ],
)
def test_two_faults_that_do_not_rest_on_each_other_are_both_named(one: str, other: str) -> None:
    """In the order of the vocabulary, whichever came first."""
    verdict = judge(evidence(both(WORLDS[one](), WORLDS[other]())))
    order = list(FAULTS)

    assert sorted((one, other), key=order.index) == [each.code for each in verdict.findings]


def test_of_any_two_faults_at_least_one_is_named_and_never_a_third() -> None:
    """Where one hides the other, the one that hides is named."""
    for one, other in combinations(WORLDS, 2):
        said = named(judge(evidence(both(WORLDS[one](), WORLDS[other]()))))

        assert said
        assert said <= {one, other}


def test_two_faults_of_one_layer_in_two_places_are_both_named() -> None:
    """One name server refuses, the other fails; one backend is down, the other hangs."""
    servers = both(
        worlds.dns(Answer.REFUSED, "dns-refused", nodes=("control-plane",)),
        worlds.dns(Answer.SERVFAIL, "dns-servfail", nodes=("worker-1",)),
    )
    backends = both(
        worlds.app_down(("recommendations-2",)), worlds.app_hung(("recommendations-3",))
    )
    cut = frozenset((frozenset(("control-plane", "worker-1")),))
    ways = both(worlds.one_way("worker-1", "worker-2"), worlds.overlay_blocked(cut))

    for world in (servers, backends, ways):
        assert world.codes == named(judge(evidence(world)))


NEEDED: Final = {
    "network-nodes-blocked": Role.NODE,
    "network-overlay-blocked": Role.NODE,
    "network-one-way": Role.NODE,
    "network-large-packets": Role.AGENT,
    "network-policy-dns": Role.DNS,
    "network-policy-app": Role.BACKEND,
    "dns-timeout": Role.DNS,
    "dns-servfail": Role.DNS,
    "dns-slow": Role.DNS,
    "dns-udp-lost": Role.DNS,
    "dns-nxdomain": Role.DNS,
    "dns-refused": Role.DNS,
    "app-hung": Role.BACKEND,
}
"""A kind of look without which a fault cannot be told."""


@pytest.mark.parametrize("code", NEEDED)
def test_without_the_looks_that_decide_a_fault_is_not_named(code: str) -> None:
    """And the mesh is not called healthy while something fails."""
    found = evidence(WORLDS[code]())
    blind = tuple(
        replace(
            one,
            report=replace(
                one.report,
                sightings=tuple(
                    each for each in one.report.sightings if each.edge.role is not NEEDED[code]
                ),
            ),
        )
        for one in found.reports
    )

    assert set() == named(judge(MeshEvidence(found.cluster, blind)))


@pytest.mark.parametrize("code", [code for code in FAULTS if FAULTS[code].layer is Layer.IMAGE])
def test_without_pods_nothing_is_said_of_images(code: str) -> None:
    """The agents see no image."""
    if code not in WORLDS:
        code = "image-platform-wrong"
    found = evidence(WORLDS[code]())

    assert set() == {
        one for one in named(judge(MeshEvidence(None, found.reports))) if one.startswith("image")
    }


ODD: Final = st.sampled_from(["", "a", "worker-1", "10.0.0.1:10256", "x:10250", "é", "..", ".a.b"])
NUMBER: Final = st.floats() | st.sampled_from([0.0, NOW, NOW - 5, NOW + 1e6, -1.0])
COUNTS: Final = st.none() | st.dictionaries(
    st.sampled_from(["", "dns-timeout", "app-error", "connect-timeout", "tls-handshake", "?"]),
    st.integers(-5, 2**53),
    max_size=3,
)
SIGHTINGS: Final = st.builds(
    Sighting,
    st.builds(
        Edge,
        st.sampled_from(Role),
        st.sampled_from(Ground),
        st.sampled_from(Ask),
        ODD,
        ODD,
        ODD,
        ODD,
    ),
    st.sampled_from(Answer),
    NUMBER,
    st.text(max_size=5),
    NUMBER,
    st.lists(st.sampled_from(Answer), max_size=5).map(tuple),
)
CALLERS: Final = st.builds(
    Caller,
    ODD,
    ODD,
    ODD,
    NUMBER,
    st.integers(-5, 99),
    COUNTS,
    COUNTS,
    COUNTS,
    COUNTS,
    ODD,
    NUMBER,
)
REPORTS: Final = st.builds(
    Report,
    ODD,
    NUMBER,
    sightings=st.lists(SIGHTINGS, max_size=12).map(tuple),
    callers=st.lists(CALLERS, max_size=3).map(tuple),
    certificates=st.lists(
        st.builds(Certificate, ODD, ODD, NUMBER, NUMBER, ODD, st.none() | st.booleans()), max_size=2
    ).map(tuple),
    gaps=st.lists(ODD, max_size=2).map(tuple),
)
INVENTED: Final = st.builds(
    MeshEvidence,
    st.none() | st.just(HEALTHY.cluster) | st.just(WORLDS["app-crash-loop"]().cluster),
    st.lists(st.builds(Written, REPORTS, NUMBER), max_size=4).map(tuple),
    st.lists(ODD, max_size=2).map(tuple),
)


@given(INVENTED)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_evidence_however_odd_breaks_the_judge(found: MeshEvidence) -> None:
    """Numbers that are none, nodes without a name and negative counts are judged like others."""
    verdict = judge(found)

    assert set() == named(verdict) - FAULTS.keys()
    assert verdict.sentence
