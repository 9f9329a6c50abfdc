"""docs/observability.md tells what is generated, every objective, alert and dashboard, truly."""

from collections import defaultdict
from typing import Any, Final

import pytest

from observability import knobs, slos
from tests.support.rulebook import GENERATED
from tests.support.runbook import RUNBOOK, tables
from tests.test_runbook import ALERTS, anchor_of, layer_of

WATCHERS: Final = RUNBOOK.with_name("observability.md")


def watched(title: str) -> list[tuple[str, ...]]:
    """Return the rows of the tables below a heading of the page about the watchers."""
    text = WATCHERS.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return tables(text)


def test_the_page_of_the_watchers_tells_every_file() -> None:
    """Its table of generated files leaves none out and names none that is not there."""
    named = (row[0].strip("`") for row in watched("What is generated"))
    found = {
        name: set(GENERATED.glob(f"{name}**/*" if name.endswith("/") else name)) for name in named
    }

    assert [] == [name for name, paths in found.items() if not paths]
    assert set() == {path for path in GENERATED.rglob("*.*") if path.is_file()} - set().union(
        *found.values()
    )


def test_the_page_of_the_watchers_tells_the_objectives() -> None:
    """Names, targets and promises are those of the code, and so are the speeds of burning."""
    objectives = [(f"`{slo.name}`", f"{slo.target * 100:g} %", slo.promise) for slo in slos.SLOS]
    tiers = [
        (f"`BudgetBurn{it.name}`", f"{it.burn:g}", it.long, it.short, it.hold, it.severity)
        for it in knobs.TIERS
    ]

    assert [*objectives, *tiers] == watched("Objectives")
    assert f"below {knobs.LEAST_EVENTS_PER_SECOND:g} events a second" in WATCHERS.read_text("utf-8")
    assert f"over {knobs.BUDGET_DAYS} days" in WATCHERS.read_text("utf-8")


def test_the_page_of_the_watchers_tells_every_alert() -> None:
    """Its table has a row for each alert by cause: severity, layer, and how long it must hold."""
    named: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for rule in ALERTS:
        if rule["labels"]["rank"] != "burn":
            heading = f"[`{rule['alert']}`](runbook.md#{anchor_of(rule)})"
            named[heading, rule["labels"]["severity"]].append(rule)

    assert {
        key: (layer_of(rules), "/".join(sorted({rule.get("for", "") for rule in rules})))
        for key, rules in named.items()
    } == {
        (row[0], row[1]): (row[2], row[4].partition(" ")[0])
        for row in watched("Alerts")
        if row[0].startswith("[")
    }


@pytest.mark.parametrize(
    ("alert", "severity", "told"),
    [
        ("DnsFailureRatioHigh", "page", f"{knobs.DNS_FAILURE_RATIO:.0%}"),
        ("ServiceWithoutAddress", "page", f"{knobs.DNS_FAILURE_RATIO:.0%}"),
        ("RecommendationsUnavailableRate", "page", f"{knobs.UNAVAILABLE_RATIO:.0%}"),
        ("RecommendationsErrorRate", "page", f"{knobs.ERROR_RATIO:.0%}"),
        ("GrpcLoadShedding", "page", f"{knobs.SHEDDING_PAGE_RATIO:.0%}"),
        ("GrpcLoadShedding", "ticket", f"{knobs.SHEDDING_TICKET_RATIO:.0%}"),
        ("GrpcDeadlineRatioHigh", "ticket", f"{knobs.DEADLINE_TICKET_RATIO:.0%}"),
        ("RetryBudgetExhausted", "ticket", f"{knobs.RETRY_RATIO:.0%}"),
        ("DnsLookupSlow", "ticket", f"{knobs.DNS_SLOW_SECONDS:g} s"),
        ("TlsCertExpirySoon", "ticket", f"less than {knobs.TLS_SOON_SECONDS // 86400} days"),
        ("TlsCertExpiryCritical", "page", f"less than {knobs.TLS_CRITICAL_SECONDS // 86400} days"),
        ("MetricCardinalityHigh", "ticket", f"{knobs.MOST_SAMPLES_PER_SCRAPE} samples"),
    ],
)
def test_the_page_of_the_watchers_tells_the_thresholds(
    alert: str, severity: str, told: str
) -> None:
    """A threshold in its table is that of the knobs."""
    (when,) = (
        row[3]
        for row in watched("Alerts")
        if row[0].startswith(f"[`{alert}`]") and row[1] == severity
    )

    assert told.replace("%", " %") in when


def test_the_page_of_the_watchers_tells_every_dashboard() -> None:
    """Its table lists the dashboards that are generated."""
    generated = {f"`{path.stem}`" for path in (GENERATED / "grafana/dashboards").glob("*.json")}

    assert generated == {row[0] for row in watched("Grafana")}
