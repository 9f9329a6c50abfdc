"""Which state something was in, over time: one bar a series, its words written in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from markupsafe import Markup

from meshdoctor.lab.boards.asking import Answer, Series
from meshdoctor.lab.boards.draw import plot
from meshdoctor.lab.boards.draw.colours import PALETTE
from meshdoctor.lab.boards.draw.drawn import Drawn, Name
from meshdoctor.lab.boards.draw.plot import Times
from meshdoctor.lab.boards.draw.units import shown
from meshdoctor.lab.boards.model import Panel, Word
from meshdoctor.lab.report import svg

MOST_ROWS: Final = 12
_ROW: Final = 42.0
_BAR: Final = 20.0
_NAME: Final = 15.0
_ROOM: Final = 0.09  # of the width: the least for words within a bar


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with its word; `plain` draws it as something that is only announced."""

    start: float
    end: float
    word: Word
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its name and its spans in order of time."""

    name: str
    spans: tuple[Span, ...]


def draw(panel: Panel, answer: Answer, times: Times) -> Drawn:
    """Draw a state timeline.

    Args:
        panel: its words and thresholds say what a value means.
        answer: with at least one series.
        times: the horizontal axis.

    Returns:
        The picture; its height follows from the number of series.
    """
    bars = [
        Bar(each.name or panel.title, _spans(panel, each, times))
        for each in answer.series
        if each.known
    ]
    more = len(bars) - MOST_ROWS
    notes = (f"and {more} more",) if more > 0 else ()
    words = dict.fromkeys(span.word for bar in bars for span in bar.spans)
    names = tuple(Name(word.colour, "solid", word.text) for word in words)
    return Drawn(timeline(panel.title, bars[:MOST_ROWS], times), names, notes=notes)


def timeline(title: str, bars: Sequence[Bar], times: Times) -> Markup:
    """Draw bars over time.

    Args:
        title: what they show.
        bars: one a row.
        times: the horizontal axis.

    Returns:
        One SVG.
    """
    height = _ROW * len(bars)
    parts = [
        *(_grid(times, height)),
        *(node for index, bar in enumerate(bars) for node in _bar(bar, index, times)),
        *plot.time_labels(times, height - plot.TOP + 2),
    ]
    says = f"{title}: {'; '.join(map(_says, bars))}."
    drawn = svg.sheet(height + plot.BOTTOM, says, parts, "plot no-axis")
    return Markup(drawn)  # noqa: S704 - `svg` escapes what it writes


def _spans(panel: Panel, series: Series, times: Times) -> tuple[Span, ...]:
    """Join neighbouring moments of one value; each lasts until the next is looked at."""
    step = times.seen.step
    pairs = zip(times.seen.moments, series.values, strict=True)
    found = []
    for value, group in groupby(pairs, key=lambda pair: pair[1]):
        moments = [at for at, _ in group]
        if value is not None:
            found.append(Span(moments[0], moments[-1] + step, word(panel, value)))
    return tuple(found)


def word(panel: Panel, value: float) -> Word:
    """Return what a value is called, in which colour: its own word, else its threshold's colour."""
    known = panel.words.get(value)
    colour = next(
        (step.colour for step in reversed(panel.thresholds) if (step.above or 0.0) <= value), ""
    )
    if known is None:
        return Word(shown(value, panel.unit), colour or "blue")
    if known.colour:
        return known
    index = sorted(panel.words).index(value)
    return Word(known.text, colour or PALETTE[index % len(PALETTE)])


def _grid(times: Times, height: float) -> Iterator[svg.Element]:
    for at in times.ticks():
        x = times.percent(at)
        yield svg.element("line", css="grid", x1=x, x2=x, y1=4, y2=height)


def _bar(bar: Bar, index: int, times: Times) -> Iterator[svg.Element]:
    top = index * _ROW
    yield svg.element("text", text=bar.name, css="name", y=top + _NAME - 2)
    for span in bar.spans:
        start, end = times.share(span.start), times.share(span.end)
        told = (times.clock.tell(span.start), times.clock.tell(span.end))
        title = svg.element("title", text=f"{bar.name}: {span.word.text}, {told[0]} to {told[1]}")
        tone = f"state-{span.word.colour}{' announced' if span.plain else ''}"
        block = svg.element("rect", title, css=tone, width="100%", height="100%", rx=3)
        css = "in-state announced-word" if span.plain else "in-state"
        text = svg.element("text", text=span.word.text, css=css, x=6, y=14)
        yield svg.element(
            "svg",
            *((block, text) if end - start >= _ROOM else (block,)),
            x=plot.percent(start),
            y=top + _NAME + 2,
            width=plot.percent(max(end - start, 0.003)),
            height=_BAR,
        )


def _says(bar: Bar) -> str:
    words = dict.fromkeys(span.word.text for span in bar.spans)
    return f"{bar.name} {', '.join(words) or 'nothing'}"
