"""The table in the README: made from the saved matrix, between two marks, and nowhere else."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.matrix.judge import LIVE_WITHIN, PAGED_WITHIN, VERDICT_WITHIN
from meshdoctor.lab.matrix.model import NOTHING, Matrix
from meshdoctor.lab.matrix.rows import Row, rows

BEGIN: Final = "<!-- matrix -->"
END: Final = "<!-- /matrix -->"
_NONE: Final = "-"


def inserted(page: str, matrix: Matrix, where: str) -> str:
    """Return a page with the table of a matrix between its marks.

    Args:
        page: Markdown with both marks, each on a line of its own.
        matrix: what to show.
        where: the file, for the error.

    Raises:
        LabError: the marks are not there, once each.
    """
    before, begin, rest = page.partition(f"{BEGIN}\n")
    _old, end, after = rest.partition(f"{END}\n")
    if not begin or not end or BEGIN in rest or END in after:
        raise LabError(f"{where} needs the lines {BEGIN} and {END}, once each")
    return f"{before}{BEGIN}\n{block(matrix)}{END}\n{after}"


def block(matrix: Matrix) -> str:
    """Write the table and a sentence on what it shows."""
    return "\n".join((_summary(matrix), "", *_table(rows(matrix)), ""))


def _summary(matrix: Matrix) -> str:
    done = len({one.fault for one in matrix.hurt})
    right = sum(one.right for one in matrix.hurt)
    false = sum(bool(one.names) for one in matrix.left_alone)
    day = datetime.fromtimestamp(matrix.began, UTC).date().isoformat()
    rounds = "one round" if matrix.rounds == 1 else f"{matrix.rounds} rounds"
    loads = [one.load for one in matrix.trials if one.load]
    machine = f", {matrix.cores} cores" if matrix.cores else ""
    machine += f", {matrix.at_once} meshes at once, taking turns" * (matrix.at_once > 1)
    machine += f" with a load average of {min(loads):.0f} to {max(loads):.0f}" if loads else ""
    return (
        f"{done} faults, {rounds}, {day}{machine}: {right} of {len(matrix.hurt)} named right, "
        f"{false} of {len(matrix.left_alone)} healthy rounds called a fault. "
        f"Each figure is the worst of its rounds; the goals are a verdict within "
        f"{VERDICT_WITHIN:g} s, the page within {PAGED_WITHIN:g} s, no HTTP 5xx, "
        f"and live pages {LIVE_WITHIN:g} s after the end."
    )


def _table(shown: Iterable[Row]) -> Iterator[str]:
    yield "| fault | named right | verdict | page | HTTP 5xx | degraded | live again | goals |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in shown:
        cells = (
            "nothing was done" if row.fault == NOTHING else f"`{row.fault}`",
            _named(row),
            _seconds(row.verdict),
            _page(row),
            str(row.http_5xx),
            str(row.degraded),
            _NONE if row.fault == NOTHING else _seconds(row.live),
            "met" if row.met else "**missed**",
        )
        yield f"| {' | '.join(cells)} |"


def _named(row: Row) -> str:
    count = f"{row.right} of {row.rounds}"
    return f"{count}, else {', '.join(row.others)}" if row.others else count


def _page(row: Row) -> str:
    if not row.watched:
        return "not waited for"
    others = f"; {', '.join(row.rang)}" if row.rang else ""
    if not row.alert:
        return f"none{others}"
    return f"{row.alert}, {_seconds(row.page)}{others}"


def _seconds(value: float | None) -> str:
    return _NONE if value is None else f"{value:.1f} s"
