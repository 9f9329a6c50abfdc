"""Pods as Prometheus sees them over the hours: what they count, when they restart, go and come.

A model, not a recording, but faithful in what rules stumble over: a labelled child appears with its
first event and not before, a scrape that fails ends every series of its target for a while, a
restart begins at 0, and whole events are counted.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from meshdoctor.telemetry.catalogue import Kind, Metric
from observability import foreign, knobs
from tests.support.promtool import STALE, Sample

Count = Callable[[float], float]
"""How many events there were up to a second."""

Span = tuple[float, float]
"""From one second, included, to another, excluded."""

_WHOLE = 1e-6


def steady(rate: float, since: float = 0.0, until: float = math.inf) -> Count:
    """Events at a rate per second, evenly spread."""
    return lambda now: rate * max(0.0, min(now, until) - since)


def at(*seconds: float) -> Count:
    """Single events, in order."""
    return lambda now: bisect_right(seconds, now)


def both(*counts: Count) -> Count:
    """All of these events."""
    return lambda now: sum(count(now) for count in counts)


def besides(rate: float, *spans: Span) -> Count:
    """Events at a rate, but none within the spans."""
    return lambda now: steady(rate)(now) - sum(steady(rate, *span)(now) for span in spans)


@dataclass(frozen=True, slots=True)
class Events:
    """One child of a counter or histogram.

    Attributes:
        metric: of the catalogue.
        labels: its values, in the catalogue's order.
        count: of its events.
        seconds: that each event took; for histograms.
    """

    metric: Metric
    labels: tuple[str, ...]
    count: Count
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Level:
    """One gauge: its value at a second, None while there is none."""

    name: str
    labels: Mapping[str, str]
    value: Callable[[float], float | None]


@dataclass(frozen=True, slots=True)
class Target:
    """What Prometheus scrapes.

    Attributes:
        job: its job.
        name: of the Pod; also its address.
        says: what is on its page.
        born: when service discovery found it.
        dies: when service discovery dropped it.
        silent: when its scrapes fail.
        resets: when its process began anew in the same Pod.
        placed: the labels that service discovery in a cluster adds; none for a lab's fixed list.
    """

    job: str
    name: str
    says: tuple[Events | Level, ...] = ()
    born: float = 0.0
    dies: float = math.inf
    silent: tuple[Span, ...] = ()
    resets: tuple[float, ...] = ()
    placed: Mapping[str, str] = field(default_factory=lambda: {"namespace": knobs.NAMESPACE})

    def labels(self) -> dict[str, str]:
        """Return the labels that every series of it has."""
        own = {"job": self.job, "instance": f"{self.name}:9464"}
        if self.placed:
            own |= {"pod": self.name, "container": self.job, "endpoint": "metrics"}
            own |= {"service": self.job, **self.placed}
        return own

    def answers(self, now: float) -> bool:
        """Whether a scrape at this second succeeds."""
        return not any(begin <= now < end for begin, end in self.silent)

    def began(self, now: float) -> float:
        """Return when the process that answers at this second began to count."""
        return max(second for second in (self.born, *self.resets) if second <= now)


def scraped(
    targets: Iterable[Target],
    seconds: int,
    *,
    phase: int = 0,
    every: int = knobs.SCRAPE_SECONDS,
) -> tuple[int, dict[str, list[Sample]]]:
    """Scrape targets.

    Args:
        targets: what there is to scrape; a Pod may come twice, before and after.
        seconds: how long.
        phase: when within the interval; rules are evaluated at 0.
        every: the interval; a longer one is cheaper where windows are hours.

    Returns:
        The seconds between two samples, and every series with its samples from second 0 on.
    """
    times = [float(now) for now in range(phase, seconds + 1, every)]
    found: dict[str, list[Sample]] = {}
    for target in targets:
        for name, samples in _series_of(target, times):
            found[name] = _added(found[name], samples) if name in found else samples
    if not phase:
        return every, found
    return 1, {name: _spread(samples, phase, every) for name, samples in found.items()}


def _added(these: list[Sample], those: list[Sample]) -> list[Sample]:
    """Add what two sources count in one series: pages that took long to pages that did not."""
    return [_sum(one, two) for one, two in zip(these, those, strict=True)]


def _sum(one: Sample, two: Sample) -> Sample:
    if isinstance(one, float) and isinstance(two, float):
        return one + two
    return next(
        (each for kind in (float, str) for each in (one, two) if isinstance(each, kind)), None
    )


def _spread(samples: list[Sample], phase: int, every: int) -> list[Sample]:
    """Put a scrape's samples at its phase, with nothing between."""
    between: list[Sample] = [None] * (every - 1)
    return [None] * phase + [each for sample in samples for each in (sample, *between)]


def _series_of(target: Target, times: list[float]) -> Iterator[tuple[str, list[Sample]]]:
    own = target.labels()
    up: list[Sample] = [
        float(target.answers(now)) if target.born <= now < target.dies else None for now in times
    ]
    yield selector(foreign.UP, own), _ended(up)
    for said in target.says:
        if isinstance(said, Level):
            values = _shown(target, times, said.value)
            yield selector(said.name, {**own, **said.labels}), _ended(values)
        else:
            yield from _events(target, said, times)


def _events(target: Target, said: Events, times: list[float]) -> Iterator[tuple[str, list[Sample]]]:
    labels = {**target.labels(), **dict(zip(said.metric.labels, said.labels, strict=True))}
    totals = _ended(_shown(target, times, lambda now: _counted(target, said, now)))
    if said.metric.kind is not Kind.HISTOGRAM:
        yield selector(said.metric.name, labels), totals
        return
    none = [0.0 if isinstance(total, float) else total for total in totals]
    for bound in (*said.metric.buckets, math.inf):
        shown = "+Inf" if bound == math.inf else repr(float(bound))
        inside = totals if said.seconds <= bound else none
        yield selector(f"{said.metric.name}_bucket", {**labels, "le": shown}), inside
    spent = [total * said.seconds if isinstance(total, float) else total for total in totals]
    yield selector(f"{said.metric.name}_count", labels), totals
    yield selector(f"{said.metric.name}_sum", labels), spent


def _counted(target: Target, said: Events, now: float) -> float | None:
    """Whole events since the process began; None before the first."""
    before = math.floor(said.count(target.began(now)) + _WHOLE)
    return float(math.floor(said.count(now) + _WHOLE) - before) or None


def _shown(
    target: Target, times: list[float], value: Callable[[float], float | None]
) -> list[Sample]:
    return [
        value(now) if target.born <= now < target.dies and target.answers(now) else None
        for now in times
    ]


def _ended(samples: list[Sample]) -> list[Sample]:
    """Mark as Prometheus does where a series is missing for the first time."""
    before: list[Sample] = [None, *samples]
    return [
        STALE if sample is None and isinstance(last, float) else sample
        for last, sample in zip(before, samples, strict=False)
    ]


def selector(name: str, labels: Mapping[str, str]) -> str:
    """Write a series as PromQL does."""
    inside = ", ".join(f'{label}="{value}"' for label, value in labels.items() if value)
    return f"{name}{{{inside}}}"
