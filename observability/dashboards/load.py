"""The load test's view beside the service's, of the same seconds and on the same axes."""

from typing import Final

from meshdoctor.telemetry.catalogue import (
    HTTP_SERVER_DURATION,
    HTTP_SERVER_FRESHNESS,
    LOAD_DURATION,
    LOAD_FAILURES,
    LOAD_REQUESTS,
    LOAD_USERS,
    Metric,
)
from observability import knobs
from observability.dashboards.queries import (
    HERE,
    QUANTILES,
    SHOP,
    VISITORS,
    WINDOW,
    buckets,
    counted,
    increased,
    or_zero,
    up_to,
)
from observability.foreign import Source
from observability.model import Dashboard, Draw, Panel, Query, Row
from observability.promql import quantile, rate, select, total

VISITORS_SAY: Final = "visitors"
SERVICE_SAYS: Final = "service"
_SLOWEST = max(QUANTILES)
_SERVER_ERROR = 'http_response_status_code=~"5.."'
_NOT_LIVE = 'freshness!="live"'


_SERVED = counted(HTTP_SERVER_DURATION, SHOP, VISITORS)


def _played(metric: Metric, *by: str, suffix: str = "") -> str:
    """Per second, as the load test counts. It runs where its operator is: in no namespace."""
    return total(rate(select(metric, suffix=suffix), WINDOW), *by)


def _both(share: float) -> Panel:
    name = f"p{100 * share:g}"
    return Panel(
        title=f"{name}, visitors and service",
        description=f"{name} as the load test and as the marketplace measured it, by the same "
        "buckets. The gap is the way in: connection, port, queue before the first thread. If both "
        "rise, look at the gRPC hot path.",
        unit="s",
        draw=Draw.LINES,
        queries=(
            Query(quantile(share, LOAD_DURATION, window=WINDOW), VISITORS_SAY),
            Query(
                quantile(share, HTTP_SERVER_DURATION, SHOP, VISITORS, HERE, window=WINDOW),
                SERVICE_SAYS,
            ),
        ),
        steps=up_to(knobs.MARKETPLACE_LATENCY_SECONDS),
        width=8,
        exemplars=share == _SLOWEST,  # the slow ones are those whose traces tell something
        source=Source.LOAD,
        runbook="MarketplaceLatencyBudgetBurn",
    )


_PUSH = Row(
    "What is played, and what arrives",
    (
        Panel(
            title="Users",
            description="Users that the load test plays. Each asks about once a second, so a rate "
            "well below this means that answers are slow.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(f"sum({select(LOAD_USERS)})", "users"),),
            width=8,
            source=Source.LOAD,
        ),
        Panel(
            title="Requests, visitors and service",
            description="Requests per second as the load test sent and as the marketplace counted "
            "them. Fewer at the service means that requests are lost on the way in.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(
                Query(_played(LOAD_REQUESTS), VISITORS_SAY),
                Query(_SERVED, SERVICE_SAYS),
            ),
            width=8,
            source=Source.LOAD,
        ),
        Panel(
            title="Failures, visitors and service",
            description="Answers that broke the contract, as the load test judged; server errors, "
            "and pages that were not live, as the marketplace counted. Failures that only visitors "
            "see happened before the marketplace.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(
                Query(or_zero(_played(LOAD_FAILURES), _played(LOAD_REQUESTS)), VISITORS_SAY),
                Query(
                    or_zero(counted(HTTP_SERVER_DURATION, SHOP, VISITORS, _SERVER_ERROR), _SERVED),
                    f"{SERVICE_SAYS}: errors",
                ),
                Query(
                    or_zero(increased(HTTP_SERVER_FRESHNESS, _NOT_LIVE), _SERVED),
                    f"{SERVICE_SAYS}: not live",
                ),
            ),
            width=8,
            source=Source.LOAD,
            runbook="MarketplaceAvailabilityBudgetBurn",
        ),
    ),
)

_SPREAD = Row(
    "Every request by how long it took: visitors left, service right, the same buckets",
    (
        Panel(
            title="Latency, as visitors saw it",
            description="The load test's requests. Compare row by row with the panel to the right: "
            "cells that are higher up here were spent outside the marketplace.",
            unit="s",
            draw=Draw.HEATMAP,
            queries=(Query(_played(LOAD_DURATION, "le", suffix="_bucket"), "{{le}}"),),
            height=9,
            source=Source.LOAD,
        ),
        Panel(
            title="Latency, as the service saw it",
            description="The marketplace's answers in the same seconds. A second band at the "
            "deadline of a gRPC call is a backend that hangs.",
            unit="s",
            draw=Draw.HEATMAP,
            queries=buckets(HTTP_SERVER_DURATION, SHOP, VISITORS),
            exemplars=True,
            height=9,
            runbook="MarketplaceLatencyBudgetBurn",
        ),
    ),
)

_NAMES = Row(
    "By request",
    (
        Panel(
            title="Requests by name",
            description="What the load test asks for, in its own names. The mix is part of the "
            "test: two runs compare only if it is the same.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(Query(_played(LOAD_REQUESTS, "method", "name"), "{{method}} {{name}}"),),
            stacked=True,
            source=Source.LOAD,
        ),
        Panel(
            title="p95 by name",
            description="Which request is slow. Pages need recommendations and some work of the "
            "marketplace itself; the API only passes recommendations on.",
            unit="s",
            draw=Draw.LINES,
            queries=(
                Query(
                    quantile(0.95, LOAD_DURATION, window=WINDOW, by=("method", "name")),
                    "{{method}} {{name}}",
                ),
            ),
            steps=up_to(knobs.MARKETPLACE_LATENCY_SECONDS),
            source=Source.LOAD,
            runbook="MarketplaceLatencyBudgetBurn",
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="mesh-load",
    title="Load test",
    description="What the load test measured and what the service measured of it, on the same "
    "axes. What only one of them saw happened between them.",
    rows=(
        _PUSH,
        Row("Latency: the same quantile of the same seconds", tuple(map(_both, QUANTILES))),
        _SPREAD,
        _NAMES,
    ),
)
"""Locust beside the marketplace."""
