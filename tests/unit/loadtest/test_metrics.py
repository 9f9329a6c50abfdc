"""What the load test tells Prometheus: the catalogue's words, and the tally's counts."""

import math
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

from _metrics import BUCKETS, FAMILIES, LE, page
from _tally import Request, Tally, upper_bound
from meshdoctor.telemetry.catalogue import (
    LOAD,
    LOAD_DURATION,
    LOAD_FAILURES,
    LOAD_REQUESTS,
    LOAD_USERS,
)

FRONT = {"method": "GET", "name": "/"}
API = {"method": "GET", "name": "/api"}


def request(milliseconds: float, name: str = "/", error: str = "") -> Request:
    """Make a request that took this long."""
    return Request("GET", name, 1000.0, milliseconds, 200, "live", error)


def page_of(requests: Sequence[Request] = (), users: int = 0) -> str:
    """Count these requests, and show them."""
    tally = Tally()
    for one in requests:
        tally.add(one, threshold_ms=250.0)
    return page(tally, users)


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Read a page as a scraper does."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, labels: dict[str, str]) -> float | None:
    """Return one sample of a page."""
    return samples(text).get((name, frozenset(labels.items())))


def within(text: str, bound: str, labels: dict[str, str]) -> float | None:
    """Return how many requests were within a bound."""
    return value(text, f"{LOAD_DURATION.name}_bucket", {**labels, "le": bound})


def test_the_metrics_are_those_of_the_catalogue() -> None:
    """Names, kinds, help, labels and buckets: the load test spells them as the services do."""
    assert [
        (metric.name, str(metric.kind), metric.help, metric.labels, metric.buckets)
        for metric in LOAD
    ] == [
        (family.name, family.kind, family.help, family.labels, family.buckets)
        for family in FAMILIES
    ]


def test_the_page_shows_the_metrics_of_the_catalogue_and_no_other() -> None:
    """What is declared is what a scraper reads: name, type, help and label names."""
    shown = [
        (
            family.samples[0].name if family.type == "counter" else family.name,
            family.type,
            family.documentation,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in text_string_to_metric_families(page_of([request(1.0)]))
    ]

    assert [
        (metric.name, str(metric.kind), metric.help, set(metric.labels)) for metric in LOAD
    ] == shown


def test_bounds_are_written_as_the_services_write_them() -> None:
    """Equal `le` on both sides, so that their histograms can be added and compared."""
    registry = CollectorRegistry()
    Histogram("some_seconds", "of the client library", registry=registry, buckets=BUCKETS)
    (family,) = registry.collect()

    assert list(LE) == [sample.labels["le"] for sample in family.samples if "le" in sample.labels]


@pytest.mark.parametrize("bound", BUCKETS)
def test_a_bucket_holds_exactly_what_took_no_longer(bound: float) -> None:
    """The tally rounds latencies up to two digits; a bucket's bound has no more, so none is lost.

    So a request of exactly 250 ms counts within 0.25, and one of 250.1 ms does not.
    """
    milliseconds = bound * 1000
    text = page_of([request(milliseconds), request(milliseconds + 0.1, "/api")])

    assert round(bound * 1_000_000) == upper_bound(milliseconds)
    assert (1, 0) == (within(text, repr(bound), FRONT), within(text, repr(bound), API))


def test_every_request_is_in_each_view_of_its_name() -> None:
    """Counts, failures, buckets and the exact sum: by method and name, and none is mixed up."""
    times = [0.02, 3.0, 250.0, 250.1, 12_345.0]
    text = page_of([request(one) for one in times] + [request(7.0, "/api", "status 500")])

    bounds = {"0.001": 1, "0.005": 2, "0.1": 2, "0.25": 3, "0.5": 4, "10.0": 4, "+Inf": 5}
    assert bounds == {bound: within(text, bound, FRONT) for bound in bounds}
    assert [1, 1] == [within(text, bound, API) for bound in ("0.01", "+Inf")]
    assert (5, 1) == tuple(value(text, f"{LOAD_DURATION.name}_count", one) for one in (FRONT, API))
    assert (5, 1) == tuple(value(text, LOAD_REQUESTS.name, one) for one in (FRONT, API))
    assert (0, 1) == tuple(value(text, LOAD_FAILURES.name, one) for one in (FRONT, API))
    assert math.isclose(12.84812, value(text, f"{LOAD_DURATION.name}_sum", FRONT) or 0)


def test_before_the_first_request_there_are_users_alone() -> None:
    """An idle load test tells its users, and makes no series for requests that nobody sent."""
    assert {(LOAD_USERS.name, frozenset()): 7} == samples(page_of(users=7))


@pytest.mark.parametrize("name", ['a "quoted" one', "back\\slash", "two\nlines", "{brace},"])
def test_any_name_is_read_as_it_is(name: str) -> None:
    """What would end a label is escaped, as Prometheus' text format has it."""
    assert 1 == value(page_of([request(1.0, name)]), LOAD_REQUESTS.name, FRONT | {"name": name})
