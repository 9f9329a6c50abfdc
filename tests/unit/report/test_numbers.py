"""Numbers and words as the report shows them."""

import math
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meshdoctor.lab.report import numbers, svg

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (1.0, "100 %"),
        (0.99996, "99.99 %"),
        (0.9999999, "99.99 %"),
        (0.999, "99.9 %"),
        (0.004, "0.4 %"),
        (0.5, "50 %"),
        (6.8, "680 %"),
        (math.nan, "–"),  # noqa: RUF001 - the dash that stands for no figure
    ],
)
def test_percent_never_rounds_up_to_all(ratio: float, shown: str) -> None:
    """A ratio below one never reads as 100 %."""
    assert shown == numbers.percent(ratio)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0 ms"),
        (0.0396, "39.6 µs"),
        (0.417, "0.417 ms"),
        (41.26, "41.3 ms"),
        (999.6, "1,000 ms"),
        (1250.0, "1.25 s"),
        (1e300, "> 1e15 s"),
        (math.inf, "–"),  # noqa: RUF001 - as above
    ],
)
def test_durations_carry_their_unit(value: float, shown: str) -> None:
    """Milliseconds become seconds from one second on; what is no number is a dash."""
    assert shown == numbers.milliseconds(value)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.99, "ratio", "99 %"),
        (250.0, "ms", "250 ms"),
        (120.5, "1/s", "120 1/s"),
        (None, "ms", "–"),  # noqa: RUF001 - as above
    ],
)
def test_a_measure_is_told_in_its_unit(value: float | None, unit: str, shown: str) -> None:
    """An objective's figures are told in the objective's own unit."""
    assert shown == numbers.measure(value, unit)


def test_a_moment_no_calendar_has_is_a_dash() -> None:
    """A start time beyond the calendar does not stop the report."""
    assert "1970-01-01 00:00:00 UTC" == numbers.moment(0)
    assert {numbers.NOTHING} == {numbers.moment(odd) for odd in (1e300, math.nan, math.inf)}


@given(ANY_FLOAT | st.integers())
@example(10**400)
def test_no_number_is_too_odd(value: float) -> None:
    """Every formatter gives a short text for any float or integer whatever."""
    for show in (numbers.count, numbers.plain, numbers.milliseconds, numbers.percent):
        assert 0 < len(show(value)) < 40


@given(st.text())
def test_clean_text_is_xml(text: str) -> None:
    """Any text, put into a drawing, leaves well-formed XML that can be written as UTF-8."""
    drawn = svg.document(1, 1, text, [svg.element("text", text=text, d=text)])

    assert "svg" in ET.fromstring(drawn.encode()).tag  # noqa: S314 - our own drawing


def test_clean_disarms_disguises() -> None:
    """Control characters, lone surrogates and marks that turn text round are replaced."""
    assert "a\ufffdb\ufffdc\ufffdd" == numbers.clean("a\x00b\ud800c\u202ed")


def test_clean_cuts_long_text() -> None:
    """A text longer than the limit ends in an ellipsis at the limit."""
    assert "abcd…" == numbers.clean("abcdefgh", 5)
