"""A trace as a waterfall: who waited for whom, and for how long."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meshdoctor.lab.model import Span, Trace
from meshdoctor.lab.report import svg
from meshdoctor.lab.report.numbers import clean, milliseconds
from meshdoctor.lab.report.scale import Scale, ticks

MOST_ROWS = 40
_ROW, _TOP, _BAR = 36.0, 22.0, 10.0
_INDENT, _DEEPEST = 12.0, 8
_LETTER = 6.6
_SERVICE_COLOURS = 4
_NANOSECONDS = 1e6  # in a millisecond
_PLACE_PER_STEP = 90.0


@dataclass(frozen=True, slots=True)
class Row:
    """One span in its place: `depth` steps below its root, `start_ms` after the trace began."""

    span: Span
    depth: int
    start_ms: float


def rows(trace: Trace) -> tuple[Row, ...]:
    """Put the spans of a trace in the order a reader follows: parents before children.

    A span whose parent did not arrive stands as a root, and so does one of a circle of parents,
    so every span of the trace appears exactly once.

    Args:
        trace: with its spans, oldest first.

    Returns:
        One row a span.
    """
    known = {span.span_id for span in trace.spans}
    children: dict[str, list[int]] = {}
    for index, span in enumerate(trace.spans):
        children.setdefault(span.parent_id if span.parent_id in known else "", []).append(index)
    began = min((span.start_ns for span in trace.spans), default=0)
    seen: dict[int, int] = {}
    for start in (*children.get("", ()), *range(len(trace.spans))):
        _descend(trace, children, start, seen)
    return tuple(
        Row(trace.spans[index], depth, (trace.spans[index].start_ns - began) / _NANOSECONDS)
        for index, depth in seen.items()
    )


def _descend(
    trace: Trace, children: Mapping[str, list[int]], start: int, seen: dict[int, int]
) -> None:
    """Walk down from `start` without recursion (a chain may be long), noting each depth once."""
    waiting = [(start, 0)]
    while waiting:
        index, depth = waiting.pop()
        if index in seen:
            continue
        seen[index] = depth
        below = children.get(trace.spans[index].span_id, ())
        waiting.extend((child, depth + 1) for child in reversed(below))


def colours(trace: Trace) -> dict[str, str]:
    """Return the class of each service's bars, services in order of appearance."""
    services = dict.fromkeys(row.span.service for row in rows(trace))
    return {name: f"service{index % _SERVICE_COLOURS}" for index, name in enumerate(services)}


def draw(trace: Trace, width: float) -> str:
    """Draw a trace; the first `MOST_ROWS` spans of it.

    Args:
        trace: with at least one span.
        width: of the image in CSS pixels; its height follows from the number of spans.

    Returns:
        An SVG image. A failed span is outlined, hatched and says "failed": colour never speaks
        alone.
    """
    shown = rows(trace)[:MOST_ROWS]
    x = Scale(0.0, max(trace.duration_ms, 1e-6), 1.0, width - 1.0)
    height = _TOP + _ROW * len(shown) + 4
    palette = colours(trace)
    parts = [*_time_axis(x, height)]
    for index, row in enumerate(shown):
        parts.extend(_row(row, palette[row.span.service], x, _TOP + index * _ROW))
    lasted = milliseconds(trace.duration_ms)
    says = f"Waterfall of a trace of {len(trace.spans)} spans that took {lasted}."
    return svg.document(width, height, says, parts)


def _time_axis(x: Scale, height: float) -> Iterator[svg.Element]:
    for tick in ticks(x.high, round((x.end - x.start) / _PLACE_PER_STEP)):
        if tick > x.high:
            break
        place = x(tick)
        near_end = place > x.end - _PLACE_PER_STEP / 2
        css = "tick end" if near_end else "tick middle" if tick else "tick"
        yield svg.element("line", css="grid", x1=place, x2=place, y1=16, y2=height)
        yield svg.element("text", text=milliseconds(tick), css=css, x=place, y=11)


def _row(row: Row, css: str, x: Scale, top: float) -> Iterator[svg.Element]:
    span = row.span
    lasted = milliseconds(span.duration_ms) + (", failed" if span.failed else "")
    tone = " bad" if span.failed else ""
    indent = _INDENT * min(row.depth, _DEEPEST)
    room = int((x.end - indent) / _LETTER) - len(lasted) - 2
    words = clean(f"{span.service} · {_short(span.name)}", max(room, 8))
    yield svg.element("text", text=words, css="name", x=indent, y=top + 13)
    yield svg.element("text", text=lasted, css=f"name end{tone}", x=x.end, y=top + 13)
    yield _bar(row, f"span {css}", x, top + 18)
    if span.failed:
        yield _bar(row, "hatch", x, top + 18)


def _bar(row: Row, css: str, x: Scale, top: float) -> svg.Element:
    start, end = x(row.start_ms), x(row.start_ms + row.span.duration_ms)
    title = svg.element("title", text=_describe(row))
    width = max(end - start, 1.5)
    return svg.element("rect", title, css=css, x=start, y=top, width=width, height=_BAR, rx=2)


def _short(name: str) -> str:
    """Leave the package out of a gRPC method's full name, which a title still tells."""
    service, slash, method = name.partition("/")
    return f"{service.rpartition('.')[2]}/{method}" if slash and " " not in name else name


def _describe(row: Row) -> str:
    span = row.span
    state = f"{span.status_code} {span.status_message}".strip()
    began = f"{milliseconds(row.start_ms)} after the start"
    return f"{span.service} {span.name} ({span.kind}), {began}, {state}"
