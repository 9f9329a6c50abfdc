"""Visitors who ask at a steady pace and write down what they got."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: when it was sent (monotonic), what came (0: nothing), and how long it took."""

    at: float
    status: int
    freshness: str
    seconds: float


@dataclass(slots=True)
class Visits:
    """What all visitors wrote down."""

    all: list[Visit] = field(default_factory=list)

    def between(self, start: float, end: float) -> list[Visit]:
        """Return the visits sent in a span of monotonic time."""
        return [visit for visit in list(self.all) if start <= visit.at < end]


def p99(visits: list[Visit]) -> float:
    """Return the 99th percentile of the answers' times in seconds."""
    times = sorted(visit.seconds for visit in visits)
    return times[min(int(len(times) * 0.99), len(times) - 1)]


@contextmanager
def visitors(host: str, port: int, per_second: int, threads: int = 10) -> Iterator[Visits]:
    """Send `per_second` requests for the page, evenly, until the block ends."""
    visits = Visits()
    stop = threading.Event()
    pace = threads / per_second
    crowd = [
        threading.Thread(
            target=_visit, args=(host, port, pace, number * pace / threads, stop, visits.all)
        )
        for number in range(threads)
    ]
    for one in crowd:
        one.start()
    try:
        yield visits
    finally:
        stop.set()
        for one in crowd:
            one.join()


def _visit(
    host: str, port: int, pace: float, phase: float, stop: threading.Event, visits: list[Visit]
) -> None:
    due = time.monotonic() + phase
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    while not stop.wait(max(due - time.monotonic(), 0)):
        due += pace
        start = time.monotonic()
        status, freshness = 0, ""
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            response.read()
            status, freshness = response.status, response.headers.get("X-Mesh-Freshness", "")
        except (OSError, http.client.HTTPException):
            connection.close()
        visits.append(Visit(start, status, freshness, time.monotonic() - start))
    connection.close()
