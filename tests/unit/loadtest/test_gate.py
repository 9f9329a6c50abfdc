"""The judgement of a run."""

import pytest

from _gate import Outcome, judge, sentence, silence
from _slo import OBJECTIVES, Objective

LIVELY = Objective("liveliness", 0.999, "lively", "guests", "danced")
GOOD = {"requests": 1000, "answers": 1000, "fast": 995, "correct": 1000, "pages": 900, "live": 895}


def breached(counts: dict[str, int]) -> list[str]:
    """Name the objectives that these counts miss."""
    return [one.objective.name for one in judge(counts, OBJECTIVES) if not one.met]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, []),
        ({"answers": 999, "correct": 999}, []),
        ({"answers": 998, "correct": 998}, ["availability"]),
        ({"fast": 990}, []),
        ({"fast": 989}, ["latency"]),
        ({"live": 891}, []),
        ({"live": 890}, ["freshness"]),
        ({"correct": 999}, ["correctness"]),
        ({"live": 0, "fast": 0}, ["latency", "freshness"]),
    ],
)
def test_each_objective_is_judged_by_its_own_counts(
    changes: dict[str, int], names: list[str]
) -> None:
    """At the target an objective is met, one request below it is not, and no other suffers."""
    assert names == breached(GOOD | changes)


def test_what_was_not_measured_is_not_met() -> None:
    """A run without requests breaches everything: silence is no proof."""
    assert [one.name for one in OBJECTIVES] == breached({})


@pytest.mark.parametrize(
    ("good", "total", "text"),
    [
        (10, 10, "liveliness: met: 100 % of 10 guests danced; target 99.9 %"),
        (9989999, 10**7, "liveliness: BREACH: 99.899 % of 10000000 guests danced; target 99.9 %"),
        (1, 3, "liveliness: BREACH: 33.333 % of 3 guests danced; target 99.9 %"),
        (0, 0, "liveliness: BREACH: there were no guests to measure; target 99.9 %"),
    ],
)
def test_an_outcome_reads_as_one_line(good: int, total: int, text: str) -> None:
    """The line has the name, the measure and the target, and never rounds a miss up to a hit."""
    assert text == sentence(Outcome(LIVELY, good, total))


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (
            {},
            "no requests were made: is http://shop reachable? Set another address with --host",
        ),
        (
            {"requests": 7},
            (
                "none of 7 requests to http://shop got an answer but errors: is it up? "
                "Set another address with --host"
            ),
        ),
        ({"requests": 7, "answers": 1}, None),
    ],
)
def test_a_dead_host_is_named_before_the_breaches(counts: dict[str, int], text: str | None) -> None:
    """Where nothing came back, one sentence says so and what to do."""
    assert text == silence(counts, "http://shop")
