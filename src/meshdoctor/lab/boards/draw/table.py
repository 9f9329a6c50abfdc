"""Tables: a row for each set of labels, a column for each label and each question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.boards.asking import Answer, Series
from meshdoctor.lab.boards.draw.colours import sign
from meshdoctor.lab.boards.draw.drawn import Cell, Drawn, Table
from meshdoctor.lab.boards.draw.figures import colour_of
from meshdoctor.lab.boards.draw.units import shown
from meshdoctor.lab.boards.model import Panel
from meshdoctor.lab.report.numbers import NOTHING

MOST_ROWS: Final = 50
_VALUE: Final = "Value"
_NEVER_SHOWN: Final = frozenset({"Time", "__name__"})


@dataclass(frozen=True, slots=True)
class _Record:
    """One row before it is written: label values and figures by Grafana's column names."""

    labels: Mapping[str, str]
    figures: Mapping[str, float]


def draw(panel: Panel, answer: Answer) -> Drawn:
    """Draw a table; the newest value of each series is its figure.

    Args:
        panel: which columns are hidden or renamed, in which order they stand, and their units.
        answer: with at least one series.

    Returns:
        The table, at most `MOST_ROWS` rows, the largest figures first.
    """
    known = [each for each in answer.series if each.known]
    if panel.matrix:
        return _matrix(panel, known, *panel.matrix)
    records = _records(known, several=len(panel.targets) > 1)
    columns = _order(panel, records)
    heads = _figures(records)
    table = Table(
        tuple(Cell(panel.columns.names.get(name, name), number=name in heads) for name in columns),
        tuple(
            tuple(_cell(panel, record, name) for name in columns) for record in records[:MOST_ROWS]
        ),
    )
    more = len(records) - MOST_ROWS
    return Drawn(table=table, notes=(f"and {more} more rows",) if more > 0 else ())


def _matrix(panel: Panel, series: Sequence[Series], down: str, along: str) -> Drawn:
    """Draw one value for each pair of labels, as Grafana's "grouping to matrix" does."""
    known = {
        (each.labels.get(down, ""), each.labels.get(along, "")): each.known[-1] for each in series
    }
    rows, columns = sorted({pair[0] for pair in known}), sorted({pair[1] for pair in known})
    body = tuple(
        (Cell(row), *(_figure(panel, known.get((row, column)), panel.unit) for column in columns))
        for row in rows[:MOST_ROWS]
    )
    return Drawn(table=Table((Cell(f"{down} ↓ {along} →"), *map(Cell, columns)), body))


def _records(series: Iterable[Series], *, several: bool) -> list[_Record]:
    """Join what different questions know about the same labels, as Grafana's merge does."""
    found: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for each in series:
        labels = {key: text for key, text in each.labels.items() if key not in _NEVER_SHOWN}
        figures = found.setdefault(tuple(sorted(labels.items())), {})
        figures[f"{_VALUE} #{each.ref}" if several else _VALUE] = each.known[-1]
    records = [_Record(dict(labels), figures) for labels, figures in found.items()]
    return sorted(records, key=lambda record: -max(record.figures.values()))


def _figures(records: Iterable[_Record]) -> set[str]:
    return {name for record in records for name in record.figures}


def _order(panel: Panel, records: Iterable[_Record]) -> list[str]:
    names = dict.fromkeys(
        [name for record in records for name in record.labels]
        + [name for record in records for name in sorted(record.figures)]
    )
    kept = [name for name in names if name not in panel.columns.hidden]
    return sorted(kept, key=lambda name: panel.columns.order.get(name, len(names)))


def _cell(panel: Panel, record: _Record, name: str) -> Cell:
    if name not in record.figures:
        return Cell(record.labels.get(name, ""))
    head = panel.columns.names.get(name, name)
    unit = panel.columns.units.get(head) or panel.columns.units.get(name) or panel.unit
    return _figure(panel, record.figures[name], unit)


def _figure(panel: Panel, value: float | None, unit: str) -> Cell:
    if value is None:
        return Cell(NOTHING)
    word = panel.words.get(value)
    colour = (word.colour if word else "") or colour_of(panel, value)
    judged = len(panel.thresholds) > 1 or word is not None
    return Cell(
        word.text if word else shown(value, unit),
        number=word is None,
        colour=colour if judged else "",
        sign=sign(colour) if judged else "",
    )
