"""Alerts about the watching: each fires on its fault, and stays silent on what is nearly it."""

from dataclasses import dataclass
from typing import ClassVar, Final

from meshdoctor.telemetry.catalogue import TELEMETRY_SPANS
from observability import knobs
from observability.foreign import SCRAPE_SAMPLES
from observability.model import Severity
from tests.support.alert_cases import (
    Case,
    Fires,
    Silent,
    Times,
    firing,
    told,
    with_bystanders,
)
from tests.support.bookstore import failing_lookups, shop
from tests.support.pods import Count, Events, Level, Span, Target, at, scraped, steady
from tests.support.promtool import Answer, Firing, Shown, Trial
from tests.support.rulebook import Named

DROPPED: Final = ("TelemetryDropped", Severity.TICKET)
LONG_PAGES: Final = ("MetricCardinalityHigh", Severity.TICKET)
RECENT: Final = ("CauseRecent", Severity.NONE)
WATCHDOG: Final = ("Watchdog", Severity.NONE)

WINDOWS: Final = f"count by (window) ({firing(RECENT)})"
"""Which windows remember a page still."""

HERE: Final = {
    "namespace": knobs.NAMESPACE,
    "job": knobs.MARKETPLACE,
    "rank": "watch",
    "layer": "watch",
}


def spans(dropped: Count) -> tuple[Target, ...]:
    """One Pod that exports spans and drops some."""
    kinds = (("exported", steady(2)), ("dropped", dropped))
    return (shop("shop-1", *(Events(TELEMETRY_SPANS, (kind,), count) for kind, count in kinds)),)


def long_pages(span: Span, samples: float) -> tuple[Target, ...]:
    """Two Pods, of which one has a long page within a span."""

    def grown(now: float) -> float:
        return samples if span[0] <= now < span[1] else 400.0

    return (
        shop("shop-1", Level(SCRAPE_SAMPLES, {}, grown)),
        shop("shop-2", Level(SCRAPE_SAMPLES, {}, lambda _now: 400.0)),
    )


@dataclass(frozen=True, slots=True)
class Steers:
    """An alert that nobody is told of: it may have several series, and has its own checks."""

    alert: Named
    story: str
    targets: tuple[Target, ...]
    checks: tuple[Answer | Firing, ...]
    fires: ClassVar = True

    @property
    def alerts(self) -> tuple[Named, ...]:
        """What it is about."""
        return (self.alert,)

    def trials(self) -> tuple[Trial, ...]:
        """Return the one trial."""
        end = max(check.at for check in self.checks)
        step, series = scraped(self.targets, end)
        return (Trial(f"{told(self.alerts)}: {self.story}", step, series, self.checks),)


def links(family: str) -> dict[str, str]:
    """Return where an alert of the watchers leads to."""
    return {
        "runbook_url": f"{knobs.RUNBOOK}#{family}",
        "dashboard_url": f"{knobs.GRAFANA}/d/mesh-overview",
    }


def recent(window: str, reach: str, **labels: str) -> Shown:
    """A page within a window."""
    return Shown(
        {
            "rank": "watch",
            "layer": "watch",
            "severity": Severity.NONE,
            "window": window,
            "reach": reach,
            **labels,
        },
        {
            **links("causerecent"),
            "summary": f"A cause was paged within {window}",
            "description": f"1 alerts by cause fired within {window}. The windows of burn alerts "
            "remember what these have told, so until then burn alerts page nobody.",
        },
    )


def one_blind_shop(span: Span) -> tuple[Target, ...]:
    """One Pod whose lookups fail within a span."""
    return with_bystanders((shop("shop-1", *failing_lookups(span, "dns-timeout")),))


STEERING: Final = (
    Steers(
        RECENT,
        "lookups fail for 90 s: remembered for 5 and for 30 min, everywhere and here",
        one_blind_shop((120, 210)),
        (
            Answer(120 + 30, firing(RECENT)),
            Firing(
                120 + 55,
                RECENT[0],
                tuple(
                    recent(window, reach, **labels)
                    for window in ("5m", "30m")
                    for reach, labels in (
                        ("everywhere", {}),
                        ("namespace", {"namespace": knobs.NAMESPACE}),
                    )
                ),
            ),
            Answer(210 + 300, WINDOWS, {'{window="5m"}': 2, '{window="30m"}': 2}),
            Answer(210 + 360, WINDOWS, {'{window="30m"}': 2}),
            Answer(210 + 1860, WINDOWS),
        ),
    ),
    Steers(
        WATCHDOG,
        "there is nothing at all",
        (),
        tuple(
            Firing(
                second,
                WATCHDOG[0],
                (
                    Shown(
                        {"rank": "watch", "layer": "watch", "severity": Severity.NONE},
                        {
                            **links("watchdog"),
                            "summary": "Alerting works",
                            "description": "Always fires, with the value 1. Whoever expects it "
                            "hears at once when Prometheus or Alertmanager is silent.",
                        },
                    ),
                ),
            )
            for second in (0, 3600)
        ),
    ),
)

FIRING: Final = (
    Fires(
        DROPPED,
        "two spans of a second are dropped",
        lambda span: spans(steady(2, *span)),
        Times(silent=870, by=1020, ends=360, lasts=1200),
        HERE,
        "Spans of bookstore/marketplace are lost",
        "bookstore/marketplace dropped 600 spans within 5 min: the trace collector does not take "
        "them, or not fast enough. Traces have holes; visitors notice nothing.",
        "mesh-runtime",
    ),
    Fires(
        LONG_PAGES,
        "one Pod's page has 2500 samples",
        lambda span: long_pages(span, 2500),
        Times(silent=570, by=660, ends=60, lasts=900),
        HERE,
        "A page of metrics of bookstore/marketplace has grown too long",
        "One scrape of bookstore/marketplace brings 2500 samples, more than 2000: some label takes "
        "values from what visitors send.",
        "mesh-runtime",
    ),
)

SILENT: Final = (
    Silent((DROPPED,), "spans are dropped for a minute", spans(steady(2, 300, 360)), 1800),
    Silent(
        (DROPPED,), "a span is dropped, and ten minutes later another", spans(at(300, 900)), 1800
    ),
    Silent((RECENT,), "lookups fail for 20 s", one_blind_shop((121, 141)), 400),
    Silent((LONG_PAGES,), "a page has 1900 samples", long_pages((60, 1800), 1900), 1800),
)

CASES: Final[tuple[Case, ...]] = (*STEERING, *FIRING, *SILENT)
