"""What a run's seconds become on a chart: which figures, in which colour, how many points."""

import math
from collections.abc import Callable, Sequence

from meshdoctor.lab.model import Sample
from meshdoctor.lab.report.charts import Curves, Line
from meshdoctor.lab.report.numbers import count, finite, milliseconds, plain

# As many columns as a pointer can tell apart; it also bounds the file of an hours-long run.
MOST_POINTS = 120


def step(samples: Sequence[object]) -> int:
    """Return how many samples one point of a chart stands for."""
    return max(1, math.ceil(len(samples) / MOST_POINTS))


def thin(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Join neighbouring samples until at most `MOST_POINTS` are left.

    Args:
        samples: of a run, one a second.

    Returns:
        Joined samples: rates are means, latencies and users the largest of the joined ones, so
        that no spike is smoothed away.
    """
    size = step(samples)
    groups = [samples[first : first + size] for first in range(0, len(samples), size)]
    return tuple(map(_join, groups))


def _join(group: Sequence[Sample]) -> Sample:
    return Sample(
        at=group[0].at,
        users=max(sample.users for sample in group),
        rps=sum(sample.rps for sample in group) / len(group),
        failures_per_s=sum(sample.failures_per_s for sample in group) / len(group),
        p50_ms=max(sample.p50_ms for sample in group),
        p95_ms=max(sample.p95_ms for sample in group),
        p99_ms=max(sample.p99_ms for sample in group),
    )


def throughput(samples: Sequence[Sample]) -> Curves:
    """Requests and failures a second."""
    return Curves(
        says=_says("Requests per second", [sample.rps for sample in samples], plain),
        times=_times(samples),
        lines=(
            Line("requests", tuple(sample.rps for sample in samples), "blue", filled=True),
            Line("failures", tuple(sample.failures_per_s for sample in samples), "red"),
        ),
        unit="per second",
        show=plain,
    )


def latencies(samples: Sequence[Sample]) -> Curves:
    """The quantiles of each second; a second without a request has none, so a gap."""
    quantiles = {
        "p50": ("sky", [sample.p50_ms for sample in samples]),
        "p95": ("blue", [sample.p95_ms for sample in samples]),
        "p99": ("purple", [sample.p99_ms for sample in samples]),
    }
    return Curves(
        says=_says("99th percentile of the latency", quantiles["p99"][1], milliseconds),
        times=_times(samples),
        lines=tuple(
            Line(
                name,
                tuple(
                    value if sample.rps > 0 else None
                    for sample, value in zip(samples, values, strict=True)
                ),
                css,
            )
            for name, (css, values) in quantiles.items()
        ),
        unit="milliseconds",
        show=milliseconds,
    )


def users(samples: Sequence[Sample]) -> Curves:
    """How many users the load generator played."""
    values = tuple(float(sample.users) for sample in samples)
    return Curves(
        says=_says("Users", values, count),
        times=_times(samples),
        lines=(Line("users", values, "quiet", filled=True),),
        unit="users",
        show=count,
    )


def _times(samples: Sequence[Sample]) -> tuple[float, ...]:
    return tuple(sample.at for sample in samples)


def _says(what: str, values: Sequence[float], show: Callable[[float], str]) -> str:
    known = [value for value in values if finite(value) is not None]
    if not known:
        return f"{what} over time: nothing was measured."
    return f"{what} over time, from {show(min(known))} to {show(max(known))}."
