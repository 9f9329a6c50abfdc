"""From a panel and its answer to what the page shows, whatever the panel's type."""

import re
from dataclasses import replace
from typing import Final

from meshdoctor.lab.boards.asking import Answer
from meshdoctor.lab.boards.draw import figures, heatmap, lines, plot, states, table
from meshdoctor.lab.boards.draw.drawn import Drawn
from meshdoctor.lab.boards.draw.plot import Link, Times
from meshdoctor.lab.boards.model import (
    FIGURE,
    GAUGE,
    HEATMAP,
    KINDS,
    LINES,
    STATES,
    TABLE,
    Panel,
)

_ROW_HEIGHT: Final = 30.0  # Grafana's
_HEAD: Final = 52.0  # title and padding of a panel
_LEAST_HEIGHT: Final = 90.0
_NEEDS = re.compile(r"\bNeeds [^.]*\.")  # how a description names a source that may not run


def draw(panel: Panel, answer: Answer, times: Times, link: Link) -> Drawn:
    """Draw one panel.

    Args:
        panel: what to draw.
        answer: what Prometheus said to it.
        times: the horizontal axis.
        link: gives the address of a trace, or nothing where it is not shown.

    Returns:
        What the page shows. Without data it says so, and why if that is known.
    """
    if panel.kind not in KINDS:
        return Drawn(empty="Not drawn here", why=f"Only Grafana draws a {panel.kind} panel.")
    has_word_for_none = panel.kind in {FIGURE, GAUGE} and panel.blank and answer.series
    if not any(each.known for each in answer.series) and not has_word_for_none:
        return _empty(panel, answer)
    height = max(panel.height * _ROW_HEIGHT - _HEAD - plot.TOP - plot.BOTTOM, _LEAST_HEIGHT)
    ways = {
        LINES: lambda: lines.draw(panel, answer, times, height, link),
        HEATMAP: lambda: heatmap.draw(panel, answer, times, height, link),
        STATES: lambda: states.draw(panel, answer, times),
        FIGURE: lambda: figures.draw(panel, answer),
        GAUGE: lambda: figures.draw(panel, answer),
        TABLE: lambda: table.draw(panel, answer),
    }
    drawn = ways[panel.kind]()
    # One of several questions failed: what is shown is not all.
    return replace(drawn, notes=(*drawn.notes, answer.problem)) if answer.problem else drawn


def _empty(panel: Panel, answer: Answer) -> Drawn:
    if answer.problem:
        return Drawn(empty="Not known", why=answer.problem)
    needs = _NEEDS.search(panel.description)
    return Drawn(empty="No data", why=needs.group().strip() if needs else "")
