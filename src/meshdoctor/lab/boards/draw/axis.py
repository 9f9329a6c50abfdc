"""The vertical axis of a chart: where values lie, and which of them are marked, in which unit."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.boards.draw.units import Measure, measure
from meshdoctor.lab.boards.model import Panel
from meshdoctor.lab.report.scale import LIMIT, Scale, ticks

_PLACE_PER_MARK: Final = 36.0
_NEAR: Final = 2.5  # what lies this many times above the curves still fits the picture


@dataclass(frozen=True, slots=True)
class Axis:
    """Places (0 is the top of the canvas), marks in ascending order, and the marks' unit."""

    y: Scale
    marks: tuple[float, ...]
    unit: Measure


def make_axis(
    panel: Panel, values: Iterable[float], beside: Iterable[float], height: float
) -> Axis:
    """Make an axis from round marks.

    Args:
        panel: its unit and, where they are fixed, its ends.
        values: everything that is drawn as a curve.
        beside: what may widen the axis if it is near enough: thresholds, exemplars.
        height: of the canvas in CSS pixels.
    """
    known = [_bounded(value) for value in values]
    top = panel.most if panel.most is not None else max(known, default=0.0)
    near = [value for value in beside if value <= top * _NEAR]
    high = _bounded(top if panel.most is not None else max(top, *near, 0.0))
    low = _bounded(min(0.0, *known, panel.least or 0.0))
    unit = measure(panel.unit, max(high, -low))
    wanted = max(round(height / _PLACE_PER_MARK), 2)
    step = ticks(max(high, -low) / unit.size, wanted)[1] * unit.size
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if panel.most is not None and high > 0:
        last = math.floor(high / step + 1e-9)
    marks = tuple(step * index for index in range(first, max(last, first + 1) + 1))
    end = high if panel.most is not None and high > 0 else marks[-1]
    return Axis(Scale(marks[0], end, height, 0.0), marks, unit)


def _bounded(value: float) -> float:
    return min(max(value, -LIMIT), LIMIT)
