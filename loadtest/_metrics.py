"""What the load test tells Prometheus: its metrics as data, and the counts in its text format.

Names, labels and buckets are those that the services' dashboards ask for. The load test imports
nothing of ours, so they are spelled once more here, and a test holds the two spellings equal.

prometheus-client would write the text, but it comes neither with Locust nor with Locust's image,
and a load test that needs more than Locust starts in fewer places.
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from _tally import Bin, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

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


def page(tally: Tally, users: int) -> str:
    """Write every metric; those of requests have no samples until one has ended.

    Args:
        tally: The counts of the run.
        users: How many play now.

    Returns:
        Lines for a scraper.
    """
    bins = [({"method": key[0], "name": key[1]}, one) for key, one in tally.names.items()]
    samples = {
        USERS: [_sample(USERS.name, {}, users)],
        DURATION: [line for labels, one in bins for line in _histogram(labels, one)],
        REQUESTS: [_sample(REQUESTS.name, labels, one.requests) for labels, one in bins],
        FAILURES: [_sample(FAILURES.name, labels, one.failures) for labels, one in bins],
    }
    return "".join(
        f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"
        + "".join(samples[family])
        for family in FAMILIES
    )


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


def _histogram(labels: Mapping[str, str], one: Bin) -> Iterator[str]:
    for bound, requests in within(one.latencies):
        yield _sample(f"{DURATION.name}_bucket", {**labels, "le": bound}, requests)
    yield _sample(f"{DURATION.name}_count", labels, one.requests)
    yield _sample(f"{DURATION.name}_sum", labels, one.milliseconds / 1000)


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{text.translate(ESCAPES)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value!r}\n" if inside else f"{name} {value!r}\n"
