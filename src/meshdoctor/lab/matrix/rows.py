"""A row for each fault: the worst of its rounds, for tables and the picture."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from meshdoctor.faults import FAULTS
from meshdoctor.lab.matrix.judge import of_trial
from meshdoctor.lab.matrix.model import NOTHING, Matrix, Trial


@dataclass(frozen=True, slots=True)
class Row:
    """All trials of one fault.

    Attributes:
        fault: its code, or `NOTHING`.
        rounds: how often it was done.
        right: how often it was named, alone.
        others: what else it was called, the most frequent first.
        verdict: the longest time to the verdict; None when one round had none.
        alert: the page that has to come; "" when none may.
        page: the longest time to the page; None when one round had none.
        rang: other alerts than that one, which rang first.
        http_5xx: answers, in all rounds.
        degraded: pages, in all rounds.
        budget: the largest share of the month's error budget.
        live: the longest time until pages were live again; None when they once were not.
        met: whether no goal was missed.
        watched: whether the page was waited for.
    """

    fault: str
    rounds: int
    right: int
    others: tuple[str, ...]
    verdict: float | None
    alert: str
    page: float | None
    rang: tuple[str, ...]
    http_5xx: int
    degraded: int
    budget: float
    live: float | None
    met: bool
    watched: bool


def rows(matrix: Matrix) -> tuple[Row, ...]:
    """Return a row for each fault that was done, in the vocabulary's order, and one for health."""
    return tuple(
        _row(code, trials)
        for code in (*FAULTS, NOTHING)
        if (trials := [one for one in matrix.trials if one.fault == code])
    )


def _row(code: str, trials: list[Trial]) -> Row:
    wrong = [one.named for one in trials if not one.right]
    return Row(
        fault=code,
        rounds=len(trials),
        right=sum(one.right for one in trials),
        others=tuple(sorted(set(wrong), key=lambda name: (-wrong.count(name), name))),
        verdict=_worst(one.seconds_to_verdict for one in trials),
        alert=trials[0].alert,
        page=_worst(one.seconds_to_page for one in trials),
        rang=tuple(sorted({one.page for one in trials} - {trials[0].alert, ""})),
        http_5xx=sum(one.http_5xx for one in trials),
        degraded=sum(one.degraded for one in trials),
        budget=max(one.budget for one in trials),
        live=_worst(one.recovered_s for one in trials),
        met=not any(_goals(trials)),
        watched=any(one.watched for one in trials),
    )


def _worst(values: Iterable[float | None]) -> float | None:
    """The largest; None as soon as one is missing."""
    known = list(values)
    return None if None in known else max((one for one in known if one is not None), default=None)


def _goals(trials: list[Trial]) -> Iterator[str]:
    for one in trials:
        yield from of_trial(one)
