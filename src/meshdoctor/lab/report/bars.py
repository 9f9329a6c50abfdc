"""Bars: how latencies are distributed, what went wrong how often, what an objective has left."""

import math
from collections.abc import Iterable, Iterator, Mapping

from meshdoctor.lab.report import svg
from meshdoctor.lab.report.numbers import count, finite, milliseconds, percent
from meshdoctor.lab.report.scale import LIMIT, Scale, ticks

Histogram = tuple[tuple[float, int], ...]

_TOP, _BOTTOM, _LEFT, _RIGHT = 40.0, 24.0, 44.0, 14.0
# Twelve bars a decade: bounds that two-digit latencies (1.0, 1.1 ... 9.9) fill evenly enough.
_EDGES = (1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2)
_LABELS = (1.0, 2.0, 5.0)
_LEAST_MS, _MOST_MS = 0.01, 1e7
_PLACE_PER_STEP_Y = 38.0
_MARK_GAP = 12.0


def regroup(histogram: Histogram) -> Histogram:
    """Put fine latency buckets into twelve a decade.

    Args:
        histogram: (upper bound in ms, count) per bucket, counts not cumulated, any order. A bound
            that is not finite counts as the largest.

    Returns:
        Neighbouring buckets from the first to the last that holds anything, each named by its
        upper bound; buckets between may be empty. Empty when nothing was counted.
    """
    bins: dict[int, int] = {}
    for bound, amount in histogram:
        if amount > 0:
            index = _bin(bound)
            bins[index] = bins.get(index, 0) + amount
    if not bins:
        return ()
    return tuple((_edge(index), bins.get(index, 0)) for index in range(min(bins), max(bins) + 1))


def _edge(index: int) -> float:
    decade, step = divmod(index, len(_EDGES))
    return float(f"{_EDGES[step] * 10.0**decade:.3g}")


def _bin(bound: float) -> int:
    """The first edge that is not below `bound`."""
    number = finite(bound)
    inside = min(max(_MOST_MS if number is None else number, _LEAST_MS), _MOST_MS)
    index = math.floor(math.log10(inside)) * len(_EDGES) - 1
    while _edge(index) < inside * (1 - 1e-9):
        index += 1
    return index


def distribution(
    histogram: Histogram, marks: Mapping[str, float], width: float, height: float
) -> str:
    """Draw how latencies are distributed, on a logarithmic axis.

    Args:
        histogram: what `regroup` returned.
        marks: names and places (ms) of lines across the bars, such as the quantiles.
        width: of the image in CSS pixels.
        height: likewise.

    Returns:
        An SVG image; the bars' heights are requests.
    """
    low = _edge(_bin(histogram[0][0]) - 1) if histogram else 1.0
    high = histogram[-1][0] if histogram else 10.0
    x = Scale(math.log10(low), math.log10(high), _LEFT, width - _RIGHT)
    steps = ticks(
        max((amount for _, amount in histogram), default=0),
        round((height - _TOP - _BOTTOM) / _PLACE_PER_STEP_Y),
    )
    y = Scale(0.0, steps[-1], height - _BOTTOM, _TOP)
    parts = [
        *_axes(x, y, steps),
        *_bars(histogram, low, x, y),
        *_marks(marks, x, y),
    ]
    return svg.document(width, height, _says(histogram, marks), parts)


def _says(histogram: Histogram, marks: Mapping[str, float]) -> str:
    if not histogram:
        return "Distribution of latencies: no request."
    words = ", ".join(f"{name} {milliseconds(value)}" for name, value in marks.items())
    return f"Distribution of latencies up to {milliseconds(histogram[-1][0])}: {words}."


def _axes(x: Scale, y: Scale, steps: Iterable[float]) -> Iterator[svg.Element]:
    yield svg.element("text", text="requests", css="unit", x=0, y=12)
    for step in steps:
        place = y(step)
        yield svg.element("line", css="grid", x1=x.start, x2=x.end, y1=place, y2=place)
        yield svg.element("text", text=_short(step), css="tick end", x=x.start - 8, y=place + 4)
    decades = range(math.floor(x.low), math.ceil(x.high) + 1)
    # One figure a decade is enough where there are many.
    heads = _LABELS if len(decades) <= 4 else _LABELS[:1]  # noqa: PLR2004
    for label in (head * 10.0**decade for decade in decades for head in heads):
        if x.low - 1e-9 <= math.log10(label) <= x.high + 1e-9:
            place = x(math.log10(label))
            words = milliseconds(float(f"{label:.3g}"))
            yield svg.element("text", text=words, css="tick middle", x=place, y=y.start + 18)


def _short(value: float) -> str:
    thousands = 1000.0
    return f"{value / thousands:g}k" if thousands * 10 <= value < LIMIT else count(value)


def _bars(histogram: Histogram, low: float, x: Scale, y: Scale) -> Iterator[svg.Element]:
    total = sum(amount for _, amount in histogram)
    below = low
    for bound, amount in histogram:
        left, right = x(math.log10(below)), x(math.log10(bound))
        words = f"{milliseconds(below)} to {milliseconds(bound)}: {count(amount)} requests"
        title = svg.element("title", text=f"{words} ({percent(amount / total)})")
        top, width = y(amount), max(right - left - 1, 0.5)
        yield svg.element(
            "rect", title, css="bar", x=left + 0.5, y=top, width=width, height=y.start - top
        )
        below = bound


def _marks(marks: Mapping[str, float], x: Scale, y: Scale) -> Iterator[svg.Element]:
    """Draw a line for each mark; names on two rows in turn, as quantiles tend to crowd."""
    drawn = {name: value for name, value in marks.items() if (finite(value) or 0) > 0}
    for row, (name, value) in enumerate(drawn.items()):
        place, top = x(math.log10(value)), y.end - 2 - _MARK_GAP * (row % 2)
        yield svg.element("line", css="mark", x1=place, x2=place, y1=top, y2=y.start)
        anchor = "tick end" if place > (x.start + x.end) / 2 else "tick"
        aside = -4 if anchor == "tick end" else 4
        yield svg.element("text", text=name, css=anchor, x=place + aside, y=top + 8)


def share(value: float, css: str, says: str, width: float = 120.0) -> str:
    """Draw one bar that is filled to `value` of its width (0..1; more is drawn as full)."""
    number = finite(value)
    filled = min(max(1.0 if number is None else number, 0.0), 1.0) * width
    return svg.document(
        width,
        8,
        says,
        [
            svg.element("rect", css="track", width=width, height=8, rx=4),
            svg.element("rect", css=css, width=round(filled, 2), height=8, rx=4),
        ],
    )
