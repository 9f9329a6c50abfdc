"""What the load test tells Prometheus: its metrics as data, and the counts in their form.

Names, labels and buckets are those that the services' dashboards ask for. The load test imports
nothing of ours, so they are spelled once more here, and a test holds the two spellings equal.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from _tally import Tally

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds. Each has two significant digits at most, as the tally's own have, so
that a request of exactly 250 ms is within 0.25 and one of 250.1 ms is not."""

BOUNDS = tuple(round(bound * 1_000_000) for bound in BUCKETS)
LE = (*map(repr, BUCKETS), "+Inf")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: `kind` is gauge, counter or histogram, `help` one line, `buckets` in seconds."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


USERS = Family("locust_users", "gauge", "Users that the load test plays now")
DURATION = Family(
    "locust_request_duration_seconds",
    "histogram",
    "Time of a request as the load test sees it, in seconds",
    ("method", "name"),
    BUCKETS,
)
REQUESTS = Family(
    "locust_requests_total", "counter", "Requests of the load test", ("method", "name")
)
FAILURES = Family(
    "locust_failures_total",
    "counter",
    "Requests of the load test whose answer was not what the contract promises",
    ("method", "name"),
)

FAMILIES = (USERS, DURATION, REQUESTS, FAILURES)


class LoadCollector(Collector):
    """Gives what is counted at the moment of a scrape; between scrapes it costs nothing.

    Args:
        tally: gives the counts of the run, another object in each run.
        users: gives the number of users.
    """

    def __init__(self, tally: Callable[[], Tally], users: Callable[[], int]) -> None:
        self.tally = tally
        self.users = users

    def collect(self) -> Iterator[Metric]:
        """Yield every family; those of requests are empty until one has ended."""
        yield GaugeMetricFamily(USERS.name, USERS.help, value=self.users())
        durations = HistogramMetricFamily(DURATION.name, DURATION.help, labels=DURATION.labels)
        requests = CounterMetricFamily(REQUESTS.name, REQUESTS.help, labels=REQUESTS.labels)
        failures = CounterMetricFamily(FAILURES.name, FAILURES.help, labels=FAILURES.labels)
        for labels, one in self.tally().names.items():
            durations.add_metric(labels, within(one.latencies), one.milliseconds / 1000)
            requests.add_metric(labels, one.requests)
            failures.add_metric(labels, one.failures)
        yield from (durations, requests, failures)


def within(latencies: Mapping[int, int]) -> list[tuple[str, float]]:
    """Count the requests within each bucket's bound.

    Args:
        latencies: Upper bound in microseconds -> requests.

    Returns:
        (bound as Prometheus writes it, requests within it), cumulated; the last bound is +Inf.
    """
    counts = [0] * len(LE)
    for latency, requests in latencies.items():
        counts[bisect_left(BOUNDS, latency)] += requests
    return list(zip(LE, accumulate(counts), strict=True))
