"""Pieces of PromQL: metric names come from the catalogue, and braces are in one place."""

from meshdoctor.telemetry.catalogue import Metric

Name = Metric | str


def select(metric: Name, *matchers: str, suffix: str = "") -> str:
    """Name series: `select(HTTP, 'job="shop"', suffix="_count")` is `http_..._count{job="shop"}`.

    Args:
        metric: of the catalogue, or a name of `foreign.py`.
        matchers: label matchers, each whole.
        suffix: `_count`, `_sum` or `_bucket` of a histogram.

    Returns:
        An instant vector selector.
    """
    name = metric.name if isinstance(metric, Metric) else metric
    inside = ",".join(matchers)
    return f"{name}{suffix}{{{inside}}}" if inside else f"{name}{suffix}"


def rate(selector: str, window: str) -> str:
    """Per second, over a window such as `5m` or `$__rate_interval`."""
    return f"rate({selector}[{window}])"


def duration(seconds: int) -> str:
    """Write a duration as PromQL does: 15 is `15s`, 60 is `1m`, 7200 is `2h`."""
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def total(expression: str, *labels: str) -> str:
    """Add series up, keeping `labels` apart."""
    return f"sum by ({', '.join(labels)}) ({expression})" if labels else f"sum({expression})"


def listed(asked: str, shown: str, *order: str, between: str) -> str:
    """Write a Go template that lists what a query answers (Prometheus, "Template reference").

    Args:
        asked: the template's words that ask: query `up == 0`.
        shown: what stands for each sample; a template too.
        order: labels by which the samples are sorted, the first one first: a query's own order is
            chance.
        between: what stands between two.
    """
    sorts = "".join(f' | sortByLabel "{label}"' for label in reversed(order))
    sample, number = "$sample", "$number"
    head = f"{{{{ range {number}, {sample} := {asked}{sorts} }}}}"
    return f"{head}{{{{ if {number} }}}}{between}{{{{ end }}}}{shown}{{{{ end }}}}"


def quantile(
    share: float, metric: Name, *matchers: str, window: str, by: tuple[str, ...] = ()
) -> str:
    """Estimate a quantile of a histogram, in its unit, keeping the labels `by` apart.

    Args:
        share: 0.99 of the p99.
        metric: a histogram of the catalogue, or the name of the buckets of another.
        matchers: which of its series.
        window: of the rate.
        by: labels that are kept apart.
    """
    suffix = "_bucket" if isinstance(metric, Metric) else ""
    buckets = total(rate(select(metric, *matchers, suffix=suffix), window), "le", *by)
    return f"histogram_quantile({share:g}, {buckets})"


def within(metric: Metric, bound: float, *matchers: str) -> str:
    """Select the bucket of events that took at most `bound` seconds.

    Raises:
        ValueError: no bucket of the histogram ends there, so nothing could be told.
    """
    if bound not in metric.buckets:
        raise ValueError(f"{metric.name} has no bucket that ends at {bound:g} s: {metric.buckets}")
    return select(metric, *matchers, f'le="{float(bound)!r}"', suffix="_bucket")
