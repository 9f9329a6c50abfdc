"""The report's sentences, and the objectives as a table shows them."""

import math
from dataclasses import dataclass

from meshdoctor.lab.model import Objective, RunFacts
from meshdoctor.lab.report.judge import Result
from meshdoctor.lab.report.numbers import count, finite, measure, milliseconds, percent, plain

_OVERDRAWN = 10.0  # beyond ten times the budget the exact figure says nothing more


@dataclass(frozen=True, slots=True)
class ObjectiveRow:
    """One objective in words. `spent` is the share of its budget used, 1.0 being all of it."""

    name: str
    meaning: str
    target: str
    measured: str
    met: bool
    spent: float
    budget: str


@dataclass(frozen=True, slots=True)
class Card:
    """One key figure; `tone` is "bad" where it failed the run, else empty."""

    label: str
    figure: str
    aside: str
    tone: str = ""


def summary(facts: RunFacts, result: Result) -> str:
    """Say in one sentence how the run went.

    Args:
        facts: what the run saw.
        result: what `judge` made of it.

    Returns:
        Plain text.
    """
    load = facts.load
    if not load.requests:
        return "No request came back, so nothing is known about the mesh."
    asked = f"{count(load.requests)} requests in {plain(facts.seconds)} seconds"
    if result["verdict"] == "fail":
        faults = len(result["reasons"])
        return f"{asked}, and {'one thing was' if faults == 1 else f'{faults} things were'} wrong."
    half, most = milliseconds(load.latency_ms.p50), milliseconds(load.latency_ms.p99)
    return f"{asked} and not one failed; half were answered within {half}, 99 of 100 within {most}."


def cards(facts: RunFacts, result: Result) -> tuple[Card, ...]:
    """Return the key figures of a run.

    Args:
        facts: what the run saw.
        result: what `judge` made of it.

    Returns:
        The cards in reading order.
    """
    load, scrape = facts.load, result["scrape"]
    half = f"half within {milliseconds(load.latency_ms.p50)}"
    whole = percent(result["traces"]["complete_ratio"]) if facts.traces else "none"
    all_whole = 0 < len(facts.traces) == facts.complete_traces
    up = f"{scrape['up']} of {scrape['targets']}"
    all_up = 0 < scrape["up"] == scrape["targets"]
    return (
        Card("Requests", count(load.requests), f"{plain(load.rps)} a second"),
        Card("Failed", count(load.failures), "broke the contract", _tone(not load.failures)),
        Card("Latency p99", milliseconds(load.latency_ms.p99), half),
        Card("Degraded pages", count(load.degraded_pages), "without live data"),
        Card("Complete traces", whole, f"of {count(len(facts.traces))} received", _tone(all_whole)),
        Card("Metrics pages up", up, "at the end of the run", _tone(all_up)),
    )


def _tone(good: bool) -> str:  # noqa: FBT001 - a private word for a private question
    return "" if good else "bad"


def objective(seen: Objective) -> ObjectiveRow:
    """Put an objective into words.

    Args:
        seen: target and what was measured.

    Returns:
        The row of the table. The budget of a ratio is what its target leaves to fail (1 - target,
        as in the SRE workbook); of a latency the target itself.
    """
    spent = _spent(seen)
    return ObjectiveRow(
        name=seen.name,
        meaning=seen.meaning,
        target=measure(finite(seen.target), seen.unit),
        measured=measure(finite(seen.measured), seen.unit),
        met=seen.met and finite(seen.measured) is not None,
        spent=spent,
        budget=_budget(spent),
    )


def _budget(spent: float) -> str:
    if math.isinf(spent):
        return "none was allowed"
    return "over 10 times" if spent > _OVERDRAWN else percent(spent)


def _spent(seen: Objective) -> float:
    target, measured = finite(seen.target), finite(seen.measured)
    if target is None or measured is None:
        return float("inf")
    if seen.unit == "ms":
        used, budget = measured, target
    elif seen.unit == "ratio":
        used, budget = 1.0 - measured, 1.0 - target
    else:  # a rate has no budget: it is there or it is not
        used, budget = 0.0 if seen.met else 1.0, 0.0
    if budget > 0:
        return max(used, 0.0) / budget
    return 0.0 if used <= 0 else float("inf")
