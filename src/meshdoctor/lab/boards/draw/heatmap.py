"""A histogram over time: the darker a cell, the more events fell between its two bounds then."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from meshdoctor.lab.boards.asking import Answer, Series
from meshdoctor.lab.boards.draw import plot
from meshdoctor.lab.boards.draw.drawn import Drawn
from meshdoctor.lab.boards.draw.plot import Link, Times
from meshdoctor.lab.boards.draw.units import shown
from meshdoctor.lab.boards.model import Panel
from meshdoctor.lab.report import svg
from meshdoctor.lab.report.numbers import plain

SHADES: Final = 6
_MOST_READ: Final = 6


@dataclass(frozen=True, slots=True)
class Cells:
    """Events a second between neighbouring bounds.

    Attributes:
        bounds: upper bounds, ascending; the last may be infinite.
        below: the lower bound of the first.
        rows: for each bound, one value for each moment.
    """

    bounds: tuple[float, ...]
    below: float
    rows: tuple[tuple[float, ...], ...]

    def low(self, index: int) -> float:
        """The lower bound of a row."""
        return self.bounds[index - 1] if index else self.below


def cells(series: Sequence[Series]) -> Cells:
    """Turn the cumulated buckets of a Prometheus histogram into separate ones.

    Args:
        series: one for each value of the label `le`.

    Returns:
        The rows from the first to the last in which anything fell; empty when nothing did, or
        when no series has the label.
    """
    by_bound = _by_bound(series)
    below: Sequence[float] = ()
    rows: dict[float, tuple[float, ...]] = {}
    for bound, values in sorted(by_bound.items()):
        # A scrape between two increments may make a lower bucket seem larger than its upper one.
        rows[bound] = tuple(
            max(value - under, 0.0)
            for value, under in zip(values, below or [0.0] * len(values), strict=True)
        )
        below = values
    used = [index for index, values in enumerate(rows.values()) if max(values, default=0.0) > 0]
    if not used:
        return Cells((), 0.0, ())
    bounds, first, last = tuple(rows), min(used), max(used) + 1
    under = bounds[first - 1] if first else 0.0
    return Cells(bounds[first:last], under, tuple(rows.values())[first:last])


def _by_bound(series: Sequence[Series]) -> Mapping[float, list[float]]:
    sums: dict[float, list[float]] = {}
    for each in series:
        if bound := each.labels.get("le"):
            values = [value or 0.0 for value in each.values]
            known = sums.setdefault(float(bound), [0.0] * len(values))
            sums[float(bound)] = [a + b for a, b in zip(known, values, strict=True)]
    return sums


def draw(panel: Panel, answer: Answer, times: Times, height: float, link: Link) -> Drawn:
    """Draw a heatmap; arguments as of `lines.draw`.

    Returns:
        The picture with the scale of its shades; an empty one when no event was seen.
    """
    seen = cells(answer.series)
    if not seen.bounds:
        return Drawn(empty="No events", why="Nothing was counted in this time.")
    most = max(max(row) for row in seen.rows)
    row = height / len(seen.bounds)
    parts = [
        *_labels(panel, seen, row, height),
        plot.canvas(height, _shaded(seen, most, times, row, height)),
        *plot.time_labels(times, height),
        *plot.moments(times, height, _readings(panel, seen)),
        *(
            plot.exemplar(dot, height - rows_up(dot.value, seen) * row, panel.unit, times, link)
            for dot in plot.loudest(answer.dots, times.seen)
        ),
    ]
    says = (
        f"{panel.title}: how events are spread from {shown(seen.below, panel.unit)} to "
        f"{_bound(seen.bounds[-1], panel.unit)}."
    )
    picture = svg.sheet(plot.TOP + height + plot.BOTTOM, says, parts, "plot wide-labels")
    scale = f"the darkest cell is {plain(most)} events a second"
    dots = ("each diamond is a request that left a trace",) if answer.dots else ()
    return Drawn(picture=Markup(picture), notes=(scale, *dots))  # noqa: S704 - `svg` escapes


def shade(value: float, most: float) -> int:
    """Return 0 for nothing, else 1..`SHADES`; by the square root, so that rare events are seen."""
    if value <= 0 or most <= 0:
        return 0
    return min(max(math.ceil(math.sqrt(value / most) * SHADES), 1), SHADES)


def _shaded(
    seen: Cells, most: float, times: Times, row: float, height: float
) -> Iterator[svg.Element]:
    """Draw the cells of a shade as one path: a fraction of the bytes of as many rectangles."""
    paths: dict[int, list[str]] = {}
    width = plot.WIDTH / max(len(times.seen.moments) - 1, 1)
    for index, values in enumerate(seen.rows):
        top, bottom = round(height - (index + 1) * row, 1), round(height - index * row, 1)
        for column, value in enumerate(values):
            if depth := shade(value, most):
                # Neighbours share their edge to the digit, or light shines through between them.
                left, right = (round((column + side) * width, 1) for side in (-0.5, 0.5))
                paths.setdefault(depth, []).append(
                    f"M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}z"
                )
    for depth, cells_ in sorted(paths.items()):
        yield svg.element("path", css=f"heat heat{depth}", d="".join(cells_))


def _labels(panel: Panel, seen: Cells, row: float, height: float) -> Iterator[svg.Element]:
    """Write the bounds at the lines between rows, as many as there is room for."""
    every = max(math.ceil(15 / row), 1)
    bounds = (seen.below, *seen.bounds)
    for index, bound in enumerate(bounds):
        y = plot.TOP + height - index * row
        if index % every == 0:
            words = _bound(bound, panel.unit)
            yield svg.element("text", text=words, css="tick end", x=-8, y=y + 4)
            yield svg.element("line", css="grid", x2="100%", y1=y, y2=y)


def _bound(bound: float, unit: str) -> str:
    return "more" if math.isinf(bound) else shown(bound, unit)


def _readings(panel: Panel, seen: Cells) -> Iterator[plot.Reading]:
    for column in zip(*seen.rows, strict=True):
        told = [
            f"{shown(seen.low(index), panel.unit)} to {_bound(bound, panel.unit)}: {plain(value)}/s"
            for index, (bound, value) in enumerate(zip(seen.bounds, column, strict=True))
            if value > 0
        ]
        kept = told[-_MOST_READ:][::-1]
        yield plot.Reading(tuple(kept) or ("no events",))


def rows_up(value: float, seen: Cells) -> float:
    """Return how many rows up a value lies; within its row, in proportion."""
    for index, bound in enumerate(seen.bounds):
        low = seen.low(index)
        if value <= bound:
            share = 0.5 if math.isinf(bound) else (value - low) / ((bound - low) or 1.0)
            return index + min(max(share, 0.0), 1.0)
    return float(len(seen.bounds))
