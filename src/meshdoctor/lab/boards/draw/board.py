"""A dashboard ready for the page: every panel asked and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from meshdoctor.lab.boards.asking import Answer
from meshdoctor.lab.boards.draw.drawn import Drawn
from meshdoctor.lab.boards.draw.panel import draw
from meshdoctor.lab.boards.draw.plot import Link as TraceLink
from meshdoctor.lab.boards.draw.plot import Times
from meshdoctor.lab.boards.model import Dashboard, Panel


@dataclass(frozen=True, slots=True)
class ShownPanel:
    """A panel and what it became."""

    panel: Panel
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class ShownRow:
    """Panels under one heading."""

    title: str
    panels: tuple[ShownPanel, ...]


@dataclass(frozen=True, slots=True)
class ShownBoard:
    """A dashboard of which every panel is drawn."""

    board: Dashboard
    rows: tuple[ShownRow, ...]


def show(board: Dashboard, answers: Sequence[Answer], times: Times, link: TraceLink) -> ShownBoard:
    """Draw a dashboard.

    Args:
        board: which.
        answers: one for each of its panels, in their order.
        times: the horizontal axis of all of them.
        link: gives the address of a trace, or nothing where it is not shown.
    """
    waiting = iter(answers)
    rows = tuple(
        ShownRow(
            row.title,
            tuple(
                ShownPanel(panel, draw(panel, next(waiting), times, link)) for panel in row.panels
            ),
        )
        for row in board.rows
    )
    return ShownBoard(board, rows)
