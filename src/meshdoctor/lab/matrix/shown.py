"""What a person sees of a matrix: a line for each step, and the tables at the end."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from meshdoctor.faults import FAULTS
from meshdoctor.lab.faults.scenario import Scenario
from meshdoctor.lab.matrix.judge import LIVE_WITHIN, PAGED_WITHIN, VERDICT_WITHIN, missed
from meshdoctor.lab.matrix.model import NOTHING, Matrix, confusion
from meshdoctor.lab.matrix.rows import Row, rows

_NARROWEST: Final = 140
_LONGEST_ALERT: Final = 30
_NONE: Final = "-"


class Lines:
    """Prints steps with the seconds since the start.

    Args:
        whose: what each line begins with.
    """

    def __init__(self, whose: str = "") -> None:
        self._whose = whose
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        """Print one."""
        print(f"{self._whose}{time.monotonic() - self._began:5.0f} s  {text}", flush=True)


def report(matrix: Matrix, where: Path) -> None:
    """Print both tables, a line for each goal that was missed, and where the rest is to be read.

    Args:
        matrix: what was measured.
        where: the file that has all of it.
    """
    console = Console(width=max(Console().width, _NARROWEST))
    console.print(results(matrix))
    console.print(mistaken(matrix))
    for reason in missed(matrix):
        console.print(reason, markup=False, highlight=False)
    console.print(f"all of it: {where}", highlight=False)


def results(matrix: Matrix) -> Table:
    """Make the table of times, a row for each fault."""
    made = Table(
        title=f"goals: named alone within {VERDICT_WITHIN:g} s; its page within {PAGED_WITHIN:g} s;"
        f" no HTTP 5xx; live {LIVE_WITHIN:g} s after its end. Each figure is the worst of its "
        "rounds."
    )
    made.add_column("fault", no_wrap=True)
    made.add_column("right", justify="right", no_wrap=True)
    made.add_column("verdict", justify="right", no_wrap=True)
    made.add_column("page", no_wrap=True)
    for heading in ("after", "5xx", "degraded", "budget", "live"):
        made.add_column(heading, justify="right", no_wrap=True)
    made.add_column("")
    for row in rows(matrix):
        made.add_row(*_cells(row))
    return made


def _cells(row: Row) -> Iterable[str | Text]:
    return (
        row.fault,
        f"{row.right}/{row.rounds}",
        _seconds(row.verdict),
        ", ".join((row.alert or _NONE, *row.rang)) if row.watched else "not waited for",
        _seconds(row.page),
        str(row.http_5xx),
        str(row.degraded),
        f"{row.budget:.2%}",
        _NONE if row.fault == NOTHING else _seconds(row.live),
        Text("met", "green") if row.met else Text("MISSED", "red"),
    )


def listed(known: Iterable[Scenario]) -> Table:
    """Make the list of what can be done."""
    made = Table(box=None, padding=(0, 2, 0, 0))
    made.add_column("fault", no_wrap=True)
    made.add_column("what is done")
    made.add_column("who is woken", min_width=_LONGEST_ALERT)
    for one in known:
        made.add_row(one.code, one.says, one.alert or f"nobody: {one.silent}")
    return made


def mistaken(matrix: Matrix) -> Table:
    """Make the confusion matrix: what was done is a row, what the doctor said a numbered column.

    A column is there for every word that was done or said, so a perfect one is a diagonal.
    """
    counts = confusion(matrix)
    said = {name for row in counts.values() for name in row} | set(counts)
    known = [code for code in (*FAULTS, NOTHING) if code in said]
    columns = [*known, *sorted(said.difference(known))]
    made = Table(
        title=f"what was done, and how often the doctor said which; accuracy {matrix.accuracy:.1%}",
        box=None,
        padding=(0, 1, 0, 0),
    )
    made.add_column("done", no_wrap=True)
    for number in range(1, len(columns) + 1):
        made.add_column(str(number), justify="right", no_wrap=True)
    for number, code in enumerate(columns, start=1):
        row = counts.get(code, {})
        cells = (_count(row.get(name, 0), right=name == code) for name in columns)
        made.add_row(f"{number:2} {code}", *cells)
    return made


def _count(number: int, *, right: bool) -> Text:
    if not number:
        return Text("·", "dim")
    return Text(str(number), "green" if right else "bold red")


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.1f} s"
