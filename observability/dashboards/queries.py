"""The questions that several dashboards ask, in PromQL with Grafana's variables.

Two rules hold for all of them. Bad events read 0 while only good ones happen: a series that is born
with the first failure would leave a healthy panel without data. And what nobody measured stays
empty: there is no latency of nothing, and no "0 failures" of a mesh that cannot be read.
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

SHOP: Final = f'job="{knobs.MARKETPLACE}"'
"""The front: every process has HTTP's instruments, but only its are used."""

HANDLED: Final = 'rpc_response_status_code!="RESOURCE_EXHAUSTED"'
"""Matches what reached a handler; what a busy server turns away counts as 0 s."""

VISITORS: Final = f'http_route!~"{knobs.PROBE_ROUTES}"'
"""What visitors ask for: not what the kubelet does."""

QUANTILES: Final = (0.5, 0.95, 0.99)
_SMALLEST = 1e-9  # events per second: no division by zero, and 0 of nothing is 0


def series(metric: Name, *matchers: str, suffix: str = "") -> str:
    """Select the series of the chosen namespace."""
    return select(metric, *matchers, HERE, suffix=suffix)


def here(selector: str) -> str:
    """Keep a selector that was made elsewhere to the chosen namespace."""
    if not selector.endswith("}"):
        return f"{selector}{{{HERE}}}"
    return f"{selector.removesuffix('}')},{HERE}}}"


def counted(metric: Metric, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """Events per second of a histogram, in the chosen namespace."""
    return total(rate(series(metric, *matchers, suffix="_count"), WINDOW), *by)


def increased(metric: Metric, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """Events per second of a counter, in the chosen namespace."""
    return total(rate(series(metric, *matchers), WINDOW), *by)


def or_zero(part: str, whole: str, label: str = "", word: str = "none") -> str:
    """Answer 0 where `part` has no series although `whole`, of which it is a part, has.

    Not `vector(0)`: a mesh that nobody can read has no failures, but none to boast of.

    Args:
        part: events of interest.
        whole: all events, split as `part` is or, with `label`, not split at all.
        label: what `part` is split by, if by anything that `whole` is not.
        word: the value of `label` for the 0.
    """
    if not label:
        return f"{part} or {whole} * 0"
    # on (): the right side is kept only if the left side is empty.
    return f'{part} or on () label_replace({whole} * 0, "{label}", "{word}", "", "")'


def share(part: str, whole: str) -> str:
    """Divide two sums that are split alike: 0 while nothing happens."""
    return f"({or_zero(part, whole)}) / clamp_min({whole}, {_SMALLEST:g})"


def shares(parts: str, whole: str) -> str:
    """Divide each of `parts` by one sum."""
    return f"{parts} / on () group_left () clamp_min({whole}, {_SMALLEST:g})"


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
    per_bucket = rate(series(metric, *matchers, suffix="_bucket"), WINDOW)
    return (Query(total(per_bucket, "le"), "{{le}}"),)


def up_to(bound: float) -> tuple[Step, Step]:
    """Good below `bound`, bad from there on."""
    return Step("good"), Step("bad", bound)


def at_least(bound: float) -> tuple[Step, Step]:
    """Bad below `bound`, good from there on."""
    return Step("bad"), Step("good", bound)
