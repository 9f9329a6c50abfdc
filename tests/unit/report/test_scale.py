"""Scales and ticks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.report.scale import LIMIT, Scale, spread, ticks


@pytest.mark.parametrize(
    ("high", "wanted", "expected"),
    [
        (47.0, 5, (0.0, 10.0, 20.0, 30.0, 40.0, 50.0)),
        (60.0, 4, (0.0, 20.0, 40.0, 60.0)),
        (0.3, 3, (0.0, 0.1, 0.2, 0.3)),
        (0.0, 2, (0.0, 0.5, 1.0)),
        (1.0, 0, (0.0, 1.0)),
    ],
)
def test_ticks_are_round(high: float, wanted: int, expected: tuple[float, ...]) -> None:
    """Ticks step by 1, 2 or 5 times a power of ten, from 0 to the first at or above `high`."""
    assert expected == ticks(high, wanted)


@given(st.floats(max_value=LIMIT), st.integers(min_value=0, max_value=20))
def test_ticks_cover_and_stay_few(high: float, wanted: int) -> None:
    """For any `high` the ticks ascend from 0, cover it, and are at most twice those wanted."""
    found = ticks(high, wanted)

    assert 0.0 == found[0]
    assert list(found) == sorted(set(found))
    assert found[-1] >= high * (1 - 1e-6)
    assert len(found) - 1 <= 2 * max(wanted, 1)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_place_is_always_within_the_scale(value: float) -> None:
    """Whatever the value, NaN and infinities too, its place lies within the scale."""
    assert 10.0 <= Scale(0.0, 5.0, 10.0, 90.0)(value) <= 90.0


def test_a_scale_is_linear() -> None:
    """The middle of the values is the middle of the places; a scale of no width is its start."""
    assert 50.0 == Scale(0.0, 5.0, 10.0, 90.0)(2.5)
    assert 10.0 == Scale(3.0, 3.0, 10.0, 90.0)(3.0)
    assert 10.0 == Scale(0.0, 5.0, 10.0, 90.0)(math.nan)


def test_labels_are_moved_apart() -> None:
    """Labels that would overlap end a gap apart, in their order, within the bounds."""
    assert [90.0, 80.0, 70.0] == spread([90.0, 89.0, 88.0], 10.0, 0.0, 90.0)
    assert [5.0, 50.0] == spread([5.0, 50.0], 10.0, 0.0, 90.0)
    assert [20.0, 10.0, 0.0] == spread([1.0, 1.0, 1.0], 10.0, 0.0, 15.0)
