"""The questions that several dashboards ask, in PromQL with Grafana's variables.

Two rules hold for all of them. A share or a count of bad events reads 0 while nothing bad happens:
a series that is born with the first failure would leave a healthy panel without data. And a
quantile of nothing stays nothing: an idle mesh has no latency.
"""

from typing import Final

from meshdoctor.telemetry.catalogue import Metric
from observability import knobs
from observability.model import Query, Step
from observability.promql import Name, quantile, rate, select, total

WINDOW: Final = "$__rate_interval"
"""Grafana's: wide enough for four scrapes, however far one has zoomed out."""

HERE: Final = 'namespace=~"$namespace"'
"""The chosen namespace. `.*`, the default, also fits series that have none."""

RPC: Final = f'rpc_method=~"{knobs.RPC_METHODS}"'
"""The calls that the objectives are about: health checks and pings are not."""

VISITORS: Final = f'http_route!~"{knobs.PROBE_ROUTES}"'
"""What visitors ask for: not what the kubelet does."""

QUANTILES: Final = (0.5, 0.95, 0.99)
_SMALLEST = 1e-9  # events per second: no division by zero, and 0 of nothing is 0


def series(metric: Name, *matchers: str, suffix: str = "") -> str:
    """Select the series of the chosen namespace."""
    return select(metric, *matchers, HERE, suffix=suffix)


def counted(metric: Metric, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """Events per second of a histogram, in the chosen namespace."""
    return total(rate(series(metric, *matchers, suffix="_count"), WINDOW), *by)


def increased(metric: Metric, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """Events per second of a counter, in the chosen namespace."""
    return total(rate(series(metric, *matchers), WINDOW), *by)


def or_zero(expression: str, label: str = "", word: str = "none") -> str:
    """Answer 0 where `expression` has no series at all, called `word` by `label` if one is given.

    `or on ()` keeps the right side only if the left side is empty: Prometheus' documentation,
    logical/set binary operators.
    """
    zero = f'label_replace(vector(0), "{label}", "{word}", "", "")' if label else "vector(0)"
    return f"{expression} or on () {zero}"


def share(part: str, whole: str, *, each: bool = False) -> str:
    """Divide two sums: 0 if there is nothing to divide.

    Args:
        part: events of interest, per second.
        whole: all events, per second.
        each: whether both are split by the same labels, so that each of `whole` has its share.
    """
    parts = f"{part} or {whole} * 0" if each else or_zero(part)
    return f"({parts}) / clamp_min({whole}, {_SMALLEST:g})"


def shares(parts: str, whole: str, label: str) -> str:
    """Divide each of `parts`, which are split by `label`, by one sum."""
    return f"({or_zero(parts, label)}) / on () group_left () clamp_min({whole}, {_SMALLEST:g})"


def quantiles(
    metric: Metric, *matchers: str, shares: tuple[float, ...] = QUANTILES, name: str = ""
) -> tuple[Query, ...]:
    """Ask for quantiles of a duration in the chosen namespace.

    Args:
        metric: a histogram.
        matchers: which of its series.
        shares: which quantiles.
        name: whose, for the legend; empty says only `p99`.
    """
    return tuple(
        Query(
            quantile(each, metric, *matchers, HERE, window=WINDOW),
            " ".join(filter(None, (name, f"p{100 * each:g}"))),
        )
        for each in shares
    )


def buckets(metric: Metric, *matchers: str) -> tuple[Query]:
    """Ask for a histogram's buckets, as a heatmap wants them."""
    per_bucket = rate(select(metric, *matchers, suffix="_bucket"), WINDOW)
    return (Query(total(per_bucket, "le"), "{{le}}"),)


def up_to(bound: float) -> tuple[Step, Step]:
    """Good below `bound`, bad from there on."""
    return Step("good"), Step("bad", bound)


def at_least(bound: float) -> tuple[Step, Step]:
    """Bad below `bound`, good from there on."""
    return Step("bad"), Step("good", bound)
