"""What is claimed of one alert, and the trials that hold it to that."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final, Protocol

from observability import foreign, knobs
from observability.promql import select
from tests.support.pods import Span, Target, scraped
from tests.support.promtool import Answer, Firing, Shown, Trial, verdict
from tests.support.rulebook import Named, Rulebook

World = Callable[[Span], tuple[Target, ...]]
"""All targets, with the fault in them from one second to another."""

BEFORE: Final = 120
"""Seconds of health before a fault: more than any look of the causes goes back."""

SERVICES: Final = (knobs.MARKETPLACE, knobs.RECOMMENDATIONS)


@dataclass(frozen=True, slots=True)
class Times:
    """When an alert tells of its fault, in seconds.

    Attributes:
        silent: after the fault's first bad second, in which it must not fire.
        by: after that second, when it must fire at the latest.
        ends: after the heal, when it must have ended.
        lasts: of the fault.
    """

    silent: int
    by: int
    ends: int
    lasts: int


PERSISTENT: Final = Times(silent=30, by=55, ends=50, lasts=90)
"""Pages by persistence, see `knobs.Persistence`."""

EXPLAINED: Final = replace(PERSISTENT, silent=40, by=60)
"""The same, after a wait for the page that may explain it: `knobs.AFTER_NETWORK`."""

PHASES: Final = (0, 1)
"""When Prometheus scrapes within the interval: when the rules are evaluated, and long before."""


@dataclass(frozen=True, slots=True)
class Fires:
    """An alert fires, tells what it should, in time, once, and ends.

    Attributes:
        alert: its name and severity.
        story: what happens.
        world: it happening.
        times: when it fires and ends.
        labels: all labels of its one series, but name and severity.
        summary: its text, with the values at `times.by`.
        description: its text then.
        dashboard: uid of the dashboard that it leads to.
        pages: names of all alerts of its pace that page meanwhile, before any is inhibited.
        phases: when Prometheus scrapes; each is a trial. The text is that of phase 0.
        runbook: the anchor in the runbook, where it is not the alert's name.
        flickers: whether it may have ended again by `times.by`; then its text is not looked at.
    """

    alert: Named
    story: str
    world: World
    times: Times
    labels: Mapping[str, str]
    summary: str
    description: str
    dashboard: str
    pages: tuple[str, ...] = ()
    phases: tuple[int, ...] = (0,)
    runbook: str = ""
    flickers: bool = False
    fires: ClassVar = True

    @property
    def alerts(self) -> tuple[Named, ...]:
        """What it is about."""
        return (self.alert,)

    def trials(self) -> tuple[Trial, ...]:
        """Return one trial for each phase."""
        return tuple(self._trial(phase) for phase in self.phases)

    def _trial(self, phase: int) -> Trial:
        begin = BEFORE + phase
        heal = begin + self.times.lasts
        end = heal + self.times.ends
        step, series = scraped(with_bystanders(self.world((begin, heal))), end, phase=phase)
        checks = (
            never(self.alert, begin + self.times.silent),
            *self._told(begin + self.times.by, phase),
            Answer(end, firing(self.alert)),
            Answer(end, f"count(count_over_time({firing(self.alert)}[{end}s]))", {"{}": 1}),
            Answer(end, all_pages(end), {f'{{alertname="{page}"}}': 1 for page in self.pages}),
        )
        return Trial(f"{told(self.alerts)}: {self.story}; phase {phase}", step, series, checks)

    def _told(self, now: int, phase: int) -> tuple[Answer | Firing, ...]:
        if self.flickers:
            return (
                Answer(now, f"count(count_over_time({firing(self.alert)}[{now}s]))", {"{}": 1}),
            )
        one = Answer(now, f"count({firing(self.alert)})", {"{}": 1})
        return (one,) if phase else (one, Firing(now, self.alert[0], (self._shown(),)))

    def _shown(self) -> Shown:
        name, severity = self.alert
        return Shown(
            {**self.labels, "severity": severity},
            {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{knobs.RUNBOOK}#{self.runbook or name.lower()}",
                "dashboard_url": f"{knobs.GRAFANA}/d/{self.dashboard}",
            },
        )


@dataclass(frozen=True, slots=True)
class Silent:
    """Alerts stay silent, however near it comes.

    Attributes:
        alerts: name and severity of each; all of one pace.
        story: what happens.
        targets: it happening.
        lasts: seconds.
    """

    alerts: tuple[Named, ...]
    story: str
    targets: tuple[Target, ...]
    lasts: int
    fires: ClassVar = False

    def trials(self) -> tuple[Trial, ...]:
        """Return the one trial."""
        step, series = scraped(with_bystanders(self.targets), self.lasts)
        checks = tuple(never(alert, self.lasts) for alert in self.alerts)
        return (Trial(f"{told(self.alerts)} silent: {self.story}", step, series, checks),)


class Case(Protocol):
    """What is claimed of some alerts, all of one pace: that they fire, or that they do not."""

    @property
    def alerts(self) -> tuple[Named, ...]:
        """Their names and severities."""

    @property
    def fires(self) -> bool:
        """Whether they do."""

    def trials(self) -> tuple[Trial, ...]:
        """Return what holds them to it."""


def judged(cases: Iterable[Case], book: Rulebook, folder: Path) -> str:
    """Try cases, all of one pace in one call of promtool.

    Returns:
        What is wrong; nothing when all holds.
    """
    paces = book.paces
    by_pace: dict[int, list[Trial]] = {}
    for case in cases:
        by_pace.setdefault(paces[case.alerts[0]], []).extend(case.trials())
    verdicts = (
        verdict(trials, book.at_pace(pace, folder), folder, every=pace)
        for pace, trials in by_pace.items()
    )
    return "\n".join(filter(None, verdicts))


def with_bystanders(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """Add a Pod of each service that a story does not mention: it is up, and that is all."""
    named = {target.job for target in targets}
    return (*targets, *(Target(job, f"{job}-1") for job in SERVICES if job not in named))


def firing(alert: Named) -> str:
    """Name the series of an alert that fires."""
    name, severity = alert
    matchers = (f'alertname="{name}"', 'alertstate="firing"', f'severity="{severity}"')
    return select(foreign.ALERTS, *matchers)


def never(alert: Named, until: int) -> Answer:
    """At no evaluation up to that second, it included, does the alert fire."""
    return Answer(until, f"count_over_time({firing(alert)}[{until + 1}s])")


def all_pages(seconds: int) -> str:
    """Ask for the names of all alerts that have paged."""
    paged = select(foreign.ALERTS, 'alertstate="firing"', 'severity="page"')
    return f"group by (alertname) (count_over_time({paged}[{seconds + 1}s]))"


def told(alerts: Iterable[Named]) -> str:
    """Name alerts in a trial's name."""
    return ", ".join(f"{name} ({severity})" for name, severity in alerts)
