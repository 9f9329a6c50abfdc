"""What a person sees of a drill: how each trial stands, and the table at the end."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from meshdoctor.lab.drill.judge import PAGED_WITHIN, RESOLVED_WITHIN
from meshdoctor.lab.drill.run import RESULT, Result

_NARROWEST: Final = 100
_NONE: Final = "-"

Tell = Callable[[str, str], None]


@contextmanager
def shown(faults: Iterable[str]) -> Iterator[Tell]:
    """Show how trials stand: a line each on a terminal, else a line for each change.

    Args:
        faults: of the trials.

    Yields:
        What to call with a trial's fault and a few words; any thread may.
    """
    console = Console()
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.fields[fault]:16}"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as progress:
        tasks = {fault: progress.add_task("waits", fault=fault, start=False) for fault in faults}

        def tell(fault: str, text: str) -> None:
            progress.start_task(tasks[fault])
            progress.update(tasks[fault], description=text)

        yield tell


class _Lines:
    """Prints what is new, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()

    def __call__(self, fault: str, text: str) -> None:
        with self._lock:
            if self._last.get(fault) != text:
                self._last[fault] = text
                print(f"{time.monotonic() - self._began:4.0f} s  {fault}: {text}", flush=True)


def report(results: Sequence[Result], out: Path) -> None:
    """Print the table, a line for each goal that was missed, and where the rest is to be read."""
    console = Console(width=max(Console().width, _NARROWEST))
    console.print(table(results))
    for result in results:
        for reason in result.reasons:
            console.print(f"{result.scenario.fault}: {reason}", markup=False, highlight=False)
    console.print(f"all of it: {out / RESULT}", highlight=False)


def table(results: Iterable[Result]) -> Table:
    """Make the table, a row for each trial."""
    made = Table(
        title=f"goals: the right page, once, within {PAGED_WITHIN:g} s of the fault; "
        f"over within {RESOLVED_WITHIN:g} s of its end",
        show_lines=True,
    )
    made.add_column("fault")
    made.add_column("first page", no_wrap=True)
    for heading in ("after", "pages", "over after"):
        made.add_column(heading, justify="right")
    made.add_column("")
    for result in results:
        seen = result.figures
        made.add_row(
            f"{result.scenario.fault}\n[dim]{result.scenario.says}[/dim]",
            f"{seen.alert}\n[dim]{seen.cause}[/dim]" if seen and seen.alert else _NONE,
            _seconds(seen.paged_after if seen else None),
            str(seen.pages) if seen else _NONE,
            _seconds(seen.resolved_after if seen else None),
            "met" if result.met else "NOT MET",
        )
    return made


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.0f} s"
