"""A survey as a table: whoever asks is a row, what the edges lead to a column."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from meshdoctor.lab.net.controls import Survey
from meshdoctor.lab.net.edges import Ask, Kind
from meshdoctor.lab.net.probing import Outcome

_MS = 1000


def print_survey(survey: Survey, title: str, console: Console) -> None:
    """Print the table.

    Args:
        survey: what was tried.
        title: what it was tried in.
        console: where to.
    """
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("from", no_wrap=True)
    for kind in Kind:
        table.add_column(kind)
    for source in dict.fromkeys(each.edge.source for each in survey.outcomes):
        mine = [each for each in survey.outcomes if each.edge.source == source]
        cells = (_cell([each for each in mine if each.edge.kind is kind]) for kind in Kind)
        table.add_row(source or "a visitor", *cells)
    console.print(table)


def _cell(outcomes: list[Outcome]) -> Text:
    """How long the slowest took; or what is dead, a line for each way of asking."""
    if not outcomes:
        return Text("")
    if all(each.alive for each in outcomes):
        return Text(f"{max(each.seconds for each in outcomes) * _MS:.0f} ms", "green")
    return Text("\n".join(_dead(outcomes)), "red")


def _dead(outcomes: list[Outcome]) -> Iterable[str]:
    for ask in Ask:
        tried = [each for each in outcomes if each.edge.ask is ask]
        errors = [each.error for each in tried if not each.alive]
        if errors:
            share = f" {len(errors)} of {len(tried)}" if len(errors) < len(tried) else ""
            yield f"{ask}{share}: {' or '.join(sorted(set(errors)))}"
