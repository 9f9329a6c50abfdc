"""A total outage of half an hour: burn alerts go on after it, and somebody has said why.

All rules at the pace of the causes here, so that both can be seen side by side.
"""

from pathlib import Path
from typing import Final

import pytest

from observability import foreign, knobs
from observability.promql import select
from tests.support.alert_cases import with_bystanders
from tests.support.bookstore import PAGES, failing_calls, failing_lookups, pages, shop
from tests.support.pods import Span, Target, besides, scraped, steady
from tests.support.promtool import Answer, Trial, verdict
from tests.support.rulebook import RULES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BEGIN: Final = 300
HEAL: Final = BEGIN + 1800
END: Final = HEAL + 1860

BURNING: Final = select(foreign.ALERTS, 'alertstate="firing"', 'severity="page"', 'rank="burn"')
RECENT: Final = select(foreign.ALERTS, 'alertstate="firing"', 'alertname="CauseRecent"')

HOPS: Final = ("DnsLookups", "MarketplaceFreshness", "RecommendationsAvailability")
"""Whose budget such an outage spends: pages still come, from memory."""


def dead(span: Span) -> tuple[Target, ...]:
    """One Pod that finds no name and gets no answer within a span."""
    return with_bystanders(
        (
            shop(
                "shop-1",
                *pages(besides(PAGES, span)),
                *pages(steady(PAGES, *span), freshness="stale"),
                *failing_calls(span, (1, "UNAVAILABLE", "dns-timeout")),
                *failing_lookups(span, "dns-timeout"),
            ),
        )
    )


def fired(speed: str) -> dict[str, float]:
    """The burn alerts of a speed that this outage raises, as a query tells them."""
    return {f'{{alertname="{hop}BudgetBurn{speed}"}}': 1 for hop in HOPS}


def ever(speed: str) -> str:
    """Ask which burn alerts of a speed have fired."""
    name = f'alertname=~".+{speed}"'
    burning = select(foreign.ALERTS, 'alertstate="firing"', 'rank="burn"', name)
    return f"group by (alertname) (count_over_time({burning}[{END}s]))"


def test_while_a_budget_burns_for_a_known_cause_the_cause_is_recent(tmp_path: Path) -> None:
    """Fast and High fire, and at no moment without `CauseRecent` of their own window."""
    unexplained = f"{BURNING} unless on (namespace, window) {RECENT}"
    late = knobs.EVALUATE_OBJECTIVES_SECONDS
    explained = f"group by (window) ({RECENT})"
    step, series = scraped(dead((BEGIN, HEAL)), END)
    checks = (
        Answer(END, ever("Fast"), fired("Fast")),
        Answer(END, ever("High"), fired("High")),
        Answer(END, f"max_over_time(({unexplained})[{END}s:{knobs.EVALUATE_SECONDS}s])"),
        # Objectives are evaluated more seldom, so what ends here may go on for that long.
        Answer(HEAL + 300, select(foreign.ALERTS, 'alertstate="firing"', 'alertname=~".+Fast"')),
        Answer(HEAL + 300 + late, explained, {'{window="5m"}': 1, '{window="30m"}': 1}),
        Answer(HEAL + 1800, BURNING),
        Answer(HEAL + 1800 + late, explained, {'{window="30m"}': 1}),
    )

    trial = Trial("half an hour without names and calls", step, series, checks)

    assert "" == verdict([trial], RULES, tmp_path, every=knobs.EVALUATE_SECONDS)
