"""Burn alerts: all six objectives at once spend their budgets a little too fast, or nearly."""

from dataclasses import dataclass
from typing import ClassVar, Final

from meshdoctor.telemetry import catalogue
from observability import knobs
from observability.model import Severity
from tests.support.alert_cases import Case, never, with_bystanders
from tests.support.bookstore import calls, lookups, shop
from tests.support.pods import Events, Target, scraped, steady
from tests.support.promtool import Answer, Firing, Shown, Trial
from tests.support.rulebook import Named

EVALUATED: Final = knobs.EVALUATE_OBJECTIVES_SECONDS
RATE: Final = 100_000 / EVALUATED
"""Events a second: so many that every share of them is a whole number at each evaluation."""

PROMISES: Final = {
    "MarketplaceAvailability": "99.90% are promised to be answered without a server error",
    "MarketplaceLatency": "99.00% are promised to be answered within 0.25 s",
    "MarketplaceFreshness": "99.00% are promised to be made from live recommendations",
    "RecommendationsAvailability": "99.50% are promised to be answered by a backend, as the caller "
    "sees it",
    "RecommendationsLatency": "99.00% are promised to be answered within 0.1 s, as the caller "
    "sees it",
    "DnsLookups": "99.90% are promised to be answered with an address within 0.1 s",
}
SLOS: Final = dict(zip(PROMISES, knobs.OBJECTIVES, strict=True))


@dataclass(frozen=True, slots=True)
class Speed:
    """One speed of burning, as its alerts tell it.

    Attributes:
        name: how the names of its alerts end.
        severity: of its alerts.
        fires: a burn that is too fast.
        silent: one that nearly is.
        hold: seconds that it must last.
        windows: the long and the short window.
        limit: the burn that is too fast.
        days: how long the budget would last at that.
    """

    name: str
    severity: Severity
    fires: int
    silent: float
    hold: int
    windows: tuple[str, str]
    limit: str
    days: int


SPEEDS: Final = (
    Speed("Fast", Severity.PAGE, 20, 14, 120, ("1h", "5m"), "14.4", 2),
    Speed("High", Severity.PAGE, 10, 5.5, 900, ("6h", "30m"), "6", 5),
    Speed("Slow", Severity.TICKET, 5, 2.8, 3600, ("1d", "2h"), "3", 10),
    Speed("Chronic", Severity.TICKET, 2, 0.9, 10800, ("3d", "6h"), "1", 30),
)


def burning(burn: float) -> tuple[Target, ...]:
    """One Pod that spends every budget `burn` times too fast from the first second on."""
    return (shop("shop-1", *_pages(burn), *_fresh(burn), *_calls(burn), *_lookups(burn)),)


def _bad(slo: str, burn: float) -> float:
    return burn * round(1 - knobs.OBJECTIVES[slo], 9)


def _pages(burn: float) -> tuple[Events, ...]:
    broken = RATE * _bad("marketplace-availability", burn)
    late = (RATE - broken) * _bad("marketplace-latency", burn)
    kinds = (("500", broken, 0.0), ("200", late, 0.5), ("200", RATE - broken - late, 0.02))
    return tuple(
        Events(catalogue.HTTP_SERVER_DURATION, ("GET", "/", status), steady(rate), seconds)
        for status, rate, seconds in kinds
    )


def _fresh(burn: float) -> tuple[Events, ...]:
    stale = RATE * _bad("marketplace-freshness", burn)
    return tuple(
        Events(catalogue.HTTP_SERVER_FRESHNESS, ("/", kind), steady(rate))
        for kind, rate in (("live", RATE - stale), ("stale", stale))
    )


def _calls(burn: float) -> tuple[Events, ...]:
    failed = RATE * _bad("recommendations-availability", burn)
    late = (RATE - failed) * _bad("recommendations-latency", burn)
    return (
        *calls(steady(failed), code="UNAVAILABLE", cause="connect-lost"),
        *calls(steady(late), seconds=0.2),
        *calls(steady(RATE - failed - late)),
    )


def _lookups(burn: float) -> tuple[Events, ...]:
    late = RATE * _bad("dns-lookups", burn)
    return (*lookups(steady(late), "", 0.2), *lookups(steady(RATE - late)))


def _alerts(speed: Speed) -> tuple[Named, ...]:
    return tuple(
        (f"{family}BudgetBurn{speed.name}", _severity(family, speed)) for family in PROMISES
    )


def _severity(family: str, speed: Speed) -> Severity:
    """Nobody is woken for a budget of what only we depend on."""
    return Severity.TICKET if family == "DnsLookups" else speed.severity


@dataclass(frozen=True, slots=True)
class TooFast:
    """Six alerts of one speed fire once both windows have burned long enough."""

    speed: Speed
    fires: ClassVar = True

    @property
    def alerts(self) -> tuple[Named, ...]:
        """What it is about."""
        return _alerts(self.speed)

    def trials(self) -> tuple[Trial, ...]:
        """Return the one trial."""
        # The first scrape finds nothing counted yet, and a rate takes two that do.
        begin = 2 * EVALUATED
        now = begin + self.speed.hold
        step, series = scraped(with_bystanders(burning(self.speed.fires)), now, every=EVALUATED)
        checks: list[Answer | Firing] = []
        for family, alert in zip(PROMISES, self.alerts, strict=True):
            checks += [never(alert, now - EVALUATED), Firing(now, alert[0], (self._shown(family),))]
        return (Trial(f"BudgetBurn{self.speed.name}: burning", step, series, tuple(checks)),)

    def _shown(self, family: str) -> Shown:
        speed, slo = self.speed, SLOS[family]
        long, short = speed.windows
        dashboard = {"r": "mesh-grpc", "d": "mesh-dns-network"}.get(slo[0], "mesh-overview")
        return Shown(
            {
                "namespace": knobs.NAMESPACE,
                "slo": slo,
                "window": short,
                "severity": _severity(family, speed),
                "rank": "burn",
                "layer": "objective",
            },
            {
                "summary": f"{slo} spends its error budget {speed.fires} times too fast",
                "description": f"{PROMISES[family]}. What is not spends the budget of 30 days "
                f"{speed.fires} times too fast over {long}, and more than {speed.limit} times over "
                f"{short}: it would last {speed.days} days or less.",
                "runbook_url": f"{knobs.RUNBOOK}#{family.lower()}budgetburn",
                "dashboard_url": f"{knobs.GRAFANA}/d/{dashboard}",
            },
        )


@dataclass(frozen=True, slots=True)
class Slower:
    """Six alerts of one speed stay silent a little below it."""

    speed: Speed
    fires: ClassVar = False

    @property
    def alerts(self) -> tuple[Named, ...]:
        """What it is about."""
        return _alerts(self.speed)

    def trials(self) -> tuple[Trial, ...]:
        """Return the one trial: two minutes longer than it would take to fire."""
        end = self.speed.hold + 2 * EVALUATED + 120
        step, series = scraped(with_bystanders(burning(self.speed.silent)), end, every=EVALUATED)
        checks = tuple(never(alert, end) for alert in self.alerts)
        return (Trial(f"BudgetBurn{self.speed.name} silent: nearly burning", step, series, checks),)


CASES: Final[tuple[Case, ...]] = tuple(
    case for speed in SPEEDS for case in (TooFast(speed), Slower(speed))
)
