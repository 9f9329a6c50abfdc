"""What we promise over 30 days, and the rules that measure it.

An objective is a share of good events. Each is recorded in the shape that Sloth made common
(`slo:sli_error:ratio_rate5m` and so on), so that its dashboards and habits fit.
"""

from dataclasses import dataclass
from typing import Final

from meshdoctor.telemetry.catalogue import (
    DNS_LOOKUP_DURATION,
    HTTP_SERVER_DURATION,
    HTTP_SERVER_FRESHNESS,
    RPC_CLIENT_DURATION,
)
from observability import knobs
from observability.model import Record
from observability.promql import rate, select, total, within

EVENTS: Final = "slo:events:rate5m"
ERRORS: Final = "slo:errors:rate5m"
OBJECTIVE: Final = "slo:objective:ratio"
BUDGET_LEFT: Final = "slo:error_budget_left:ratio"

_COUNTED: Final = ("30m", "1h")
"""Windows read from the counters: what pages is to be as early as it can be."""

_ADDED_UP: Final = ("2h", "6h", "1d", "3d")
"""Windows added up from the 5 min series: reading days of raw samples every 30 s is dear."""

_RECOMMENDED: Final = f'rpc_method=~"{knobs.RPC_METHODS}"'
_SHOP: Final = f'job="{knobs.MARKETPLACE}"'
_VISITED: Final = f'http_route!~"{knobs.PROBE_ROUTES}"'
_NO_SERVER_ERROR: Final = 'http_response_status_code!~"5.."'
_BACKEND_STATUSES: Final = (
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "UNKNOWN",
    "RESOURCE_EXHAUSTED",
    "DATA_LOSS",
)
"""Statuses that are not the caller's fault: what a caller did wrong costs no budget."""


@dataclass(frozen=True, slots=True)
class Slo:
    """One objective.

    Attributes:
        name: kebab case, a key of `knobs.OBJECTIVES`; the label `slo` of all its series.
        promise: what a good event is: `answered within 1 s`.
        events: selector of the counters of all events.
        good: selector of the counters of the good ones.
        dashboard: uid of the dashboard that shows what spends its budget.
        wakes: whether somebody is woken when its budget burns fast. Not for what only we depend
            on: what visitors lose has objectives of its own, and what lasts an alert by cause.
    """

    name: str
    promise: str
    events: str
    good: str
    dashboard: str
    wakes: bool = True

    @property
    def target(self) -> float:
        """The share that must be good."""
        return knobs.OBJECTIVES[self.name]

    @property
    def budget(self) -> float:
        """The share that may be bad, without the noise of subtracting."""
        return round(1 - self.target, 9)

    @property
    def title(self) -> str:
        """The name as alerts begin with it: `dns-lookups` is `DnsLookups`."""
        return "".join(part.capitalize() for part in self.name.split("-"))


# What a visitor asked wrongly, and what no page is, must not dilute what is promised for pages.
_VALID: Final = 'http_request_method!="_OTHER"'
_REQUESTS: Final = (_SHOP, _VISITED, _VALID)
_CALLS_OK: Final = (_RECOMMENDED, 'rpc_response_status_code="OK"')

SLOS: Final = (
    Slo(
        "marketplace-availability",
        "answered without a server error",
        select(HTTP_SERVER_DURATION, *_REQUESTS, suffix="_count"),
        select(HTTP_SERVER_DURATION, *_REQUESTS, _NO_SERVER_ERROR, suffix="_count"),
        "mesh-overview",
    ),
    Slo(
        "marketplace-latency",
        f"answered within {knobs.MARKETPLACE_LATENCY_SECONDS:g} s",
        select(HTTP_SERVER_DURATION, *_REQUESTS, _NO_SERVER_ERROR, suffix="_count"),
        within(
            HTTP_SERVER_DURATION,
            knobs.MARKETPLACE_LATENCY_SECONDS,
            *_REQUESTS,
            _NO_SERVER_ERROR,
        ),
        "mesh-overview",
    ),
    Slo(
        "marketplace-freshness",
        "made from live recommendations",
        select(HTTP_SERVER_FRESHNESS, _SHOP),
        select(HTTP_SERVER_FRESHNESS, _SHOP, 'freshness="live"'),
        "mesh-overview",
    ),
    Slo(
        "recommendations-availability",
        "answered by a backend, as the caller sees it",
        select(RPC_CLIENT_DURATION, _RECOMMENDED, suffix="_count"),
        select(
            RPC_CLIENT_DURATION,
            _RECOMMENDED,
            f'rpc_response_status_code!~"{"|".join(_BACKEND_STATUSES)}"',
            suffix="_count",
        ),
        "mesh-grpc",
    ),
    Slo(
        "recommendations-latency",
        f"answered within {knobs.RECOMMENDATIONS_LATENCY_SECONDS:g} s, as the caller sees it",
        select(RPC_CLIENT_DURATION, *_CALLS_OK, suffix="_count"),
        within(RPC_CLIENT_DURATION, knobs.RECOMMENDATIONS_LATENCY_SECONDS, *_CALLS_OK),
        "mesh-grpc",
    ),
    Slo(
        "dns-lookups",
        f"answered with an address within {knobs.DNS_LATENCY_SECONDS:g} s",
        select(DNS_LOOKUP_DURATION, suffix="_count"),
        within(DNS_LOOKUP_DURATION, knobs.DNS_LATENCY_SECONDS, 'error_type=""'),
        "mesh-dns-network",
        # A failed lookup is repeated at once, so a blip of 20 s counts five times as much.
        wakes=False,
    ),
)
"""The six objectives, in the order of `knobs.OBJECTIVES`."""


def error_ratio(window: str) -> str:
    """Return the name of the series of bad events per event over a window."""
    return f"slo:sli_error:ratio_rate{window}"


def records() -> tuple[Record, ...]:
    """Return the recording rules, each after those that it reads."""
    return (
        *(record for slo in SLOS for record in _of_one(slo)),
        Record(error_ratio("5m"), f"{ERRORS} / {EVENTS}"),
        *(Record(error_ratio(window), _added_up(window)) for window in _ADDED_UP),
        Record(BUDGET_LEFT, _budget_left()),
    )


def _of_one(slo: Slo) -> tuple[Record, ...]:
    labels = {"slo": slo.name}
    return (
        Record(OBJECTIVE, f"vector({slo.target:g})", labels),
        Record(EVENTS, _all(slo, "5m"), labels),
        Record(ERRORS, _bad(slo, "5m"), labels),
        *(
            Record(error_ratio(window), f"({_bad(slo, window)})\n/ {_all(slo, window)}", labels)
            for window in _COUNTED
        ),
    )


def _all(slo: Slo, window: str) -> str:
    return total(rate(slo.events, window), "namespace")


def _bad(slo: Slo, window: str) -> str:
    """All that is not good; where nothing ever was good, its counter does not exist."""
    everything, good = _all(slo, window), total(rate(slo.good, window), "namespace")
    return f"{everything}\n- (\n  {good}\n  or {everything} * 0\n)"


def _added_up(window: str) -> str:
    # Sums, not the mean of ratios: a quiet night must not weigh as much as a busy day.
    return f"sum_over_time({ERRORS}[{window}]) / sum_over_time({EVENTS}[{window}])"


def _budget_left() -> str:
    spent = _added_up(f"{knobs.BUDGET_DAYS}d")
    return f"1 - ({spent})\n/ on (slo) group_left () (1 - {OBJECTIVE})"
