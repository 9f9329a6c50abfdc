"""The judgement of a finished run: pure functions from counts to outcomes and sentences."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from _slo import Objective


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured of one objective: `good` of `total`."""

    objective: Objective
    good: int
    total: int

    @property
    def measured(self) -> float | None:
        """The share that was good, 0 to 1; None when there was nothing to measure."""
        return self.good / self.total if self.total else None

    @property
    def met(self) -> bool:
        """Whether the target was reached; what was not measured was not shown to be met."""
        return self.measured is not None and self.measured >= self.objective.target


def judge(counts: Mapping[str, int], objectives: Iterable[Objective]) -> tuple[Outcome, ...]:
    """Hold the counts against each objective.

    Args:
        counts: `_tally.Tally.counts`; a missing counter is 0.
        objectives: What to judge by.

    Returns:
        One outcome an objective, in their order.
    """
    return tuple(
        Outcome(objective, counts.get(objective.good, 0), counts.get(objective.total, 0))
        for objective in objectives
    )


def sentence(outcome: Outcome) -> str:
    """Say one outcome in one line."""
    objective = outcome.objective
    verdict = "met" if outcome.met else "BREACH"
    if outcome.measured is None:
        measured = f"there were no {objective.total} to measure"
    else:
        measured = (
            f"{_percent(outcome.measured)} of {outcome.total} {objective.total} {objective.meaning}"
        )
    return f"{objective.name}: {verdict}: {measured}; target {_percent(objective.target)}"


def silence(counts: Mapping[str, int], host: str) -> str | None:
    """Say that nothing came back at all, which explains every breach that follows.

    Args:
        counts: `_tally.Tally.counts`.
        host: Base URL that the users asked.

    Returns:
        One sentence; None when at least one request was answered.
    """
    if not counts.get("requests"):
        return f"no requests were made: is {host} reachable? Set another address with --host"
    if not counts.get("answers"):
        return (
            f"none of {counts['requests']} requests to {host} got an answer but errors: is it up? "
            "Set another address with --host"
        )
    return None


def _percent(share: float) -> str:
    # Cut, not rounded: 99.8999 must never read as the 99.9 that it missed.
    return f"{math.floor(round(share * 1e5, 6)) / 1e3:g} %"
