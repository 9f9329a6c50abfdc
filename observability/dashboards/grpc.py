"""The hot path: every page needs one gRPC call, and this shows what becomes of it."""

from typing import Final

from meshdoctor.telemetry.catalogue import (
    RPC_CLIENT_ACTIVE,
    RPC_CLIENT_BREAKER,
    RPC_CLIENT_DURATION,
    RPC_CLIENT_FAILURES,
    RPC_CLIENT_RETRIES,
    RPC_SERVER_ACTIVE,
    RPC_SERVER_DURATION,
)
from observability import knobs
from observability.dashboards.queries import (
    HANDLED,
    HERE,
    RPC,
    WINDOW,
    buckets,
    counted,
    increased,
    quantiles,
    series,
    share,
    shares,
    up_to,
)
from observability.model import Dashboard, Draw, Panel, Query, Row, Step
from observability.promql import quantile, total

BREAKER_WORDS: Final = {0.0: "closed", 1.0: "half-open", 2.0: "open"}
"""What the values of the breaker's gauge mean, in the catalogue's words."""

_FAILED_BY_CAUSE = increased(RPC_CLIENT_FAILURES, RPC, by=("cause",))

_LATENCY = Row(
    "Latency",
    (
        Panel(
            title="Latency of calls at the caller",
            description="Where the calls fall: the stronger a cell's colour, the more took that "
            "long. Two bands mean two kinds of calls, often one slow backend. A diamond is an "
            "exemplar: it opens the trace of one such call.",
            unit="s",
            draw=Draw.HEATMAP,
            queries=buckets(RPC_CLIENT_DURATION, RPC),
            exemplars=True,
            height=9,
            runbook="RecommendationsLatencyBudgetBurn",
        ),
        Panel(
            title="Latency quantiles at the caller",
            description="The objective wants p99 below the line. A p99 near the second try's "
            "delay while p50 is low means that second tries save the page: one backend is bad.",
            unit="s",
            draw=Draw.LINES,
            queries=quantiles(RPC_CLIENT_DURATION, RPC),
            steps=up_to(knobs.RECOMMENDATIONS_LATENCY_SECONDS),
            exemplars=True,
            height=9,
            runbook="RecommendationsLatencyBudgetBurn",
        ),
        Panel(
            title="p99 at the caller and in the handler",
            description="The gap is the way: connection, queue, network, second tries. Both high "
            "is a slow handler: profile or scale recommendations. Only the caller high is the "
            "network or a backend that hangs.",
            unit="s",
            draw=Draw.LINES,
            queries=(
                *quantiles(RPC_CLIENT_DURATION, RPC, shares=(0.99,), name="caller"),
                *quantiles(RPC_SERVER_DURATION, RPC, HANDLED, shares=(0.99,), name="handler"),
            ),
            steps=up_to(knobs.RECOMMENDATIONS_LATENCY_SECONDS),
            exemplars=True,
            runbook="GrpcDeadlineRatioHigh",
        ),
        Panel(
            title="p99 in the handler by backend",
            description="One backend above the others is sick: read its log by a trace id, then "
            "restart it. All of them together: scale, or ask what they wait for.",
            unit="s",
            draw=Draw.LINES,
            queries=(
                Query(
                    quantile(
                        0.99,
                        RPC_SERVER_DURATION,
                        RPC,
                        HANDLED,
                        HERE,
                        window=WINDOW,
                        by=("instance",),
                    ),
                    "{{instance}}",
                ),
            ),
            steps=up_to(knobs.RECOMMENDATIONS_LATENCY_SECONDS),
            exemplars=True,
            runbook="GrpcDeadlineRatioHigh",
        ),
    ),
)

