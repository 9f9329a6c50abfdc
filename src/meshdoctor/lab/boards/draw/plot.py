"""The frame of a picture over time: as wide as its panel, its letters always of one size.

Curves are drawn in a canvas that is stretched to the panel's width (`preserveAspectRatio="none"`,
with strokes that keep theirs through `vector-effect` in the style sheet), everything else is
placed by percentages. So one drawing fits every screen.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.boards.asking import Dot
from meshdoctor.lab.boards.draw.units import shown
from meshdoctor.lab.boards.window import Window
from meshdoctor.lab.report import svg
from meshdoctor.lab.report.numbers import plain, time_of_day

WIDTH: Final = 1000.0
"""Of the stretched canvas, in its own unit."""

TOP: Final = 20.0
BOTTOM: Final = 24.0
"""Room above and below the canvas, in CSS pixels."""

Link = Callable[[str], str]
"""From a trace's id to its address; empty where it is not shown."""

_LABELS: Final = 5
_LONG_SECONDS: Final = 300.0
_MOST_DOTS: Final = 20  # more hide the curve
_EDGE: Final = 0.03  # of the width: nearer to an end words would stick out
_LETTER: Final = 6.4
_LINE: Final = 15.0
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Clock:
    """How moments are told: `origin` is where round numbers start, `tell` makes the words."""

    origin: float
    tell: Callable[[float], str]


def wall_clock() -> Clock:
    """Tell moments as times of day, in UTC as logs and traces do."""
    return Clock(0.0, time_of_day)


def stopwatch(start: float, end: float) -> Clock:
    """Tell moments as seconds since `start`, of a long run as minutes.

    As the report's other charts do.
    """
    if end - start > _LONG_SECONDS:
        return Clock(start, lambda at: f"{plain((at - start) / 60)} min")
    return Clock(start, lambda at: f"{at - start:.0f} s")


@dataclass(frozen=True, slots=True)
class Times:
    """The horizontal axis."""

    seen: Window
    clock: Clock

    def share(self, at: float) -> float:
        """Where a Unix second is, from 0 to 1; kept within."""
        length = self.seen.seconds or self.seen.step
        return min(max((at - self.seen.start) / length, 0.0), 1.0)

    def x(self, at: float) -> float:
        """Where it is on the canvas."""
        return round(self.share(at) * WIDTH, 1)

    def percent(self, at: float) -> str:
        """Where it is beside the canvas."""
        return percent(self.share(at))

    def ticks(self) -> list[float]:
        """Round moments, about `_LABELS` of them."""
        wanted = max(self.seen.seconds / _LABELS, 1.0)
        step = next((each for each in _STEPS if each >= wanted), _STEPS[-1])
        first = math.ceil((self.seen.start - self.clock.origin) / step - 1e-9)
        last = math.floor((self.seen.end - self.clock.origin) / step + 1e-9)
        return [self.clock.origin + index * step for index in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is told of a moment: a line for each thing, and how many more there are."""

    lines: tuple[str, ...]


def percent(share: float) -> str:
    """Write a share of the width for an attribute."""
    return f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def canvas(height: float, parts: Iterable[svg.Element]) -> svg.Element:
    """Return the stretched part of a picture; its places are 0..`WIDTH` by 0..`height`."""
    return svg.element(
        "svg",
        *parts,
        css="canvas",
        y=TOP,
        width="100%",
        height=height,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        preserveAspectRatio="none",
    )


def time_labels(times: Times, height: float) -> Iterator[svg.Element]:
    """Write the moments below a canvas of `height`."""
    for index, at in enumerate(times.ticks()):
        words, y = times.clock.tell(at), TOP + height + 16
        css = f"tick {_anchor(times.share(at))}{' second' if index % 2 else ''}"
        yield svg.element("text", text=words, css=css, x=times.percent(at), y=y)


def _anchor(share: float) -> str:
    if share < _EDGE:
        return "start"
    return "end" if share > 1 - _EDGE else "middle"


def moments(times: Times, height: float, readings: Iterable[Reading]) -> Iterator[svg.Element]:
    """Lay an invisible column over each moment that shows its reading when pointed at."""
    known = times.seen.moments
    width = 1.0 / max(len(known) - 1, 1)
    for index, (at, reading) in enumerate(zip(known, readings, strict=True)):
        column = svg.element("rect", css="column", width="100%", height="100%")
        cursor = svg.element("line", css="cursor", x1="50%", x2="50%", y2="100%")
        left = times.share(at) - width / 2
        yield svg.element(
            "svg",
            column,
            cursor,
            _tip(times.clock.tell(at), reading, before=index > len(known) / 2),
            css="moment",
            x=percent(left),
            y=TOP,
            width=percent(width),
            height=height,
        )


def loudest(dots: Iterable[Dot], seen: Window) -> tuple[Dot, ...]:
    """Keep the dot with the largest value of each short while: the trace one wants to see.

    Args:
        dots: in any order.
        seen: what is shown.

    Returns:
        About `_MOST_DOTS` of them, in order of time.
    """
    kept: dict[int, Dot] = {}
    length = (seen.seconds or seen.step) / _MOST_DOTS
    for dot in dots:
        moment = int((dot.at - seen.start) / length)
        if moment not in kept or dot.value > kept[moment].value:
            kept[moment] = dot
    return tuple(kept[moment] for moment in sorted(kept))


def exemplar(dot: Dot, y: float, unit: str, times: Times, link: Link) -> svg.Element:
    """Draw an exemplar; a diamond, so that its shape says what it is.

    Args:
        dot: the exemplar.
        y: where its value is on the canvas.
        unit: of its value.
        times: the horizontal axis.
        link: gives the address of its trace, or nothing where that is not shown.
    """
    words = f"{shown(dot.value, unit)}: trace {dot.trace_id}"
    mark = svg.element("path", svg.element("title", text=words), d="M0-6 5 0 0 6-5 0Z")
    place = svg.element("svg", mark, css="exemplar", x=times.percent(dot.at), y=round(TOP + y, 1))
    target = link(dot.trace_id)
    return svg.element("a", place, href=target) if target else place


def _tip(moment: str, reading: Reading, *, before: bool) -> svg.Element:
    """Write a reading into a box on the side of the cursor where there is room."""
    lines = (moment, *reading.lines)
    wide = max(map(len, lines)) * _LETTER + 14
    left = -wide - 6 if before else 12.0
    spans = [
        svg.element("tspan", text=line, x=left + 7, dy=_LINE if index else 0.0)
        for index, line in enumerate(lines)
    ]
    box = svg.element("rect", x=left, width=wide, height=_LINE * len(lines) + 8, rx=4)
    return svg.element("g", box, svg.element("text", *spans, y=15), css="tip")
