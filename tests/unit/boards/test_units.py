"""Values in Grafana's units."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.boards.draw.units import measure, shown


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.0125, "s", "12.5 ms"),
        (0.0000396, "s", "39.6 µs"),
        (1.5, "s", "1.5 s"),
        (90, "s", "1.5 min"),
        (0, "s", "0 s"),
        (250, "ms", "250 ms"),
        (1500, "ms", "1.5 s"),
        (0.99996, "percentunit", "99.99 %"),
        (12.5, "percent", "12.5 %"),
        (0, "bytes", "0 B"),
        (71_303_168, "bytes", "68 MiB"),
        (1_500_000, "decbytes", "1.5 MB"),
        (39.6, "reqps", "39.6 req/s"),
        (1234, "reqps", "1.23 K req/s"),
        (0.2, "reqps", "0.2 req/s"),
        (1234, "short", "1.23 K"),
        (-5, "short", "-5"),
        (7, "none", "7"),
        (7, "suffix: calls", "7 calls"),
        (7, "some-unit-of-tomorrow", "7"),
        (math.nan, "s", "–"),  # noqa: RUF001 - the dash that stands for no figure
        (math.inf, "percentunit", "–"),  # noqa: RUF001 - as above
    ],
)
def test_a_value_is_told_as_grafana_tells_it(value: float, unit: str, words: str) -> None:
    """Value and unit read as in Grafana, and a share never rounds up to all."""
    assert words == shown(value, unit)


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["s", "ms", "bytes", "percentunit", "reqps", "short", "none", "suffix:x"]),
)
def test_no_value_is_too_odd(value: float, unit: str) -> None:
    """Every unit has short words for any float whatever."""
    assert 0 < len(shown(value, unit)) < 40


@pytest.mark.parametrize(
    ("largest", "unit", "name"),
    [
        (0.05, "s", "ms"),
        (3, "s", "s"),
        (0, "s", "s"),
        (2e6, "bytes", "MiB"),
        (0.004, "percentunit", "%"),
    ],
)
def test_an_axis_has_one_unit(largest: float, unit: str, name: str) -> None:
    """All marks of an axis are told in the step that suits its largest value."""
    assert name == measure(unit, largest).name