_OUTCOMES = Row(
    "Outcomes",
    (
        Panel(
            title="Calls by status code, at the caller",
            description="What the marketplace got. UNAVAILABLE with nothing at the servers means "
            "that calls do not arrive; DEADLINE_EXCEEDED that they are late or lost.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(
                Query(
                    counted(RPC_CLIENT_DURATION, RPC, by=("rpc_response_status_code",)),
                    "{{rpc_response_status_code}}",
                ),
            ),
            stacked=True,
            runbook="RecommendationsUnavailableRate",
        ),
        Panel(
            title="Calls by status code, at the servers",
            description="What the handlers answered. RESOURCE_EXHAUSTED is load that was shed: "
            "scale recommendations or lower the rate of its callers.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(
                Query(
                    counted(RPC_SERVER_DURATION, RPC, by=("rpc_response_status_code",)),
                    "{{rpc_response_status_code}}",
                ),
            ),
            stacked=True,
            runbook="GrpcLoadShedding",
        ),
        Panel(
            title="Failed calls by cause",
            description="Why calls failed, in the words of the runbook. dns-* is name resolution, "
            "connect-* the way to a backend, app-* the backend itself. breaker-open is a "
            "consequence: look for the cause beside it.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(Query(_FAILED_BY_CAUSE, "{{cause}}"),),
            stacked=True,
            runbook="RecommendationsUnavailableRate",
        ),
        Panel(
            title="Share of calls failed by cause",
            description="The same as a share of all calls. From the line on, somebody is paged "
            "once it has lasted.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    shares(_FAILED_BY_CAUSE, counted(RPC_CLIENT_DURATION, RPC)),
                    "{{cause}}",
                ),
            ),
            steps=up_to(knobs.UNAVAILABLE_RATIO),
            runbook="RecommendationsUnavailableRate",
        ),
    ),
)

_DEFENCES = Row(
    "Second tries and breakers",
    (
        Panel(
            title="Second tries",
            description="Calls asked again at another backend (sent), and those that the retry "
            "budget denied. Sent: a backend fails and the page is saved. Denied: too many fail at "
            "once, and more load would make it worse.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(Query(increased(RPC_CLIENT_RETRIES, RPC, by=("outcome",)), "{{outcome}}"),),
            width=8,
            runbook="RetryBudgetExhausted",
        ),
        Panel(
            title="Second tries as a share of calls",
            description="At the line the retry budget is spent: the mesh no longer hides what is "
            "broken. See the failed calls by cause.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    share(
                        increased(RPC_CLIENT_RETRIES, RPC, 'outcome="sent"'),
                        counted(RPC_CLIENT_DURATION, RPC),
                    ),
                    "sent",
                ),
            ),
            steps=up_to(knobs.RETRY_RATIO),
            width=8,
            runbook="RetryBudgetExhausted",
        ),
        Panel(
            title="Breakers",
            description="Each caller's breaker of each backend. Open: the backend is left out. "
            "Half-open: one call tries it. A backend that is open for every caller is down; for "
            "one caller only, the path between the two is cut.",
            unit="short",
            draw=Draw.STATES,
            queries=(
                Query(
                    f"max by (instance, server_address) ({series(RPC_CLIENT_BREAKER)})",
                    "{{server_address}} for {{instance}}",
                ),
            ),
            words=BREAKER_WORDS,
            steps=(Step("good"), Step("warn", 1), Step("bad", 2)),
            width=8,
            runbook="RecommendationsUnavailableRate",
        ),
    ),
)

_IN_FLIGHT = Row(
    "In flight",
    (
        Panel(
            title="Calls waiting at the callers",
            description="Calls without an answer yet. Rate times latency; if it grows and the rate "
            "does not, answers come late or never.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(total(series(RPC_CLIENT_ACTIVE, RPC), "instance"), "{{instance}}"),),
            runbook="GrpcDeadlineRatioHigh",
        ),
        Panel(
            title="Handlers at work",
            description="Calls being handled, by backend. A backend that stays at its number of "
            "threads sheds load next.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(total(series(RPC_SERVER_ACTIVE, RPC), "instance"), "{{instance}}"),),
            runbook="GrpcLoadShedding",
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="mesh-grpc",
    title="gRPC hot path",
    description="The call from the marketplace to recommendations: how long, with which outcome, "
    "why it failed, and what second tries and breakers did about it. Exemplars open traces.",
    rows=(_LATENCY, _OUTCOMES, _DEFENCES, _IN_FLIGHT),
)
"""Latency, codes, causes, second tries, breakers, calls in flight."""
