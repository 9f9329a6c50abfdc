"""What a person sees while the load runs: figures of the last moments, a bar on a terminal.

The figures come from the marketplace's own metrics page, so they are the server's view; what the
readers saw is in the load generator's result at the end.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from meshdoctor.lab.metricspage import MetricsPage

TERMINAL_SECONDS = 2.0  # a service renders its page anew once a second at most
PLAIN_SECONDS = 5.0
_SERVER_ERRORS_FROM = 500

Show = Callable[["Moment"], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """The run so far, and its last moments: rates and `p95_ms` are since the moment before."""

    elapsed: float
    rps: float
    p95_ms: float
    requests: int
    failures: int
    degraded: int

    def __str__(self) -> str:
        return (
            f"{self.requests:,} requests, {self.rps:.0f}/s, p95 {self.p95_ms:.1f} ms, "
            f"{self.failures:,} failed, {self.degraded:,} degraded"
        )


class Meter:
    """Turns metrics pages into moments."""

    def __init__(self, first: MetricsPage) -> None:
        self._first = self._last = first
        self._began = self._at = time.monotonic()

    def moment(self, page: MetricsPage) -> Moment:
        """Take the page as it is now."""
        last, before = self._last, self._at
        self._last, self._at = page, time.monotonic()
        if _requests(page) == _requests(self._first):  # the load generator still starts
            self._began = self._at
        gone = max(self._at - before, 1e-9)
        return Moment(
            elapsed=self._at - self._began,
            rps=(_requests(page) - _requests(last)) / gone,
            p95_ms=1000 * quantile(0.95, _since(page.buckets, last.buckets)),
            requests=_requests(page) - _requests(self._first),
            failures=_failures(page) - _failures(self._first),
            degraded=page.degraded - self._first.degraded,
        )


def quantile(share: float, buckets: Mapping[float, int]) -> float:
    """Estimate a quantile as PromQL's `histogram_quantile` does, linear within a bucket.

    Args:
        share: 0.95 for the 95th percentile.
        buckets: cumulated counts by upper bound, the last of them infinite.

    Returns:
        In the bounds' unit; 0.0 when nothing was counted, and the last finite bound when the
        quantile lies above it.
    """
    rank = share * max(buckets.values(), default=0)
    low, below = 0.0, 0
    for bound, count in sorted(buckets.items()):
        if count >= rank and count > below:
            return low if bound == float("inf") else _between(low, bound, below, count, rank)
        low, below = bound, count
    return 0.0


@contextmanager
def shown(seconds: float) -> Iterator[tuple[Show, float]]:
    """Show moments on stdout: a live bar on a terminal, else a line each.

    Yields:
        What to call with each moment, and how many seconds to wait between two.
    """
    console = Console()
    if not console.is_terminal:
        yield lambda moment: print(f"{moment.elapsed:4.0f} s: {moment}", flush=True), PLAIN_SECONDS
        return
    columns = (
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} s  {task.description}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=seconds)
        yield (
            lambda moment: bar.update(
                task, completed=min(moment.elapsed, seconds), description=str(moment)
            ),
            TERMINAL_SECONDS,
        )


def _between(low: float, high: float, below: int, count: int, rank: float) -> float:
    return low + (high - low) * max(rank - below, 0.0) / (count - below)


def _since(now: Mapping[float, int], then: Mapping[float, int]) -> dict[float, int]:
    return {bound: count - then.get(bound, 0) for bound, count in now.items()}


def _requests(page: MetricsPage) -> int:
    return sum(page.statuses.values())


def _failures(page: MetricsPage) -> int:
    return sum(n for status, n in page.statuses.items() if int(status) >= _SERVER_ERRORS_FROM)
