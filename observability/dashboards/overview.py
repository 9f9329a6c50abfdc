"""The first page to open: is the mesh well, how much budget is left, which hop is in trouble."""

from typing import Final

from observability import foreign, knobs
from observability.dashboards import signals
from observability.dashboards.queries import HERE, WINDOW, at_least, here, or_zero, up_to
from observability.foreign import Source
from observability.model import Dashboard, Draw, Panel, Query, Row, Severity, Step
from observability.promql import rate, select, total
from observability.slos import BUDGET_LEFT, OBJECTIVE, SLOS, Slo, error_ratio

_ALERTS = select(foreign.ALERTS, 'alertstate="firing"', 'layer!=""')  # ours, of every namespace

_FIRING = Panel(
    title="What is firing",
    description="Alerts that fire now. Watchdog always does: if it is missing, alerting itself is "
    "down. Severity none informs machines only. A page names its cause; its runbook section is "
    "called like the alert.",
    unit="short",
    draw=Draw.TABLE,
    queries=(
        Query(
            f"sum by (severity, alertname, layer, cause, namespace) ({_ALERTS})",
            "{{severity}} {{alertname}} {{layer}} {{cause}} {{namespace}}",
        ),
    ),
    source=Source.PROMETHEUS,
    runbook="Watchdog",
)

_BUDGETS = Panel(
    title=f"Error budget left, {knobs.BUDGET_DAYS} days",
    description="What is left of each objective's error budget: 100 % is untouched, below 0 % the "
    "objective is missed. With little left, ship only what makes the mesh steadier. Prometheus "
    "judges by what it remembers: in its first hours, one fault overspends a month.",
    unit="percentunit",
    draw=Draw.GAUGE,
    queries=(Query(f"max by (slo) ({select(BUDGET_LEFT, HERE)})", "{{slo}}"),),
    steps=(Step("bad"), Step("warn", 0), Step("good", knobs.BUDGET_LOW_RATIO)),
    most=1,
)


def _burn(tier: knobs.Tier) -> Panel:
    error = f"max by (slo) ({select(error_ratio(tier.long), HERE)})"
    return Panel(
        title=f"Burn rate, {tier.long}",
        description=f"How many times faster than sustainable each budget is spent, judged by the "
        f"last {tier.long}. At 1 it lasts {knobs.BUDGET_DAYS} days; from {tier.burn:g} on, "
        f"somebody is paged if the last {tier.short} agree.",
        unit="short",
        draw=Draw.LINES,
        queries=(Query(f"{error} / on (slo) (1 - max by (slo) ({OBJECTIVE}))", "{{slo}}"),),
        steps=up_to(tier.burn),
        runbook="MarketplaceFreshnessBudgetBurn",
    )


def _now(slo: Slo, title: str, what: str) -> Panel:
    events, good = (total(rate(here(each), WINDOW)) for each in (slo.events, slo.good))
    return Panel(
        title=title,
        description=f"Share of {what} {slo.promise}, just now. The objective is "
        f"{100 * slo.target:g} %. Below it the budget shrinks: open the dashboard of that hop.",
        unit="percentunit",
        draw=Draw.FIGURE,
        queries=(Query(f"({or_zero(good, events)}) / {events}", "good"),),
        steps=at_least(slo.target),
        width=4,
        height=4,
        runbook=f"{slo.title}BudgetBurn",
    )


_SHOWN: Final = {
    "marketplace-availability": ("Pages answered", "HTTP requests"),
    "marketplace-latency": ("Pages in time", "HTTP requests"),
    "marketplace-freshness": ("Pages live", "pages"),
    "recommendations-availability": ("Calls answered", "gRPC calls"),
    "recommendations-latency": ("Calls in time", "gRPC calls"),
    "dns-lookups": ("Lookups in time", "DNS lookups"),
}
"""How an objective is called here, and what its events are."""

_BURNS = tuple(_burn(tier) for tier in knobs.TIERS if tier.severity == Severity.PAGE)

DASHBOARD: Final = Dashboard(
    uid="mesh-overview",
    title="Mesh overview",
    description="Start here. What is firing, how much error budget is left, and the golden "
    "signals of each hop from the visitor to DNS: the first hop from the bottom that looks bad is "
    "where to go on.",
    rows=(
        Row(
            "Good events now, against the objectives",
            tuple(_now(slo, *_SHOWN[slo.name]) for slo in SLOS),
        ),
        Row("Alerts and budgets", (_FIRING, _BUDGETS, *_BURNS)),
        signals.HTTP,
        Row("Degraded pages", (signals.DEGRADED, signals.FRESHNESS)),
        signals.CLIENT,
        signals.SERVER,
        signals.DNS,
    ),
)
"""Golden signals per hop, budgets, burn rates, alerts."""
