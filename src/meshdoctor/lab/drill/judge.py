"""The judgement of a trial: pure, so that a saved one can be judged again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.drill.scenarios import Scenario
from meshdoctor.lab.drill.trial import PAGE, Trial
from meshdoctor.lab.webhook import FIRING

PAGED_WITHIN: Final = 75.0
"""Seconds from the fault to the page."""

RESOLVED_WITHIN: Final = 60.0
"""Seconds from the end of the fault to the word that it is over."""

WATCHDOG: Final = "Watchdog"
"""The alert that always fires: where it is heard, every other would have been heard."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured in a trial.

    Attributes:
        paged_after: seconds from the fault to the first page; None when none came.
        alert: of the first page; empty when none came.
        cause: that it named; empty when it named none.
        pages: how often the pager rang.
        resolved_after: seconds from the end of the fault to the message after which nothing rang
            any longer; None when there was no such message.
        alive: whether the watchdog was heard.
    """

    paged_after: float | None
    alert: str
    cause: str
    pages: int
    resolved_after: float | None
    alive: bool


def measure(trial: Trial) -> Figures:
    """Measure a trial."""
    first = trial.pages[0] if trial.pages else None
    alert = next(each for each in first.alerts if each.status == FIRING) if first else None
    over = _over(trial)
    return Figures(
        paged_after=first.at - trial.hurt if first else None,
        alert=alert.name if alert else "",
        cause=alert.labels.get("cause", "") if alert else "",
        pages=len(trial.pages),
        resolved_after=None if over is None else over - trial.healed,
        alive=any(WATCHDOG in {each.name for each in n.alerts} for n in trial.notifications),
    )


def missed(scenario: Scenario, figures: Figures) -> Iterator[str]:
    """Yield a sentence for each goal that was missed.

    The right page, exactly one, in time; and word in time that it is over. Of a mesh that is left
    alone: no page, while the watchdog shows that one would have come.
    """
    if not figures.alive:
        yield f"{WATCHDOG} was not heard, so silence would prove nothing"
    if not scenario.alert:
        if figures.pages:
            yield f"{figures.alert} rang although nothing was wrong"
    elif figures.paged_after is None:
        yield f"nobody was paged; {scenario.alert} should have been"
    else:
        yield from _wrong_page(scenario, figures)
        yield from _wrong_time(figures, figures.paged_after)


def _wrong_page(scenario: Scenario, figures: Figures) -> Iterator[str]:
    if figures.alert != scenario.alert:
        yield f"{figures.alert} rang, not {scenario.alert}"
    if figures.cause not in scenario.causes:
        expected = " or ".join(sorted(scenario.causes))
        yield f"the page named {figures.cause or 'no cause'}, not {expected}"
    if figures.pages > 1:
        yield f"it rang {figures.pages} times, not once"


def _wrong_time(figures: Figures, paged_after: float) -> Iterator[str]:
    if paged_after < 0:
        yield f"it rang {-paged_after:.0f} s before the fault"
    if paged_after > PAGED_WITHIN:
        yield f"it rang after {paged_after:.0f} s, not within {PAGED_WITHIN:g} s"
    if figures.resolved_after is None:
        yield "nobody was told that it is over"
    elif figures.resolved_after < 0:
        yield f"it was called over {-figures.resolved_after:.0f} s too early"
    elif figures.resolved_after > RESOLVED_WITHIN:
        yield f"it was over after {figures.resolved_after:.0f} s, not within {RESOLVED_WITHIN:g} s"


def _over(trial: Trial) -> float | None:
    """When the last page that had rung was called over; None when one still rings."""
    ringing: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    over = None
    for notification in trial.notifications:
        if notification.receiver != PAGE:
            continue
        for alert in notification.alerts:
            key = (alert.name, frozenset(alert.labels.items()))
            (ringing.add if alert.status == FIRING else ringing.discard)(key)
        over = None if ringing else notification.at
    return over
