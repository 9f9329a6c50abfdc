"""The instruments: the catalogue as live objects, label children bound once and given back."""

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from meshdoctor.telemetry.catalogue import CATALOGUE, Kind
from meshdoctor.telemetry.instruments import Instruments, make


def test_every_metric_of_the_catalogue_is_shown() -> None:
    """Name, type and help of each metric reach the page, under the very name of the catalogue."""
    registry = CollectorRegistry()
    Instruments(registry)
    page = generate_latest(registry).decode()

    for metric in CATALOGUE:
        family = metric.name
        assert f"# HELP {family} {metric.help}\n" in page
        assert f"# TYPE {family} {metric.kind}\n" in page


def test_a_metric_has_the_labels_and_buckets_of_its_entry() -> None:
    """Labels are accepted in the catalogue's order, and a histogram ends each promised bucket."""
    for metric in CATALOGUE:
        registry = CollectorRegistry()
        made = make(metric, registry)
        child = made.labels(*metric.labels) if metric.labels else made
        if metric.kind is Kind.HISTOGRAM:
            child.observe(0)
        samples = [sample for family in registry.collect() for sample in family.samples]

        assert {metric.labels} == {
            tuple(label for label in sample.labels if label != "le") for sample in samples
        }
        bounds = {sample.labels["le"] for sample in samples if "le" in sample.labels}
        assert {float(bound) for bound in bounds} - {float("inf")} == set(metric.buckets)


@pytest.mark.parametrize("generate", [generate_latest, generate_openmetrics])
def test_no_series_tells_when_a_child_was_made(
    generate: Callable[[CollectorRegistry], bytes],
) -> None:
    """In neither format has a metric of the toolbox `_created`, and the rest of it is all there.

    What a service counts by itself, beside the toolbox or in its registry, stays as it was.
    """
    registry = CollectorRegistry()
    strangers = Counter("books", "Books sold", ["shelf"], registry=registry)
    strangers.labels("a").inc()
    for metric in CATALOGUE:
        made = make(metric, registry)
        if metric.labels:
            made.labels(*metric.labels)
    names = {
        line.partition("{")[0].partition(" ")[0]
        for line in generate(registry).decode().splitlines()
        if not line.startswith("#")
    }

    suffixes = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
    assert {"books_total", "books_created"} | {
        metric.name + suffix for metric in CATALOGUE for suffix in suffixes.get(metric.kind, ("",))
    } == names


def test_a_name_can_be_asked_for_by_itself() -> None:
    """A registry that is restricted to some names finds them behind the toolbox's collectors."""
    registry = CollectorRegistry()
    Instruments(registry).telemetry_spans.of("dropped").inc(3)
    page = generate_latest(registry.restricted_registry(["telemetry_spans_total"])).decode()

    assert 'telemetry_spans_total{outcome="dropped"} 3.0' in page.splitlines()
    assert "http_server" not in page


def test_a_child_is_bound_once() -> None:
    """The same labels give the same object, so the hot path is one look-up."""
    bound = Instruments(CollectorRegistry()).rpc_client_failures

    assert bound.of("a/B", "unknown") is bound.of("a/B", "unknown")


def test_a_forgotten_child_leaves_no_series() -> None:
    """What is gone is gone from the page; forgetting the unknown is nothing; it may come back."""
    registry = CollectorRegistry()
    breaker = Instruments(registry).rpc_client_breaker

    def state() -> float | None:
        return registry.get_sample_value("rpc_client_breaker_state", {"server_address": "a:1"})

    breaker.of("a:1").set(2)
    assert 2 == state()
    breaker.forget("a:1")
    breaker.forget("b:2")
    assert None is state()
    breaker.of("a:1").set(1)
    assert 1 == state()
