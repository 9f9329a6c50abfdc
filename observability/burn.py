"""Alerts on how fast an error budget is spent: two windows each, as in the SRE workbook, chapter 5.

Both windows must burn: the long one shows that it matters, the short one that it still goes on.
"""

from observability import knobs, slos
from observability.knobs import Tier
from observability.model import Alert, Rank, Severity
from observability.slos import Slo

LAYER = "objective"
"""What burn alerts say in place of a layer: they tell that visitors lose, not where."""


def alerts() -> tuple[Alert, ...]:
    """Return one alert for each objective and speed."""
    return tuple(_alert(slo, tier) for slo in slos.SLOS for tier in knobs.TIERS)


def _alert(slo: Slo, tier: Tier) -> Alert:
    family = f"{slo.title}BudgetBurn"
    return Alert(
        name=f"{family}{tier.name}",
        family=family,
        expression=_expression(slo, tier),
        severity=Severity(tier.severity) if slo.wakes else Severity.TICKET,
        rank=Rank.BURN,
        layer=LAYER,
        summary=f"{slo.name} spends its error budget {{{{ $value | humanize }}}} times too fast",
        description=(
            f"{slo.target:.2%} are promised to be {slo.promise}. What is not spends the "
            f"budget of {knobs.BUDGET_DAYS} days {{{{ $value | humanize }}}} times too fast over "
            f"{tier.long}, and more than {tier.burn:g} times over {tier.short}: it would last "
            f"{knobs.BUDGET_DAYS / tier.burn:.0f} days or less."
        ),
        dashboard=slo.dashboard,
        hold=tier.hold,
        labels={"slo": slo.name, "window": tier.short},
    )


def _expression(slo: Slo, tier: Tier) -> str:
    return (
        f"{_burn(slo, tier.long)} > {tier.burn:g}\n"
        f"and {_burn(slo, tier.short)} > {tier.burn:g}\n"
        f"and {_events(slo, tier.short)} > {knobs.LEAST_EVENTS_PER_SECOND:g}\n"
        f"and {_errors(slo, tier.long)} >= {knobs.LEAST_ERRORS:g}"
    )


def _burn(slo: Slo, window: str) -> str:
    return f'{slos.error_ratio(window)}{{slo="{slo.name}"}} / {slo.budget:g}'


def _events(slo: Slo, window: str) -> str:
    series = f'{slos.EVENTS}{{slo="{slo.name}"}}'
    return series if window == "5m" else f"avg_over_time({series}[{window}])"


def _errors(slo: Slo, window: str) -> str:
    series = f'{slos.ERRORS}{{slo="{slo.name}"}}'
    return f"sum_over_time({series}[{window}]) * {knobs.EVALUATE_OBJECTIVES_SECONDS}"
