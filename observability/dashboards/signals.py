"""The four golden signals of each hop: traffic, errors, latency, saturation.

The four are those of Google's SRE book, chapter 6. Each hop is watched where it is used, so what a
visitor, a caller or a resolver waited for is what is drawn.
"""

from typing import Final

from meshdoctor.telemetry.catalogue import (
    DNS_LOOKUP_DURATION,
    HTTP_SERVER_ACTIVE,
    HTTP_SERVER_DURATION,
    HTTP_SERVER_FRESHNESS,
    RPC_CLIENT_ACTIVE,
    RPC_CLIENT_BREAKER,
    RPC_CLIENT_DURATION,
    RPC_SERVER_ACTIVE,
    RPC_SERVER_DURATION,
)
from observability import knobs
from observability.dashboards.queries import (
    HANDLED,
    RPC,
    SHOP,
    VISITORS,
    counted,
    increased,
    quantiles,
    series,
    share,
    up_to,
)
from observability.model import Draw, Panel, Query, Row
from observability.promql import total

_WIDTH = 6
_SERVER_ERROR = 'http_response_status_code=~"5.."'
_NOT_OK = 'rpc_response_status_code!="OK"'
_LOOKUP_FAILED = 'error_type!=""'
_NOT_LIVE = 'freshness!="live"'


def _traffic(title: str, description: str, *queries: Query) -> Panel:
    return Panel(title, description, "reqps", Draw.LINES, queries, width=_WIDTH, stacked=True)


def _waiting(title: str, description: str, *queries: Query) -> Panel:
    return Panel(title, description, "short", Draw.LINES, queries, width=_WIDTH)


DEGRADED: Final = Panel(
    title="Pages that are not live",
    description="Share of answers filled from memory (stale) or from what is built in, because "
    "recommendations could not be had. Visitors see a page, so no error counts this. Above the "
    "line the month's freshness objective is being spent: look at the gRPC hot path.",
    unit="percentunit",
    draw=Draw.LINES,
    queries=(
        Query(
            share(increased(HTTP_SERVER_FRESHNESS, _NOT_LIVE), increased(HTTP_SERVER_FRESHNESS)),
            "not live",
        ),
    ),
    steps=up_to(round(1 - knobs.OBJECTIVES["marketplace-freshness"], 6)),
    runbook="MarketplaceFreshnessBudgetBurn",
)

FRESHNESS: Final = Panel(
    title="Pages by freshness",
    description="Answers per second that were live, remembered (stale) or built in. Stale is a "
    "recent answer kept in memory; builtin means that there was not even that.",
    unit="reqps",
    draw=Draw.LINES,
    queries=(Query(increased(HTTP_SERVER_FRESHNESS, by=("freshness",)), "{{freshness}}"),),
    stacked=True,
    runbook="MarketplaceFreshnessBudgetBurn",
)

HTTP: Final = Row(
    "HTTP at the marketplace: what visitors get",
    (
        _traffic(
            "HTTP requests",
            "Requests per second by status. A sudden drop to nothing is a fault in front of the "
            "mesh: ask the load balancer or the node port.",
            Query(
                counted(HTTP_SERVER_DURATION, SHOP, VISITORS, by=("http_response_status_code",)),
                "{{http_response_status_code}}",
            ),
        ),
        Panel(
            title="HTTP server errors",
            description="Share of requests answered with a status of 500 or more. The mesh answers "
            "without recommendations rather than fail, so anything here is the marketplace itself: "
            "read its log.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    share(
                        counted(HTTP_SERVER_DURATION, SHOP, VISITORS, _SERVER_ERROR),
                        counted(HTTP_SERVER_DURATION, SHOP, VISITORS),
                    ),
                    "server errors",
                ),
            ),
            steps=up_to(round(1 - knobs.OBJECTIVES["marketplace-availability"], 6)),
            width=_WIDTH,
            runbook="MarketplaceAvailabilityBudgetBurn",
        ),
        Panel(
            title="HTTP latency",
            description="How long visitors waited. The objective wants p99 below the line. Compare "
            "with gRPC at its caller below: what is not there is spent in the marketplace.",
            unit="s",
            draw=Draw.LINES,
            queries=quantiles(HTTP_SERVER_DURATION, SHOP, VISITORS),
            steps=up_to(knobs.MARKETPLACE_LATENCY_SECONDS),
            width=_WIDTH,
            exemplars=True,
            runbook="MarketplaceLatencyBudgetBurn",
        ),
        _waiting(
            "HTTP requests in flight",
            "Requests being answered now. A plateau while latency grows means that every thread is "
            "taken.",
            Query(total(series(HTTP_SERVER_ACTIVE, SHOP), "instance"), "{{instance}}"),
        ),
    ),
)

