"""Single values: large figures with their course below, and dials."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from markupsafe import Markup

from meshdoctor.lab.boards.asking import Answer, Series
from meshdoctor.lab.boards.draw.colours import sign
from meshdoctor.lab.boards.draw.drawn import Drawn, Figure
from meshdoctor.lab.boards.draw.units import shown
from meshdoctor.lab.boards.model import GAUGE, Panel, Threshold, Word
from meshdoctor.lab.report import svg
from meshdoctor.lab.report.scale import Scale

MOST_FIGURES: Final = 12
_SPARK_HEIGHT: Final = 30.0
_SPARK_WIDTH: Final = 240.0
_RADIUS: Final = 60.0
_RING: Final = 13.0

_CALCULATIONS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = MappingProxyType(
    {
        "lastNotNull": lambda values: values[-1],
        "last": lambda values: values[-1],
        "firstNotNull": lambda values: values[0],
        "mean": lambda values: sum(values) / len(values),
        "max": max,
        "min": min,
        "sum": sum,
        "range": lambda values: max(values) - min(values),
    }
)


def draw(panel: Panel, answer: Answer) -> Drawn:
    """Draw the figures of a stat or gauge panel.

    Args:
        panel: its thresholds colour the figures.
        answer: with at least one series; each is one figure.

    Returns:
        The figures, at most `MOST_FIGURES`.
    """
    figures = tuple(_figure(panel, series) for series in answer.series[:MOST_FIGURES])
    more = len(answer.series) - len(figures)
    return Drawn(figures=figures, notes=(f"and {more} more",) if more else ())


def value_of(panel: Panel, series: Series) -> float | None:
    """Reduce a series to one value as the panel asks; the newest where it asks what we do not."""
    calculate = _CALCULATIONS.get(panel.calculation, _CALCULATIONS["lastNotNull"])
    return calculate(series.known) if series.known else None


def colour_of(panel: Panel, value: float) -> str:
    """Return the colour of the highest threshold that a value has reached; empty without any."""
    colour = ""
    for step in panel.thresholds:
        if step.above is None or value >= step.above:
            colour = step.colour
    return colour


def _figure(panel: Panel, series: Series) -> Figure:
    value = value_of(panel, series)
    if value is None:
        blank = panel.blank or Word("no number")
        return Figure(blank.text, series.name, quiet=True)
    word = panel.words.get(value)
    judged = len(panel.thresholds) > 1 or word is not None
    colour = (word.colour if word else "") or colour_of(panel, value)
    return Figure(
        text=word.text if word else shown(value, panel.unit),
        name=series.name,
        colour=colour if judged else "",
        sign=sign(colour) if judged else "",
        spark=_spark(series.values) if panel.kind != GAUGE and len(series.known) > 1 else Markup(),
        dial=_dial(panel, value) if panel.kind == GAUGE else Markup(),
    )


def _spark(values: Sequence[float | None]) -> Markup:
    """Draw the course of a value, without axes: the figure above is what counts."""
    known = [value for value in values if value is not None]
    low, high = min(0.0, *known), max(0.0, *known)
    x = Scale(0.0, len(values) - 1.0, 0.0, _SPARK_WIDTH)
    y = Scale(low, high, _SPARK_HEIGHT - 2, 2.0)
    places = [
        None if value is None else (x(float(index)), y(value) if high > low else _SPARK_HEIGHT - 2)
        for index, value in enumerate(values)
    ]
    seen = [place for place in places if place]
    area = [(seen[0][0], _SPARK_HEIGHT), *seen, (seen[-1][0], _SPARK_HEIGHT)]
    drawn = svg.element(
        "svg",
        svg.element("path", css="area blue", d=svg.path(area)),
        svg.element("path", css="line blue", d=svg.path(places)),
        css="canvas",
        width="100%",
        height=_SPARK_HEIGHT,
        viewBox=f"0 0 {_SPARK_WIDTH:g} {_SPARK_HEIGHT:g}",
        preserveAspectRatio="none",
    )
    drawn.set("aria-hidden", "true")
    return Markup(svg.written(drawn))  # noqa: S704 - `svg` escapes what it writes


def _dial(panel: Panel, value: float) -> Markup:
    """Draw a half circle that is filled to the value, with the thresholds on its rim."""
    low = panel.least or 0.0
    bounds = [step.above for step in panel.thresholds if step.above is not None]
    high = panel.most if panel.most is not None else max(value, *bounds, low + 1e-9)
    turn = Scale(low, high, 0.0, 1.0)
    colour = colour_of(panel, value) or "blue"
    rim = [
        svg.element("path", css=f"rim {step.colour}", d=_arc(turn(start), turn(end), _RADIUS + 9))
        for step, start, end in _stretches(panel, low, high)
    ]
    parts = [
        svg.element("path", css="dial-track", d=_arc(0.0, 1.0, _RADIUS)),
        svg.element("path", css=f"dial {colour}", d=_arc(0.0, turn(value), _RADIUS)),
        *rim,
    ]
    says = f"{shown(value, panel.unit)} of {shown(high, panel.unit)}"
    wide = 2 * (_RADIUS + _RING)
    return Markup(svg.document(wide, _RADIUS + _RING + 8, says, parts))  # noqa: S704 - escaped


def _stretches(panel: Panel, low: float, high: float) -> list[tuple[Threshold, float, float]]:
    steps = panel.thresholds if len(panel.thresholds) > 1 else ()
    starts = [low if step.above is None else step.above for step in steps]
    return [
        (step, start, end)
        for step, start, end in zip(steps, starts, [*starts[1:], high], strict=bool(steps))
        if start < end
    ]


def _arc(start: float, end: float, radius: float) -> str:
    """Return the path of an arc between two shares of a half circle, from left to right."""
    middle = _RADIUS + _RING
    places = [
        (middle - radius * math.cos(math.pi * share), middle - radius * math.sin(math.pi * share))
        for share in (start, max(end, start + 1e-3))
    ]
    (x1, y1), (x2, y2) = places
    return f"M{x1:.1f} {y1:.1f}A{radius:g} {radius:g} 0 0 1 {x2:.1f} {y2:.1f}"
