"""The bench's arithmetic."""

from collections import Counter

import pytest

from meshdoctor.lab.bench.figures import PROMISES, Round, Spread, ratio, summarize, twins
from meshdoctor.lab.bench.push import Measurement, percentile
from meshdoctor.lab.bench.rivals import RIVALS, TWINS


def a_round(cpu_us: dict[str, float]) -> Round:
    """Return a round in which each entry cost what is given, by rival or by entry."""
    return {
        f"{rival.name}-{twin}": Measurement(
            1000, 100.0, 5.0, 9.0, cpu_us.get(f"{rival.name}-{twin}", cpu_us.get(rival.name, 100.0))
        )
        for rival in RIVALS
        for twin in TWINS
    }


def test_a_ratio_is_taken_within_each_round() -> None:
    """A round in which the machine was twice as slow for everybody changes no ratio."""
    rounds = [
        a_round({"bare": 90.0, "shipped": 100.0}),
        a_round({"bare": 180.0, "shipped": 200.0}),
    ]

    assert Spread(0.9, 0.9, 0.9) == ratio(rounds, "shipped", "bare")


def test_twins_tell_the_noise() -> None:
    """Twins do the same work: their ratio is what a figure has to be held against."""
    rounds = [a_round({"bare-a": 100.0, "bare-b": 110.0}), a_round({"bare-a": 100.0})]

    assert Spread(1.05, 1.0, 1.1) == twins(rounds, "bare")


@pytest.mark.parametrize(("shipped", "met"), [(111.0, True), (112.0, False)])
def test_a_promise_is_met_or_not(shipped: float, met: bool) -> None:  # noqa: FBT001 - a parameter
    """90 % of bare is kept at 111 us against 100 us, and not at 112 us."""
    rounds = [a_round({"bare": 100.0, "shipped": shipped, "common": 300.0})]

    result = summarize(rounds, {rival.name: rival.sampled for rival in RIVALS})

    assert met is result["promises"][0]["met"]


def test_every_promise_compares_two_rivals() -> None:
    """A promise about a rival that is not measured would always be kept."""
    names = {rival.name for rival in RIVALS}

    assert set() == {name for one in PROMISES for name in (one.ours, one.theirs)} - names


def test_percentiles_count_requests_not_buckets() -> None:
    """99 of 100 requests took 1 ms: the 99th percentile is 1 ms, the 100th is not."""
    times = Counter({1.0: 99, 500.0: 1})

    assert [1.0, 1.0, 500.0] == [percentile(times, share) for share in (0.5, 0.99, 1.0)]
