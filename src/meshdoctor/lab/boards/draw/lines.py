"""Curves over time, plain or stacked, with thresholds, and dots that lead to traces."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from meshdoctor.lab.boards.asking import Answer, Dot, Series
from meshdoctor.lab.boards.draw import plot
from meshdoctor.lab.boards.draw.axis import Axis, make_axis
from meshdoctor.lab.boards.draw.colours import PALETTE
from meshdoctor.lab.boards.draw.drawn import Drawn, Name
from meshdoctor.lab.boards.draw.plot import Link, Times
from meshdoctor.lab.boards.draw.units import shown
from meshdoctor.lab.boards.model import Look, Panel
from meshdoctor.lab.report import svg
from meshdoctor.lab.report.numbers import plain
from meshdoctor.lab.report.scale import spread

MOST_SERIES: Final = 8
"""As many as there are colours; the rest is counted."""

_SHORT_NAME, _LONG_NAME = 7, 17  # letters that fit beside a chart: `.beside` in the style sheet
_STYLES: Final = ("solid", "dash", "dot")
_FEW_ZEROS: Final = 3
_LABEL_GAP: Final = 14.0


@dataclass(frozen=True, slots=True)
class Line:
    """A series with its look; `tops` is where it is drawn, on the shoulders of those below it."""

    series: Series
    look: Look
    tops: tuple[float | None, ...]


def draw(panel: Panel, answer: Answer, times: Times, height: float, link: Link) -> Drawn:
    """Draw a panel of curves.

    Args:
        panel: how.
        answer: with at least one series.
        times: the horizontal axis.
        height: of the canvas in CSS pixels.
        link: gives the address of a trace, or nothing where it is not shown.

    Returns:
        The picture with its names.
    """
    lines, left_out = dress(panel, answer.series)
    axis = _axis(panel, lines, answer.dots, height)
    # One that lies above the picture would lie about its value at the upper edge.
    dots = plot.loudest((dot for dot in answer.dots if dot.value <= axis.y.high), times.seen)
    longest = max(len(line.series.name) for line in lines)
    beside = 0 < longest <= _LONG_NAME
    parts = [
        *_frame(axis, times, height),
        plot.canvas(height, _curves(panel, lines, axis, times, height)),
        *_thresholds(panel, axis),
        *(_ends(lines, axis, times, height) if beside else ()),
        *plot.moments(times, height, _readings(panel, lines, times)),
        *(plot.exemplar(dot, axis.y(dot.value), panel.unit, times, link) for dot in dots),
    ]
    css = f"plot{' beside' if beside else ''}{' long' if longest > _SHORT_NAME else ''}"
    picture = svg.sheet(plot.TOP + height + plot.BOTTOM, _says(panel, lines), parts, css)
    return Drawn(
        picture=Markup(picture),  # noqa: S704 - `svg` escapes what it writes
        names=tuple(_name(line, panel.unit) for line in lines),
        beside=beside,
        notes=_notes(left_out, dots),
    )


def dress(panel: Panel, series: Sequence[Series]) -> tuple[tuple[Line, ...], int]:
    """Choose the series that are drawn, with their colours.

    Returns:
        The lines, in the order in which they came, and how many series are left out: those whose
        largest values are the smallest.
    """
    known = _without_zeros([each for each in series if each.known])
    loudest = sorted(known, key=lambda each: max(each.known), reverse=True)[:MOST_SERIES]
    kept = [each for each in known if any(each is one for one in loudest)]
    lines, floor = list[Line](), [0.0] * len(kept[0].values if kept else ())
    for index, each in enumerate(kept):
        tops = each.values
        if panel.stacked:
            floor = [below + (value or 0.0) for below, value in zip(floor, tops, strict=True)]
            tops = tuple(floor)
        lines.append(Line(each, _look(panel, kept, index), tops))
    return tuple(lines), len(known) - len(kept)


def _without_zeros(series: Sequence[Series]) -> list[Series]:
    """Draw as one what is 0 all the time, if that is much: a dozen equal lines hide the others."""
    zeros = [each for each in series if not any(each.known)]
    if len(zeros) <= _FEW_ZEROS:
        return list(series)
    others = [each for each in series if any(each.known)]
    name = f"{'the other' if others else 'all'} {len(zeros)}"
    return [*others, replace(zeros[0], name=name, ref="")]


def _look(panel: Panel, kept: Sequence[Series], index: int) -> Look:
    """Return the look that the dashboard gives a series, else the next free one."""
    series = kept[index]
    alone = [each.ref for each in kept].count(series.ref) == 1
    own = panel.looks.get(series.name) or (panel.target_looks.get(series.ref) if alone else None)
    return own or Look(PALETTE[index % len(PALETTE)], _STYLES[index % len(_STYLES)])


def _axis(panel: Panel, lines: Iterable[Line], dots: Iterable[Dot], height: float) -> Axis:
    values = (value for line in lines for value in line.tops if value is not None)
    bounds = [
        step.above for step in panel.thresholds if panel.drawn_thresholds and step.above is not None
    ]
    return make_axis(panel, values, [*bounds, *(dot.value for dot in dots)], height)


def _frame(axis: Axis, times: Times, height: float) -> Iterator[svg.Element]:
    if axis.unit.name:
        yield svg.element("text", text=axis.unit.name, css="tick end", x=-8, y=plot.TOP - 10)
    for mark in axis.marks:
        y = plot.TOP + axis.y(mark)
        words = plain(round(mark / axis.unit.size, 9))
        yield svg.element("line", css="grid", x2="100%", y1=y, y2=y)
        yield svg.element("text", text=words, css="tick end", x=-8, y=y + 4)
    yield from plot.time_labels(times, height)


def _curves(
    panel: Panel, lines: Sequence[Line], axis: Axis, times: Times, height: float
) -> Iterator[svg.Element]:
    """Draw areas first, so that no line lies under one."""
    if panel.stacked:
        yield from reversed([_band(line, below, axis, times) for below, line in _stack(lines)])
    elif len(lines) == 1:
        yield _area(lines[0], axis, times, height)
    for line in lines:
        css = f"line {line.look.colour} {line.look.style}"
        # On a stack what is nothing would only trace the series below it.
        values = [
            None if panel.stacked and not own else top
            for own, top in zip(line.series.values, line.tops, strict=True)
        ]
        yield svg.element("path", css=css, d=svg.path(_places(values, axis, times)))


def _stack(lines: Sequence[Line]) -> Iterator[tuple[tuple[float | None, ...], Line]]:
    if lines:
        yield (0.0,) * len(lines[0].tops), lines[0]
    for below, line in pairwise(lines):
        yield below.tops, line


def _places(
    values: Sequence[float | None], axis: Axis, times: Times
) -> list[tuple[float, float] | None]:
    pairs = zip(times.seen.moments, values, strict=True)
    return [None if value is None else (times.x(at), axis.y(value)) for at, value in pairs]


def _band(line: Line, below: Sequence[float | None], axis: Axis, times: Times) -> svg.Element:
    upper = [place for place in _places(line.tops, axis, times) if place]
    lower = [place for place in _places(below, axis, times) if place]
    d = svg.path([*upper, *reversed(lower)])
    return svg.element("path", css=f"band {line.look.colour}", d=d)


def _area(line: Line, axis: Axis, times: Times, height: float) -> svg.Element:
    places = [place for place in _places(line.tops, axis, times) if place]
    floor = axis.y(0.0) if axis.y.low < 0 else height
    closed = [(places[0][0], floor), *places, (places[-1][0], floor)] if places else []
    return svg.element("path", css=f"area {line.look.colour}", d=svg.path(closed))


def _thresholds(panel: Panel, axis: Axis) -> Iterator[svg.Element]:
    """Draw each bound, or say that it lies above the picture."""
    bounds = [step for step in panel.thresholds if step.above is not None]
    for step in bounds if panel.drawn_thresholds else ():
        bound = step.above or 0.0
        above = bound > axis.y.high
        words, y = shown(bound, panel.unit), plot.TOP + axis.y(bound)
        if above:
            words, y = f"{words} ↑", plot.TOP - 4
        else:
            yield svg.element("line", css=f"bound {step.colour}", x2="100%", y1=y, y2=y)
        yield svg.element("text", text=words, css="tick", x=4, y=y - 5)


def _ends(lines: Sequence[Line], axis: Axis, times: Times, height: float) -> Iterator[svg.Element]:
    """Mark where each line ends, and write the names beside, apart where lines end together."""
    ends = [_end(line.tops, times) for line in lines]
    places = spread([axis.y(value) for _, value in ends], _LABEL_GAP, 0.0, height)
    for line, (at, value), place in zip(lines, ends, places, strict=True):
        css, y = f"end-dot {line.look.colour}", plot.TOP + axis.y(value)
        yield svg.element("circle", css=css, cx=times.percent(at), cy=y, r=3)
        words = svg.element("tspan", text=line.series.name, dx=9)
        yield svg.element("text", words, css="name at-end", x="100%", y=plot.TOP + place + 4)


def _end(values: Sequence[float | None], times: Times) -> tuple[float, float]:
    """Return the last moment with a value, and the value; every line that is drawn has one."""
    pairs = zip(times.seen.moments, values, strict=True)
    return [(at, value) for at, value in pairs if value is not None][-1]


def _readings(panel: Panel, lines: Sequence[Line], times: Times) -> Iterator[plot.Reading]:
    for index in range(len(times.seen.moments)):
        told = [
            (value, f"{line.series.name or panel.title}: {shown(value, panel.unit)}")
            for line in lines
            if (value := line.series.values[index]) is not None
        ]
        told.sort(key=lambda pair: -pair[0])
        yield plot.Reading(tuple(words for _, words in told) or ("no data",))


def _name(line: Line, unit: str) -> Name:
    value = shown(line.series.known[-1], unit)
    return Name(line.look.colour, line.look.style, line.series.name, value)


def _notes(left_out: int, dots: Sequence[Dot]) -> tuple[str, ...]:
    more = f"and {left_out} more series, all smaller" if left_out else ""
    told = "each diamond is a request that left a trace" if dots else ""
    return tuple(filter(None, (more, told)))


def _says(panel: Panel, lines: Sequence[Line]) -> str:
    values = [value for line in lines for value in line.series.known]
    if not values:
        return f"{panel.title}: no data."
    low, high = shown(min(values), panel.unit), shown(max(values), panel.unit)
    names = ", ".join(line.series.name for line in lines if line.series.name)
    return f"{panel.title}{f' ({names})' if names else ''}, from {low} to {high}."
