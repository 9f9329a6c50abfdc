"""The matrix as a picture: what was called what, how soon it was named, and when it was paged."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from meshdoctor.faults import FAULTS
from meshdoctor.lab.matrix.judge import PAGED_WITHIN, VERDICT_WITHIN
from meshdoctor.lab.matrix.model import NOTHING, Matrix, Trial, confusion
from meshdoctor.lab.report import svg
from meshdoctor.lab.report.scale import Scale, ticks

_ROW, _CELL, _GAP, _TOP, _BOTTOM = 16.0, 14.0, 6.0, 58.0, 34.0
_GRID, _STRIP, _BETWEEN, _MARGIN = 200.0, 190.0, 42.0, 12.0
_SQUARE: Final = f"h{_CELL - 2:g}v{_ROW - 2:g}h-{_CELL - 2:g}z"
# On its own, in a page of either colour: Okabe and Ito's palette, as in the report.
_STYLE: Final = """
svg { --ink: #1d2126; --soft: #59616b; --rule: #e2dfd8; --good: #009e73; --bad: #d55e00;
  --mark: #0072b2; background: #fff; }
@media (prefers-color-scheme: dark) { svg { --ink: #e9e7e3; --soft: #a2a9b3; --rule: #2f353d;
  --good: #1fbf91; --bad: #f07f2e; --mark: #3c9fdc; background: #1a1e24; } }
text { font: 11px/1 system-ui, sans-serif; fill: var(--soft); }
.name { fill: var(--ink); } .title { font-weight: 600; fill: var(--ink); }
.number { font-size: 9px; text-anchor: middle; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
.empty { fill: var(--rule); opacity: .45; }
.right { fill: var(--good); } .wrong { fill: var(--bad); }
.count { fill: #fff; font-size: 10px; text-anchor: middle; }
.line { stroke: var(--rule); } .goal { stroke: var(--bad); stroke-dasharray: 3 3; }
.dot { fill: var(--mark); fill-opacity: .75; } .late { fill: var(--bad); }
"""


@dataclass(frozen=True, slots=True)
class _Strip:
    """A column of times: `of` a trial, in seconds, with the goal that a line shows."""

    title: str
    of: Callable[[Trial], float | None]
    goal: float


_STRIPS: Final = (
    _Strip("seconds to the verdict", lambda trial: trial.seconds_to_verdict, VERDICT_WITHIN),
    _Strip("seconds to the page", lambda trial: trial.seconds_to_page, PAGED_WITHIN),
)


def draw(matrix: Matrix) -> str:
    """Draw a matrix.

    Args:
        matrix: any; a fault that was not done has no row.

    Returns:
        An SVG file, the same for the same matrix. What the doctor said that was never done, such as
        two names at once, is in the last column.
    """
    done = {one.fault for one in matrix.trials}
    codes = [code for code in (*FAULTS, NOTHING) if code in done]
    places = _places(codes)
    height = max(places.values(), default=_TOP) + _ROW + _BOTTOM
    first = _GRID + _CELL * (len(codes) + 1) + _BETWEEN
    width = first + len(_STRIPS) * (_STRIP + _BETWEEN) - _BETWEEN + _MARGIN
    parts = [
        svg.element("style", text=_STYLE),
        svg.element("text", text="what was done", css="title end", x=_GRID - 10, y=20),
        svg.element("text", text="what the doctor said", css="title", x=_GRID, y=20),
        *_names(codes, places),
        *_grid(matrix, codes, places),
    ]
    for number, strip in enumerate(_STRIPS):
        parts += _times(strip, matrix, places, first + number * (_STRIP + _BETWEEN))
    return svg.document(width, height, _says(matrix), parts) + "\n"


def _places(codes: Sequence[str]) -> dict[str, float]:
    """The top of each row; layers are a little apart."""
    places, top = {}, _TOP
    for _layer, group in groupby(codes, key=lambda code: code.partition("-")[0]):
        for code in group:
            places[code] = top
            top += _ROW
        top += _GAP
    return places


def _says(matrix: Matrix) -> str:
    right = sum(one.right for one in matrix.hurt)
    false = sum(bool(one.names) for one in matrix.left_alone)
    return (
        f"{right} of {len(matrix.hurt)} faults were named right, and {false} of "
        f"{len(matrix.left_alone)} healthy rounds were called a fault."
    )


def _names(codes: Sequence[str], places: dict[str, float]) -> Iterator[svg.Element]:
    for number, code in enumerate(codes, start=1):
        text = f"{code} {number}"
        yield svg.element("text", text=text, css="name end", x=_GRID - 10, y=places[code] + 11)
        yield _heading(number, str(number))
    yield _heading(len(codes) + 1, "else")


def _heading(column: int, text: str) -> svg.Element:
    x = _GRID + _CELL * (column - 0.5)
    return svg.element("text", text=text, css="number", x=x, y=_TOP - 8)


def _grid(matrix: Matrix, codes: Sequence[str], places: dict[str, float]) -> Iterator[svg.Element]:
    counts = confusion(matrix)
    columns = {code: number for number, code in enumerate(codes)}
    for done in codes:
        cells = (
            f"M{_GRID + _CELL * n + 1:g} {places[done] + 1:g}{_SQUARE}"
            for n in range(len(codes) + 1)
        )
        yield svg.element("path", css="empty", d="".join(cells))
        for said, seen in counts[done].items():
            yield from _cell(done, said, seen, columns.get(said, len(codes)), places[done])


def _cell(done: str, said: str, seen: int, column: int, y: float) -> Iterator[svg.Element]:
    x = _GRID + _CELL * column
    title = svg.element("title", text=f"{done}, called {said}: {seen}")
    css = "right" if done == said else "wrong"
    yield svg.element("path", title, css=css, d=f"M{x + 1:g} {y + 1:g}{_SQUARE}")
    yield svg.element("text", text=str(seen), css="count", x=x + _CELL / 2, y=y + 12)


def _times(
    strip: _Strip, matrix: Matrix, places: dict[str, float], left: float
) -> Iterator[svg.Element]:
    known = [(one, value) for one in matrix.hurt if (value := strip.of(one)) is not None]
    marks = ticks(max((strip.goal, *(value for _one, value in known))), 5)
    x = Scale(0.0, marks[-1], left, left + _STRIP)
    floor = max(places.values(), default=_TOP) + _ROW
    yield svg.element("text", text=strip.title, css="title", x=left, y=20)
    for mark in marks:
        at = x(mark)
        yield svg.element("line", css="line", x1=at, x2=at, y1=_TOP, y2=floor)
        yield svg.element("text", text=f"{mark:g}", css="middle", x=at, y=_TOP - 8)
    at = x(strip.goal)
    yield svg.element("line", css="goal", x1=at, x2=at, y1=_TOP, y2=floor)
    yield svg.element("text", text=f"goal {strip.goal:g} s", css="middle", x=at, y=floor + 16)
    for one, value in known:
        words = svg.element("title", text=f"{one.fault}, round {one.round}: {value:.1f} s")
        css, y = ("dot" if value <= strip.goal else "dot late"), places[one.fault] + _ROW / 2
        yield svg.element("circle", words, css=css, cx=x(value), cy=y, r=3.5)