CLIENT: Final = Row(
    "gRPC at its caller: what the marketplace gets from recommendations",
    (
        _traffic(
            "gRPC calls made",
            "Calls per second by status code; a second try belongs to its call. Anything but OK: "
            "the gRPC hot path tells why.",
            Query(
                counted(RPC_CLIENT_DURATION, RPC, by=("rpc_response_status_code",)),
                "{{rpc_response_status_code}}",
            ),
        ),
        Panel(
            title="gRPC calls failed",
            description="Share of calls that did not end OK, whatever the cause. Above the line a "
            "page is on its way; the gRPC hot path splits it by cause.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    share(
                        counted(RPC_CLIENT_DURATION, RPC, _NOT_OK),
                        counted(RPC_CLIENT_DURATION, RPC),
                    ),
                    "failed",
                ),
            ),
            steps=up_to(knobs.UNAVAILABLE_RATIO),
            width=_WIDTH,
            runbook="RecommendationsUnavailableRate",
        ),
        Panel(
            title="gRPC latency at the caller",
            description="How long a call took as its caller saw it, second tries included. The "
            "objective wants p99 below the line.",
            unit="s",
            draw=Draw.LINES,
            queries=quantiles(RPC_CLIENT_DURATION, RPC),
            steps=up_to(knobs.RECOMMENDATIONS_LATENCY_SECONDS),
            width=_WIDTH,
            exemplars=True,
            runbook="RecommendationsLatencyBudgetBurn",
        ),
        _waiting(
            "gRPC calls in flight",
            "Calls waiting for their answer. A rise without a rise in calls is a backend that "
            "hangs.",
            Query(total(series(RPC_CLIENT_ACTIVE, RPC), "instance"), "{{instance}}"),
        ),
    ),
)

SERVER: Final = Row(
    "gRPC at its server: what recommendations did",
    (
        _traffic(
            "gRPC calls handled",
            "Calls per second by backend. Equal shares are healthy; a backend at nothing is out of "
            "the name, cut off, or behind an open breaker.",
            Query(counted(RPC_SERVER_DURATION, RPC, by=("instance",)), "{{instance}}"),
        ),
        Panel(
            title="gRPC handlers failed",
            description="Share of handled calls that did not end OK. Near nothing while callers "
            "fail means that calls do not arrive: network, DNS or connection, not the application.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    share(
                        counted(RPC_SERVER_DURATION, RPC, _NOT_OK),
                        counted(RPC_SERVER_DURATION, RPC),
                    ),
                    "failed",
                ),
            ),
            steps=up_to(knobs.ERROR_RATIO),
            width=_WIDTH,
            runbook="RecommendationsErrorRate",
        ),
        Panel(
            title="gRPC latency in the handler",
            description="How long the handlers took. What callers waited beyond this was spent on "
            "the way: queue, network, second tries.",
            unit="s",
            draw=Draw.LINES,
            queries=quantiles(RPC_SERVER_DURATION, RPC, HANDLED),
            steps=up_to(knobs.RECOMMENDATIONS_LATENCY_SECONDS),
            width=_WIDTH,
            exemplars=True,
            runbook="RecommendationsLatencyBudgetBurn",
        ),
        _waiting(
            "gRPC handlers at work",
            "Calls being handled now, by backend. One that climbs alone is hung or slow.",
            Query(total(series(RPC_SERVER_ACTIVE, RPC), "instance"), "{{instance}}"),
        ),
    ),
)

DNS: Final = Row(
    "DNS: how backends are found",
    (
        _traffic(
            "DNS lookups",
            "Lookups per second by name. Each caller asks every few seconds, and about once a "
            "second while lookups fail: more here is a sign of trouble.",
            Query(counted(DNS_LOOKUP_DURATION, by=("dns_question_name",)), "{{dns_question_name}}"),
        ),
        Panel(
            title="DNS lookups failed",
            description="Share of lookups without a usable answer. Callers keep the addresses they "
            "know, so calls may still work: there is time, but not for Pods that move.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    share(
                        counted(DNS_LOOKUP_DURATION, _LOOKUP_FAILED), counted(DNS_LOOKUP_DURATION)
                    ),
                    "failed",
                ),
            ),
            steps=up_to(knobs.DNS_FAILURE_RATIO),
            width=_WIDTH,
            runbook="DnsFailureRatioHigh",
        ),
        Panel(
            title="DNS lookup latency",
            description="How long lookups took, failed ones included. The objective wants them "
            "below the line.",
            unit="s",
            draw=Draw.LINES,
            queries=quantiles(DNS_LOOKUP_DURATION),
            steps=up_to(knobs.DNS_LATENCY_SECONDS),
            width=_WIDTH,
            runbook="DnsLookupSlow",
        ),
        _waiting(
            "Backends known but out of use",
            "Breakers that are not closed. DNS names these backends, and callers leave them out.",
            Query(total(f"{series(RPC_CLIENT_BREAKER)} > bool 0"), "out of use"),
        ),
    ),
)
