"""Which moments a page shows, and Grafana's variables in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.boards.ranges import parse
from meshdoctor.lab.boards.window import MOMENTS, Window, expand, window

NOW = 1_700_000_000.0


@given(
    st.floats(min_value=0, max_value=4e9),
    st.floats(min_value=1, max_value=1e6),
)
def test_moments_are_few_whole_and_within(start: float, length: float) -> None:
    """Any stretch becomes at most 61 moments on whole steps of the clock, none after its end."""
    seen = window(start, start + length)

    assert 1 <= len(seen.moments) <= MOMENTS + 1
    assert seen.end <= start + length
    assert start + length - seen.end < seen.step
    assert all(0 == moment % seen.step for moment in seen.moments)


@pytest.mark.parametrize(
    ("step", "length", "interval"), [(1, 60, "15s"), (5, 300, "15s"), (60, 3600, "61s")]
)
def test_the_rate_interval_is_grafanas(step: float, length: float, interval: str) -> None:
    """It is a step and a scrape, and at least 15 s; the range is what is shown."""
    seen = Window(0.0, length, step)

    expanded = expand("rate(x[$__rate_interval]) + increase(x[$__range])", seen)

    assert f"rate(x[{interval}]) + increase(x[{length:.0f}s])" == expanded


def test_every_namespace_is_shown() -> None:
    """There is one mesh here: the variable of the namespace matches all, with braces or without."""
    seen = Window(0.0, 60.0, 1.0)

    assert 'up{a=~".*",b=~".*"}' == expand('up{a=~"$namespace",b=~"${namespace}"}', seen)


@pytest.mark.parametrize("text", ['up{a=~"$pod"}', "rate(x[$__interval])", "${other}"])
def test_an_unknown_variable_is_told(text: str) -> None:
    """A question that cannot be asked names what is unknown instead of asking something else."""
    with pytest.raises(ValueError, match="which this view does not know"):
        expand(text, Window(0.0, 60.0, 1.0))


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({}, NOW - 300, NOW),
        ({"from": "now-1h", "to": "now"}, NOW - 3600, NOW),
        ({"from": "-15m"}, NOW - 900, NOW),
        ({"from": "1699999000000", "to": "1699999600000"}, 1699999000, 1699999600),
        ({"from": "now-2h", "to": "now-1h"}, NOW - 7200, NOW - 3600),
    ],
)
def test_times_are_grafanas(query: dict[str, str], start: float, end: float) -> None:
    """Relative times and Unix milliseconds are understood as in Grafana's addresses."""
    span = parse(query, NOW)

    assert (start, end, end == NOW) == (span.start, span.end, span.live)


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "now-1s"},
        {"from": "now-25h"},
        {"from": "now", "to": "now-1h"},
        {"from": "now-9999999999h"},
        {"from": "0"},
        {"to": "<script>"},
        {"from": "now-5m", "to": "99999999999999"},
    ],
)
def test_other_times_are_refused(query: dict[str, str]) -> None:
    """What is no time, or too long or too short a while, is an error with a sentence."""
    with pytest.raises(ValueError, match="`from`"):
        parse(query, NOW)


def test_the_choice_that_is_shown_is_known() -> None:
    """A page can mark the link that leads to itself; a fixed stretch is none of them."""
    assert ["5m", "1h", ""] == [
        parse(query, NOW).chosen
        for query in ({}, {"from": "now-1h"}, {"from": "1699999000000", "to": "1699999600000"})
    ]
