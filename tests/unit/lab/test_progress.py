"""The figures a person sees while the load runs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.metricspage import MetricsPage, Row
from meshdoctor.lab.progress import Meter, quantile
from meshdoctor.telemetry.catalogue import (
    HTTP_SERVER_DURATION,
    HTTP_SERVER_FRESHNESS,
    RPC_CLIENT_FAILURES,
)

REQUESTS = f"{HTTP_SERVER_DURATION.name}_count"
BUCKET = f"{HTTP_SERVER_DURATION.name}_bucket"


def page(*, good: int, broken: int, stale: int) -> MetricsPage:
    """A metrics page after so many requests, each of which took up to 10 ms."""
    freshness = HTTP_SERVER_FRESHNESS.name
    return MetricsPage(
        (
            Row(REQUESTS, {"http_response_status_code": "200", "http_route": "/"}, good),
            Row(REQUESTS, {"http_response_status_code": "503", "http_route": "/"}, broken),
            Row(BUCKET, {"le": "0.01"}, good + broken),
            Row(BUCKET, {"le": "+Inf"}, good + broken),
            Row(freshness, {"freshness": "live"}, good - stale),
            Row(freshness, {"freshness": "stale"}, stale),
            Row(RPC_CLIENT_FAILURES.name, {"cause": "app-error", "rpc_method": "a"}, broken),
            Row(RPC_CLIENT_FAILURES.name, {"cause": "app-error", "rpc_method": "b"}, 1),
            Row(RPC_CLIENT_FAILURES.name, {"cause": "dns-timeout", "rpc_method": "a"}, 0),
        )
    )


def test_a_moment_counts_from_the_start_of_the_load() -> None:
    """What happened before the load, such as readiness probes, is not counted."""
    meter = Meter(page(good=100, broken=5, stale=7))
    moment = meter.moment(page(good=150, broken=6, stale=17))

    assert (51, 1, 10) == (moment.requests, moment.failures, moment.degraded)
    assert moment.rps > 51
    assert 9.5 == pytest.approx(moment.p95_ms)


def test_a_moment_without_requests_shows_zeros() -> None:
    """Nothing divides by the requests that did not come."""
    empty = MetricsPage(())

    assert (0, 0.0, 0.0) == (
        (moment := Meter(empty).moment(empty)).requests,
        moment.rps,
        moment.p95_ms,
    )


def test_causes_add_up_over_methods() -> None:
    """A cause is one number, and a cause that never happened is no entry."""
    assert {"app-error": 4} == page(good=0, broken=3, stale=0).causes


def test_a_quantile_above_the_last_bound_is_that_bound() -> None:
    """As `histogram_quantile` has it: infinity is not interpolated."""
    assert 0.1 == quantile(0.95, {0.1: 1, math.inf: 100})


@given(
    st.lists(st.floats(0.0001, 0.999), min_size=1),
    st.floats(0.01, 0.99),
)
def test_a_quantile_lies_in_the_bucket_of_the_true_one(values: list[float], share: float) -> None:
    """The estimate is wrong by at most one bucket's width."""
    bounds = [0.1, 0.2, 0.4, 0.8, 1.0, math.inf]
    buckets = {bound: sum(value <= bound for value in values) for bound in bounds}
    true = sorted(values)[math.ceil(share * len(values)) - 1]
    upper = next(bound for bound in bounds if true <= bound)
    lower = max((bound for bound in [0.0, *bounds] if bound < true), default=0.0)

    assert lower <= quantile(share, buckets) <= upper
