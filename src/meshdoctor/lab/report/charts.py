"""Curves over the time of a run, readable moment by moment without a script.

Every moment has an invisible column; pointing at it shows its figures through CSS alone
(`.moment:hover` in style.css).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from meshdoctor.lab.report import svg
from meshdoctor.lab.report.numbers import finite, plain
from meshdoctor.lab.report.scale import LIMIT, Scale, spread, ticks

_TOP, _BOTTOM, _LEFT = 26.0, 24.0, 44.0
_LETTER = 6.6  # a generous width of one letter of a label, which is set in 11 px
_LETTERS = 8  # room every chart keeps for names, so that the time axes of most line up
_LABEL_GAP = 14.0
_LONG_RUN = 300.0
_PLACE_PER_STEP_X, _PLACE_PER_STEP_Y = 90.0, 38.0


@dataclass(frozen=True, slots=True)
class Line:
    """One curve; None (or a number that is not finite) at a moment leaves a gap there."""

    name: str
    values: tuple[float | None, ...]
    css: str
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves that share both axes.

    Attributes:
        says: what the chart shows, in words.
        times: the moments, in seconds since the load began; ascending.
        lines: the curves, each with one value a moment.
        unit: the title of the vertical axis.
        show: turns a value into words for the read-out.
    """

    says: str
    times: tuple[float, ...]
    lines: tuple[Line, ...]
    unit: str
    show: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where things are: the scales of both axes with their ticks."""

    x: Scale
    y: Scale
    x_ticks: tuple[float, ...]
    y_ticks: tuple[float, ...]


def draw(curves: Curves, width: float, height: float) -> str:
    """Draw curves over time.

    Args:
        curves: what to draw; with no moment the axes stand empty.
        width: of the image in CSS pixels.
        height: likewise.

    Returns:
        An SVG image.
    """
    plot = _plot(curves, width, height)
    parts = [
        *_grid(plot, curves.unit),
        *(_area(plot, curves, line) for line in curves.lines if line.filled),
        *(_stroke(plot, curves, line) for line in curves.lines),
        *_names(plot, curves),
        *_moments(plot, curves),
    ]
    return svg.document(width, height, curves.says, parts)


def _plot(curves: Curves, width: float, height: float) -> _Plot:
    letters = max(_LETTERS, *(len(line.name) for line in curves.lines), 0)
    right = width - 16 - _LETTER * letters
    bottom = height - _BOTTOM
    values = [value for line in curves.lines for value in line.values]
    top = max((number for value in values if (number := _number(value)) is not None), default=0.0)
    last = min(_end(curves.times), LIMIT)
    y_ticks = ticks(top, round((bottom - _TOP) / _PLACE_PER_STEP_Y))
    unit = 60.0 if last > _LONG_RUN else 1.0
    steps = ticks(last / unit, round((right - _LEFT) / _PLACE_PER_STEP_X))
    x_ticks = tuple(step * unit for step in steps if step * unit <= last)
    return _Plot(
        Scale(0.0, last, _LEFT, right), Scale(0.0, y_ticks[-1], bottom, _TOP), x_ticks, y_ticks
    )


def _end(times: tuple[float, ...]) -> float:
    """Where the axis ends: one step after the last moment, which lasts as long as the others."""
    last = times[-1] if times else 0.0
    step = (last - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
    return max(finite(last + step) or 0.0, 1.0)


def _number(value: float | None) -> float | None:
    return None if value is None else finite(value)


def _grid(plot: _Plot, unit: str) -> Iterator[svg.Element]:
    yield svg.element("text", text=unit, css="unit", x=0, y=12)
    for tick in plot.y_ticks:
        y = plot.y(tick)
        yield svg.element("line", css="grid", x1=_LEFT, x2=plot.x.end, y1=y, y2=y)
        yield svg.element("text", text=plain(tick), css="tick end", x=_LEFT - 8, y=y + 4)
    in_minutes = plot.x.high > _LONG_RUN
    for tick in plot.x_ticks:
        words = f"{plain(tick / 60)} min" if in_minutes else f"{plain(tick)} s"
        x, y = plot.x(tick), plot.y.start + 18
        yield svg.element("text", text=words, css="tick middle", x=x, y=y)


def _places(plot: _Plot, curves: Curves, line: Line) -> list[tuple[float, float] | None]:
    pairs = zip(curves.times, line.values, strict=True)
    return [
        None if (number := _number(value)) is None else (plot.x(time), plot.y(number))
        for time, value in pairs
    ]


def _stroke(plot: _Plot, curves: Curves, line: Line) -> svg.Element:
    return svg.element("path", css=f"line {line.css}", d=svg.path(_places(plot, curves, line)))


def _area(plot: _Plot, curves: Curves, line: Line) -> svg.Element:
    places = [place for place in _places(plot, curves, line) if place]
    floor = plot.y.start
    closed = [(places[0][0], floor), *places, (places[-1][0], floor)] if places else []
    return svg.element("path", css=f"area {line.css}", d=svg.path(closed))


def _names(plot: _Plot, curves: Curves) -> Iterator[svg.Element]:
    """Write each curve's name where it ends, moved apart where curves end together."""
    ends = {
        line: next(place for place in reversed(places) if place)
        for line in curves.lines
        if any(places := _places(plot, curves, line))
    }
    moved = spread([y for _, y in ends.values()], _LABEL_GAP, plot.y.end, plot.y.start)
    for (line, (x, y)), label in zip(ends.items(), moved, strict=True):
        yield svg.element("circle", css=f"dot {line.css}", cx=x, cy=y, r=3)
        yield svg.element("text", text=line.name, css="name", x=plot.x.end + 9, y=label + 4)


def _moments(plot: _Plot, curves: Curves) -> Iterator[svg.Element]:
    column = max((plot.x.end - plot.x.start) / max(len(curves.times), 1), 1.0)
    top, floor = plot.y.end, plot.y.start
    for index, time in enumerate(curves.times):
        x = plot.x(time)
        left = round(x - column / 2, 2)
        yield svg.element(
            "g",
            svg.element("rect", css="column", x=left, y=top, width=column, height=floor - top),
            svg.element("line", css="cursor", x1=x, x2=x, y1=top, y2=floor),
            svg.element("text", text=_reading(curves, index), css="reading", x=0, y=12),
            css="moment",
        )


def _reading(curves: Curves, index: int) -> str:
    figures = [
        f"{line.name} {curves.show(number)}"
        for line in curves.lines
        if (number := _number(line.values[index])) is not None
    ]
    return " · ".join([f"at {plain(curves.times[index])} s", *(figures or ["no request"])])
