"""Readers of the bookstore, for Locust: `locust -f loadtest/` (web UI) or with --headless.

One user asks for one thing a second, so --users is also the requests a second that are offered.

Beside Locust's own options, whose --help is printed before this file is read, there are
    --shape steady|ramp|spike|soak  --users is the peak, --run-time the length (see _shapes.py)
    --result FILE                   what was measured and judged, as JSON
    --metrics-port PORT             a page for Prometheus at /metrics; 0 (default): none
    --metrics-host HOST             address of that page; 127.0.0.1 unless told
and --web-host and --master-bind-host are 127.0.0.1 unless told. The run ends with 1 when an
objective of _slo.py is not met, and names it.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from locust import FastHttpUser, events, task
from locust.contrib.fasthttp import LocustBadStatusCode, ResponseContextManager

from _answers import (
    CATEGORIES,
    FRESHNESS_HEADER,
    Answer,
    front_page_fault,
    header,
    page_fault,
    recommendations_fault,
    refusal_fault,
)
from _wiring import install

install(events)

API = "/api/v1/recommendations"
READERS = 1000
SIZES = (1, 3, 10, 50)
BAD_REQUESTS = (
    f"{API}?category=cookery&user_id=guest",
    f"{API}?category=mystery&user_id=guest&max_results=0",
    f"{API}?category=mystery&user_id=guest&max_results=51",
    f"{API}?category=mystery&user_id=not%20a%20user",
    "/?category=cookery",
)
GOLDEN_RATIO = 0.618034


class Reader(FastHttpUser):
    """Looks at pages mostly, asks the API now and then, and mistypes once in a while."""

    host = "http://localhost:30997"
    connection_timeout = 3.0
    network_timeout = 3.0
    requests_per_second: ClassVar[float] = 1.0
    numbers: ClassVar[Iterator[int]] = itertools.count()

    def on_start(self) -> None:
        """Begin at a moment of one's own: Locust starts users by the dozen, readers come evenly."""
        number = next(self.numbers)
        self.turns = itertools.count(number)
        phase = number * GOLDEN_RATIO % 1 / self.requests_per_second
        self.due = time.perf_counter() + phase
        time.sleep(phase)

    def wait_time(self) -> float:
        """Keep the pace whatever the answers take, so that a slow service is not spared.

        Locust's `constant_throughput` counts from the moment the user is made, and so undoes the
        even spread of `on_start`: all would ask at the same instant of every second.
        """
        now = time.perf_counter()
        self.due = max(self.due + 1 / self.requests_per_second, now)
        return self.due - now

    @task(10)
    def front_page(self) -> None:
        """Open the page as it comes."""
        self.ask("/", "/", front_page_fault)

    @task(4)
    def category_page(self) -> None:
        """Open the page of one category as a known reader."""
        turn = next(self.turns)
        category = CATEGORIES[turn % len(CATEGORIES)]
        path = f"/?category={category}&user=reader-{turn % READERS}"
        self.ask(path, "/?category&user", lambda answer: page_fault(answer, category))

    @task(4)
    def recommendations(self) -> None:
        """Ask the API for few or many books."""
        turn = next(self.turns)
        category, size = CATEGORIES[turn % len(CATEGORIES)], SIZES[turn % len(SIZES)]
        path = f"{API}?category={category}&user_id=reader-{turn % READERS}&max_results={size}"
        self.ask(path, API, lambda answer: recommendations_fault(answer, category, size))

    @task(1)
    def bad_request(self) -> None:
        """Ask for what does not exist: a refusal is the right answer, anything else a failure."""
        path = BAD_REQUESTS[next(self.turns) % len(BAD_REQUESTS)]
        self.ask(path, "bad request", refusal_fault)

    def ask(self, path: str, name: str, fault_in: Callable[[Answer], str | None]) -> None:
        """Send one request, reported under `name`, and have the answer checked."""
        with self.client.get(path, name=name, catch_response=True) as response:
            if not _arrived(response):
                return  # Locust reports the error of the connection
            if fault := fault_in(_answer(response)):
                response.failure(fault)
            else:
                response.success()


def _arrived(response: ResponseContextManager) -> bool:
    error = response.request_meta["exception"]
    return error is None or isinstance(error, LocustBadStatusCode)


def _answer(response: ResponseContextManager) -> Answer:
    return Answer(
        status=response.status_code,
        content_type=header(response.headers, "Content-Type"),
        freshness=header(response.headers, FRESHNESS_HEADER),
        body=response.content or b"",
    )
