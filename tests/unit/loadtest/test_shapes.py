"""The shapes of load over time."""

import pytest

from _shapes import SHAPES


@pytest.mark.parametrize(
    ("name", "elapsed", "users"),
    [
        ("ramp", 0, 1),
        ("ramp", 40, 50),
        ("ramp", 80, 100),
        ("ramp", 99.9, 100),
        ("ramp", 100, None),
        ("spike", 0, 10),
        ("spike", 39.9, 10),
        ("spike", 40, 100),
        ("spike", 59.9, 100),
        ("spike", 60, 10),
        ("spike", 100, None),
        ("soak", 0, 1),
        ("soak", 2.5, 50),
        ("soak", 5, 100),
        ("soak", 99.9, 100),
        ("soak", 100, None),
    ],
)
def test_a_shape_is_a_function_of_time(name: str, elapsed: float, users: int | None) -> None:
    """With a peak of 100 users over 100 seconds, every shape has these users at these times."""
    assert users == SHAPES[name].users(elapsed, peak=100, seconds=100)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("peak", [1, 3, 1000])
def test_a_shape_keeps_between_one_user_and_the_peak(name: str, peak: int) -> None:
    """No shape sends more users than asked for, or none while the run lasts; each has its peak."""
    users = [SHAPES[name].users(second / 10, peak=peak, seconds=60) for second in range(600)]

    assert all(one is not None and 1 <= one <= peak for one in users)
    assert peak in users


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_explains_itself_and_ends_by_itself(name: str) -> None:
    """Each shape has a length of its own, and words for the help text."""
    shape = SHAPES[name]

    assert shape.users(shape.seconds, peak=10, seconds=shape.seconds) is None
    assert shape.meaning
