"""From numbers to places: a linear scale, and ticks a person would have chosen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Nothing a run measures lies beyond, and the arithmetic of ticks stays exact within it.
LIMIT = 1e15
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of [low, high] onto the places [start, end] (user units of an SVG)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of `value`, kept within the scale and rounded to 0.01."""
        inside = min(self.high, max(self.low, value))  # in this order NaN becomes `low`
        share = (inside - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return round(self.start + share * (self.end - self.start), 2)


def ticks(high: float, wanted: int) -> tuple[float, ...]:
    """Return round numbers (1, 2 or 5 times a power of ten) from 0 to at least `high`.

    Args:
        high: the largest value to show; the unit is the caller's. Not above 0: taken as 1.
        wanted: about how many steps; there are never more than twice as many.

    Returns:
        Ascending ticks that begin with 0.0 and whose last is the end of the axis.
    """
    top = min(high, LIMIT) if high > 0 else 1.0
    raw = max(top, 1e-9) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in _STEPS if factor * power >= raw * (1 - 1e-9))
    steps = max(1, math.ceil(top / step - 1e-9))
    return tuple(float(f"{index * step:.12g}") for index in range(steps + 1))


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart until neighbours are `gap` apart, staying in [low, high] while it fits.

    Args:
        places: where each label would like to be; any order.
        gap: the least distance between two labels, in the unit of `places`.
        low: no label above (before) this.
        high: no label below (after) this, unless there are too many to fit.

    Returns:
        The new places in the order of `places`; of equal ones the later comes to stand above.
    """
    order = sorted(range(len(places)), key=lambda index: (places[index], -index))
    moved = list(places)
    ceiling = high
    for index in reversed(order):
        moved[index] = min(places[index], ceiling)
        ceiling = moved[index] - gap
    floor = low
    for index in order:
        moved[index] = max(moved[index], floor)
        floor = moved[index] + gap
    return moved
