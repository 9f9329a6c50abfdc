"""What the load generator counts, and how the counts of several workers become one.

Nothing here knows Locust. Its own statistics keep latencies to two digits and no percentiles per
second; an objective needs every request compared with the threshold, so the requests are counted
here as they end. A worker sends its counts as plain lists, and the master adds them up.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LIVE = "live"
MAX_ERROR_LENGTH = 200
SERVER_ERRORS_FROM = 500

Latencies = Counter[int]
"""Upper bound of a latency in microseconds -> number of requests."""


@dataclass(frozen=True, slots=True)
class Request:
    """One finished request.

    Attributes:
        method: HTTP method.
        name: The group the request is reported under, never a URL with a user in it.
        ended: Unix time in seconds.
        milliseconds: From sending the request to the last byte of the answer.
        status: HTTP status; 0 when no whole answer arrived.
        freshness: What the answer said of its age; empty when it said nothing.
        error: Why the answer is not what the contract promises; empty when it is.
    """

    method: str
    name: str
    ended: float
    milliseconds: float
    status: int
    freshness: str
    error: str

    @property
    def answered(self) -> bool:
        """Whether the service did its part: a refusal (4xx) is an answer, a 5xx is none."""
        return 0 < self.status < SERVER_ERRORS_FROM


def upper_bound(milliseconds: float) -> int:
    """Round a latency up to two significant digits, at least to 0.1 ms.

    Args:
        milliseconds: A latency.

    Returns:
        The bound in microseconds, so that it is an exact key.
    """
    microseconds = math.ceil(milliseconds * 1000)
    step: int = 10 ** max(len(str(microseconds)) - 2, 2)
    return max(math.ceil(microseconds / step), 1) * step


def percentile(latencies: Mapping[int, int], share: float) -> float:
    """Find the latency that `share` of the requests stayed within.

    Args:
        latencies: Upper bound in microseconds -> requests.
        share: 0.99 for the 99th percentile.

    Returns:
        Milliseconds; 0.0 when there was no request.
    """
    # Rounded first: 0.07 * 100 is a little more than 7, and must not become 8.
    missing = math.ceil(round(share * sum(latencies.values()), 6))
    for bound in sorted(latencies):
        missing -= latencies[bound]
        if missing <= 0:
            return bound / 1000
    return 0.0


@dataclass(slots=True)
class Bin:
    """The requests of one name, or of one second; `milliseconds` is the sum of their latencies."""

    requests: int = 0
    failures: int = 0
    milliseconds: float = 0.0
    latencies: Latencies = field(default_factory=Counter)

    def add(self, milliseconds: float, bound: int, *, failed: bool) -> None:
        """Count one request with its latency, and the upper bound of that in microseconds."""
        self.requests += 1
        self.failures += failed
        self.milliseconds += milliseconds
        self.latencies[bound] += 1

    def merge(
        self, requests: int, failures: int, milliseconds: float, latencies: Mapping[int, int]
    ) -> None:
        """Add the counts of another bin."""
        self.requests += requests
        self.failures += failures
        self.milliseconds += milliseconds
        self.latencies.update(latencies)

    def plain(self) -> tuple[int, int, float, dict[int, int]]:
        """Give the arguments of `merge`, as types that every serialiser knows."""
        return self.requests, self.failures, self.milliseconds, dict(self.latencies)


@dataclass(slots=True)
class Tally:
    """Everything counted in one run.

    Attributes:
        counts: requests, answers, fast, correct, pages, live; see `_slo.OBJECTIVES`.
        names: (method, name) -> its requests.
        seconds: Unix second in which they ended -> the requests.
        errors: (name, text) -> how often.
        last_ended: Unix time of the latest request.
    """

    counts: Counter[str] = field(default_factory=Counter)
    names: dict[tuple[str, str], Bin] = field(default_factory=dict)
    seconds: dict[int, Bin] = field(default_factory=dict)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    last_ended: float = 0.0

    def add(self, request: Request, *, threshold_ms: float) -> None:
        """Count one request; one faster than `threshold_ms` is fast."""
        latency = request.milliseconds, upper_bound(request.milliseconds)
        failed = bool(request.error)
        self.last_ended = max(self.last_ended, request.ended)
        self._name(request.method, request.name).add(*latency, failed=failed)
        self._second(int(request.ended)).add(*latency, failed=failed)
        if failed:
            self.errors[request.name, request.error[:MAX_ERROR_LENGTH]] += 1
        self.counts["requests"] += 1
        if request.answered:
            self.counts["answers"] += 1
            self.counts["fast"] += request.milliseconds < threshold_ms
            self.counts["correct"] += not failed
            if request.freshness and not failed:
                self.counts["pages"] += 1
                self.counts["live"] += request.freshness == LIVE

    def plain(self) -> dict[str, Any]:
        """Give the counts as lists, numbers and strings, for `merge` in another process."""
        return {
            "counts": dict(self.counts),
            "names": [(*key, *one.plain()) for key, one in self.names.items()],
            "seconds": [(second, *one.plain()) for second, one in self.seconds.items()],
            "errors": [(*key, count) for key, count in self.errors.items()],
            "last_ended": self.last_ended,
        }

    def merge(self, plain: Mapping[str, Any]) -> None:
        """Add the counts that another process gave with `plain`."""
        self.counts.update(plain["counts"])
        self.last_ended = max(self.last_ended, plain["last_ended"])
        for method, name, *counted in plain["names"]:
            self._name(method, name).merge(*counted)
        for second, *counted in plain["seconds"]:
            self._second(second).merge(*counted)
        for name, text, count in plain["errors"]:
            self.errors[name, text] += count

    def all(self) -> Bin:
        """Add up all names."""
        return _sum(self.names.values())

    def _name(self, method: str, name: str) -> Bin:
        return self.names.setdefault((method, name), Bin())

    def _second(self, second: int) -> Bin:
        return self.seconds.setdefault(second, Bin())


def _sum(bins: Iterable[Bin]) -> Bin:
    total = Bin()
    for one in bins:
        total.merge(*one.plain())
    return total
