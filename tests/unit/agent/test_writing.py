"""What is worth writing, and how long it may be."""

import string
from dataclasses import replace

import pytest

from meshdoctor.agent.writing import LONGEST, dump_within, sign
from meshdoctor.probes.mesh.evidence import (
    LOOKS,
    Answer,
    Ask,
    Caller,
    Certificate,
    Edge,
    Ground,
    Report,
    Role,
    Sighting,
)
from meshdoctor.probes.mesh.reading import load

SIGHTING = Sighting(
    Edge(Role.DNS, Ground.CLUSTER_IP, Ask.DNS_UDP, "kube-dns", "", "10.96.0.10:53", "a."),
    Answer.OK,
    0.001,
)
CALLER = Caller(
    "bookstore", "shop", "marketplace", 15, 100, {"dns-timeout": 4}, {"": 3}, {}, {"2": 9}
)
REPORT = Report("w1", 1.0, sightings=(SIGHTING,), callers=(CALLER,), gaps=("it is 30 s old",))


@pytest.mark.parametrize(
    "other",
    [
        replace(REPORT, at=2.0, round=2),
        replace(REPORT, sightings=(replace(SIGHTING, seconds=1, since=5, answers=(Answer.OK,)),)),
        replace(REPORT, callers=(replace(CALLER, calls=3, causes={"dns-timeout": 7}, visits={}),)),
        replace(REPORT, gaps=("it is 35 s old",)),
    ],
)
def test_times_and_numbers_are_no_news(other: Report) -> None:
    """They change in every round."""
    assert sign(REPORT) == sign(other)


@pytest.mark.parametrize(
    "other",
    [
        replace(REPORT, sightings=(replace(SIGHTING, answer=Answer.SILENT),)),
        replace(REPORT, sightings=()),
        replace(REPORT, callers=(replace(CALLER, causes={}),)),
        replace(REPORT, callers=(replace(CALLER, causes={"dns-timeout": 3}),)),
        replace(REPORT, callers=(replace(CALLER, causes={"dns-timeout": 8}),)),
        replace(REPORT, callers=(replace(CALLER, lookups={"dns-timeout": 1}),)),
        replace(REPORT, callers=(replace(CALLER, words="its page is silent"),)),
        replace(REPORT, certificates=(Certificate("a", "b:1", 0, 1),)),
        replace(REPORT, gaps=()),
    ],
)
def test_another_answer_is_news(other: Report) -> None:
    """So is whatever a service did not tell of before."""
    assert sign(REPORT) != sign(other)


def long_report(sightings: int, words: int, callers: int = 3) -> Report:
    """Give a report with as much in it as it may have."""
    seen = replace(SIGHTING, words="ü" * words, answers=(Answer.NO_ADDRESS,) * LOOKS)
    return replace(
        REPORT,
        sightings=tuple(
            replace(seen, edge=replace(SIGHTING.edge, target=f"target-{number}"))
            for number in range(sightings)
        ),
        callers=tuple(replace(CALLER, pod=f"pod-{number}") for number in range(callers)),
    )


def test_a_report_of_a_hundred_edges_is_written_as_it_is() -> None:
    """An agent in a cluster of any size has a few dozen."""
    report = long_report(100, 80, 30)

    assert report == load(dump_within(report, LONGEST), "it")


def test_what_is_too_long_loses_what_it_can_do_without() -> None:
    """Words first, then what was before, then services: never an answer, as long as it fits."""
    report = long_report(200, 3000)
    steps = [load(dump_within(report, longest), "it") for longest in (192_000, 160_500, 160_000)]

    assert [{100}] * 3 == [{len(one.words) for one in step.sightings} for step in steps]
    assert [{LOOKS}, {0}, {0}] == [{len(one.answers) for one in step.sightings} for step in steps]
    assert [3, 3, 0] == [len(step.callers) for step in steps]
    assert [200] * 3 == [len(step.sightings) for step in steps]
    assert "what services tell" in steps[-1].gaps[-1]


@pytest.mark.parametrize("sightings", [0, 199, 1000])
@pytest.mark.parametrize("words", [0, 99, 3000])
@pytest.mark.parametrize("callers", [0, 1000])
def test_it_is_never_longer_than_the_api_takes(sightings: int, words: int, callers: int) -> None:
    """Whatever an agent saw."""
    text = dump_within(long_report(sightings, words, callers), LONGEST)

    assert len(text.encode()) <= LONGEST
    assert "w1" == load(text, "it").node


def test_the_longest_names_fit() -> None:
    """253 characters is as long as Kubernetes lets a name be."""
    name = string.ascii_lowercase[:23] * 11
    edge = replace(SIGHTING.edge, target=name, node=name, name=name)
    many = tuple(replace(SIGHTING, edge=replace(edge, address=f"{at}:1")) for at in range(300))

    assert len(dump_within(replace(REPORT, sightings=many), LONGEST)) <= LONGEST
