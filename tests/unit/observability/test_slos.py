"""Objectives and burn alerts: what is promised, and how fast the budget may go."""

import re

import pytest

from meshdoctor.telemetry.catalogue import DNS_LOOKUP_DURATION
from observability import burn, knobs, slos
from observability.knobs import Tier
from observability.model import Alert, Rank
from observability.promql import within
from observability.slos import SLOS, Slo

by_slo = pytest.mark.parametrize("slo", SLOS, ids=lambda slo: slo.name)
by_tier = pytest.mark.parametrize("tier", knobs.TIERS, ids=lambda tier: tier.name)

BURNS = {alert.name: alert for alert in burn.alerts()}


def burn_alert(slo: Slo, tier: Tier) -> Alert:
    """Return the burn alert of an objective at a speed."""
    return BURNS[f"{slo.title}BudgetBurn{tier.name}"]


def test_every_objective_is_measured() -> None:
    """The knobs name six objectives, and each is recorded, in that order."""
    assert list(knobs.OBJECTIVES) == [slo.name for slo in SLOS]
    assert len(SLOS) * len(knobs.TIERS) == len(BURNS)


def test_a_name_becomes_the_beginning_of_its_alerts() -> None:
    """`dns-lookups` is read aloud as DnsLookups."""
    expected = [
        "MarketplaceAvailability",
        "MarketplaceLatency",
        "MarketplaceFreshness",
        "RecommendationsAvailability",
        "RecommendationsLatency",
        "DnsLookups",
    ]

    assert expected == [slo.title for slo in SLOS]


@by_slo
def test_a_budget_is_what_the_target_leaves(slo: Slo) -> None:
    """0.999 leaves 0.001, and not 0.0010000000000000009."""
    assert pytest.approx(1) == slo.target + slo.budget
    assert 6 >= len(str(slo.budget))


@by_slo
def test_every_window_of_a_tier_is_recorded(slo: Slo) -> None:
    """A burn alert that reads a window which nobody records would be silent for ever."""
    recorded = {
        rule.name for rule in slos.records() if rule.labels.get("slo", slo.name) == slo.name
    }
    windows = {window for tier in knobs.TIERS for window in (tier.long, tier.short)}

    assert {slos.error_ratio(window) for window in windows} <= recorded
    assert {slos.EVENTS, slos.ERRORS, slos.OBJECTIVE, slos.BUDGET_LEFT} <= recorded


def test_a_rule_comes_after_what_it_reads() -> None:
    """Rules of a group run in order, so that each reads values of the same instant."""
    names = [rule.name for rule in slos.records()]

    for place, rule in enumerate(slos.records()):
        reads = set(re.findall(r"slo:[a-z_]+:\w+", rule.expression))
        assert set() == reads - set(names[:place]), rule.name


@by_slo
@by_tier
def test_a_burn_alert_asks_both_windows_and_for_traffic(slo: Slo, tier: Tier) -> None:
    """It matters (long window), it goes on (short one), and it is no handful of the unlucky."""
    alert = burn_alert(slo, tier)
    long, short, events, errors = alert.expression.split("\nand ")

    assert (
        f'{slos.error_ratio(tier.long)}{{slo="{slo.name}"}} / {slo.budget:g} > {tier.burn:g}'
        == (long)
    )
    assert long.replace(f"rate{tier.long}{{", f"rate{tier.short}{{") == short
    assert events.endswith(f" > {knobs.LEAST_EVENTS_PER_SECOND:g}")
    assert f"[{tier.long}]) * {knobs.EVALUATE_OBJECTIVES_SECONDS} >= {knobs.LEAST_ERRORS}" in errors
    assert (slo.name, tier.short) == (alert.labels["slo"], alert.labels["window"])
    severity = tier.severity if slo.wakes else "ticket"
    assert (severity, tier.hold, Rank.BURN) == (alert.severity, alert.hold, alert.rank)


def test_a_bound_between_two_buckets_is_refused() -> None:
    """Buckets that end at 0.1 and 0.25 s cannot tell how many took less than 0.2 s."""
    with pytest.raises(ValueError, match=r"no bucket that ends at 0\.2 s"):
        within(DNS_LOOKUP_DURATION, 0.2)
