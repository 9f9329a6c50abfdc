"""Alerts about the watchers themselves, and the one by which burn alerts repeat no page."""

from typing import Final

from meshdoctor.telemetry.catalogue import TELEMETRY_SPANS
from observability import knobs
from observability.causes import WHERE
from observability.foreign import ALERTS, SCRAPE_SAMPLES
from observability.model import Alert, Rank, Severity
from observability.promql import select, total
from observability.troubles import PLACE

CAUSE_RECENT: Final = "CauseRecent"
EVERYWHERE: Final = "everywhere"
"""The value of `reach` when the cause explains burns in every namespace."""

WITHIN: Final = "namespace"
"""The value of `reach` when the cause explains burns in its own namespace."""

FAR_REACHING: Final = (Rank.NETWORK, Rank.DNS)
EXPLAINING: Final = (
    *(Rank.NETWORK, Rank.DNS, Rank.CLUSTER),
    *(Rank.ROUTING, Rank.RPC, Rank.ABSENCE),
)

_LAYER: Final = "watch"
_OURS: Final = f'job=~"{knobs.MARKETPLACE}|{knobs.RECOMMENDATIONS}|{knobs.AGENT}"'


def alerts() -> tuple[Alert, ...]:
    """Return what watching costs, and what it loses."""
    return (_dropped(), _cardinality())


def recent() -> tuple[Alert, ...]:
    """Return `CauseRecent` for the short window of each tier that pages."""
    return tuple(
        alert
        for window in paging_windows()
        for alert in (
            _recent(window, EVERYWHERE, "", FAR_REACHING),
            _recent(window, WITHIN, " by (namespace)", EXPLAINING),
        )
    )


def paging_windows() -> tuple[str, ...]:
    """Return the short windows of the tiers that page, the fastest first."""
    return tuple(tier.short for tier in knobs.TIERS if tier.severity == Severity.PAGE)


def _recent(window: str, reach: str, grouping: str, ranks: tuple[Rank, ...]) -> Alert:
    pages = select(
        ALERTS,
        'alertstate="firing"',
        f'severity="{Severity.PAGE}"',
        f'rank=~"{"|".join(ranks)}"',
    )
    return Alert(
        name=CAUSE_RECENT,
        family=CAUSE_RECENT,
        expression=f"count{grouping} (max_over_time({pages}[{window}]))",
        severity=Severity.NONE,
        rank=Rank.WATCH,
        layer=_LAYER,
        summary=f"A cause was paged within {window}",
        description=(
            f"{{{{ $value }}}} alerts by cause fired within {window}. The windows of burn alerts "
            "remember what these have told, so until then burn alerts page nobody."
        ),
        dashboard="mesh-overview",
        labels={"window": window, "reach": reach},
    )


def watchdog() -> Alert:
    """Return the alert that always fires."""
    return Alert(
        name="Watchdog",
        family="Watchdog",
        expression="vector(1)",
        severity=Severity.NONE,
        rank=Rank.WATCH,
        layer=_LAYER,
        summary="Alerting works",
        description=(
            "Always fires, with the value {{ $value }}. Whoever expects it hears at once when "
            "Prometheus or Alertmanager is silent."
        ),
        dashboard="mesh-overview",
    )


def _dropped() -> Alert:
    dropped = select(TELEMETRY_SPANS, 'outcome="dropped"')
    return Alert(
        name="TelemetryDropped",
        family="TelemetryDropped",
        expression=f"{total(f'increase({dropped}[5m])', *PLACE)} > 0",
        severity=Severity.TICKET,
        rank=Rank.WATCH,
        layer=_LAYER,
        summary=f"Spans of {WHERE} are lost",
        description=(
            f"{WHERE} dropped {{{{ $value | humanize }}}} spans within 5 min: the trace collector "
            "does not take them, or not fast enough. Traces have holes; visitors notice nothing."
        ),
        dashboard="mesh-runtime",
        hold="15m",
    )


def _cardinality() -> Alert:
    return Alert(
        name="MetricCardinalityHigh",
        family="MetricCardinalityHigh",
        expression=(
            f"max by ({', '.join(PLACE)}) ({select(SCRAPE_SAMPLES, _OURS)})"
            f" > {knobs.MOST_SAMPLES_PER_SCRAPE}"
        ),
        severity=Severity.TICKET,
        rank=Rank.WATCH,
        layer=_LAYER,
        summary=f"A page of metrics of {WHERE} has grown too long",
        description=(
            f"One scrape of {WHERE} brings {{{{ $value }}}} samples, more than "
            f"{knobs.MOST_SAMPLES_PER_SCRAPE}: some label takes values from what visitors send."
        ),
        dashboard="mesh-runtime",
        hold="10m",
    )
