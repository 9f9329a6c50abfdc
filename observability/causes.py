"""Alerts by cause: calls that fail, lookups that fail, and what makes them slow or shed."""

import re
from typing import Final

from meshdoctor.faults import CAUSES, FAULTS, Layer
from meshdoctor.telemetry.catalogue import (
    DNS_LOOKUP_DURATION,
    RPC_CLIENT_DURATION,
    RPC_CLIENT_FAILURES,
    RPC_CLIENT_RETRIES,
)
from observability import edges, knobs
from observability.foreign import ALERTS
from observability.model import Alert, Rank, Record, Severity
from observability.promql import quantile, rate, select, total
from observability.troubles import PLACE, Trouble, expression, records

WHERE: Final = "{{ with $labels.namespace }}{{ . }}/{{ end }}{{ $labels.job }}"
"""Names the job, with its namespace where there is one; a Go template."""

SHARE: Final = "{{ $value | humanizePercentage }}"

_METHODS: Final = f'rpc_method=~"{knobs.RPC_METHODS}"'
_CALLS: Final = select(RPC_CLIENT_DURATION, _METHODS, suffix="_count")
_WINDOW: Final = "5m"
_ERROR: Final = "app-error"
_OVERLOADED: Final = "app-overloaded"
# A server that is well can give both answers for a Service without a ready Pod.
_NO_ADDRESS: Final = "dns-no-address|dns-nxdomain"
_NOT_UNAVAILABLE: Final = (_ERROR, _OVERLOADED, "caller-error", "cancelled")
_TELLS_NOTHING: Final = "breaker-open"
_DNS: Final = "dns-.+"
_UNAVAILABLE_FAULTS: Final = (
    "app-down",
    "app-crash-loop",
    "app-hung",
    "app-slow",
    "routing-wrong-target-port",
    "network-policy-app",
    "tls-untrusted",
)


_LOOKUPS_ANSWERED: Final = (
    " The agents' own lookups are answered on every node: a network policy of these Pods is the "
    "first thing to read."
)
_BACKENDS_ANSWERED: Final = (
    " The agents reach the backends from every node: a network policy between the two is the first "
    "thing to read."
)


def _failures(matcher: str) -> str:
    return select(RPC_CLIENT_FAILURES, _METHODS, matcher)


def _calls(name: str, bad: str, named: str, threshold: float) -> Trouble:
    return Trouble(name, _CALLS, _failures(bad), _failures(named), "cause", "rpc_method", threshold)


def _one_cause(name: str, cause: str, threshold: float) -> Trouble:
    return _calls(name, f'cause="{cause}"', f'cause="{cause}"', threshold)


def _lookups(name: str, bad: str) -> Trouble:
    failed = select(DNS_LOOKUP_DURATION, bad, suffix="_count")
    return Trouble(
        name,
        select(DNS_LOOKUP_DURATION, suffix="_count"),
        failed,
        failed,
        "error_type",
        "instance",
        knobs.DNS_FAILURE_RATIO,
    )


UNAVAILABLE: Final = _calls(
    "unavailable_calls",
    f'cause!~"{"|".join(_NOT_UNAVAILABLE)}"',
    f'cause!~"{"|".join((*_NOT_UNAVAILABLE, _TELLS_NOTHING))}"',
    knobs.UNAVAILABLE_RATIO,
)
ERRORS: Final = _one_cause("erroneous_calls", _ERROR, knobs.ERROR_RATIO)
SHEDDING: Final = _one_cause("shed_calls", _OVERLOADED, knobs.SHEDDING_PAGE_RATIO)
LOOKUPS: Final = _lookups("failed_lookups", f'error_type!~"|{_NO_ADDRESS}"')
NO_ADDRESS: Final = _lookups("empty_lookups", f'error_type=~"{_NO_ADDRESS}"')

TROUBLES: Final = (LOOKUPS, NO_ADDRESS, UNAVAILABLE, ERRORS, SHEDDING)
"""DNS first: what explains is known before what it explains."""


def rules() -> tuple[Record | Alert, ...]:
    """Return the rules in the order of their evaluation."""
    recorded = (record for trouble in TROUBLES for record in records(trouble))
    return (*recorded, *_dns_alerts(), *_call_alerts())


def tickets() -> tuple[Alert, ...]:
    """Return what can wait until somebody is at work; windows of minutes."""
    return (_dns_slow(), _deadlines(), _shedding_ticket(), _retries())


def _dns_alerts() -> tuple[Alert, ...]:
    return (
        Alert(
            name="DnsFailureRatioHigh",
            family="DnsFailureRatioHigh",
            expression=expression(LOOKUPS),
            severity=Severity.PAGE,
            rank=Rank.DNS,
            layer=Layer.DNS,
            summary=f"{WHERE} cannot look names up: {{{{ $labels.cause }}}}",
            description=(
                f"{SHARE} of the lookups of {WHERE} failed in the last minute, most of them with "
                f"{{{{ $labels.cause }}}}. Calls go on to the last known addresses; a Pod that "
                "starts now finds nobody, and one that moves is not found."
                f"{edges.told('dns', _LOOKUPS_ANSWERED)}"
            ),
            dashboard="mesh-dns-network",
            hold=knobs.AFTER_NETWORK,
            faults=(
                "dns-timeout",
                "dns-refused",
                "dns-servfail",
                "dns-udp-lost",
                "network-policy-dns",
                "routing-clusterip-gone",
            ),
        ),
        Alert(
            name="ServiceWithoutAddress",
            family="ServiceWithoutAddress",
            expression=_without_address(),
            severity=Severity.PAGE,
            rank=Rank.ROUTING,
            layer=Layer.ROUTING,
            summary=f"The name that {WHERE} calls has no address: {{{{ $labels.cause }}}}",
            description=(
                f"{SHARE} of the lookups of {WHERE} in the last minute were answered without an "
                "address ({{ $labels.cause }}): the Service selects no ready Pod, or there is no "
                "Service of that name. DNS itself works."
            ),
            dashboard="mesh-dns-network",
            hold=knobs.AFTER_CALLS,
            faults=("routing-no-endpoints", "dns-nxdomain"),
        ),
    )


def _without_address() -> str:
    """A headless name has no address as soon as no Pod is ready, and calls then fail first.

    Whichever of the two pages was first keeps the fault for itself.
    """
    calls, names = (
        select(ALERTS, f'alertname="{name}"', 'alertstate="firing"')
        for name in ("RecommendationsUnavailableRate", "ServiceWithoutAddress")
    )
    place = f"on ({', '.join(PLACE)})"
    return f"{expression(NO_ADDRESS)}\nunless {place} ({calls} unless {place} {names})"


def _call_alerts() -> tuple[Alert, ...]:
    return (
        _unavailable(
            f'cause!~"{_DNS}"', _layer_of_cause(), _UNAVAILABLE_FAULTS, knobs.AFTER_NETWORK
        ),
        # What explains this comes first: it is told here only when lookups themselves are well.
        _unavailable(f'cause=~"{_DNS}"', Layer.DNS, (), knobs.AFTER_DNS),
        Alert(
            name="RecommendationsErrorRate",
            family="RecommendationsErrorRate",
            expression=expression(ERRORS),
            severity=Severity.PAGE,
            rank=Rank.RPC,
            layer=Layer.APP,
            summary=f"{WHERE} gets errors from recommendations",
            description=(
                f"{SHARE} of the calls of {WHERE} were answered with an error by the handler in "
                "the last minute. Network and DNS work; the service's log names the error by "
                "trace id."
            ),
            dashboard="mesh-grpc",
            faults=("app-erroring",),
        ),
        _shedding_page(),
    )


def _unavailable(named: str, layer: str, faults: tuple[str, ...], hold: str) -> Alert:
    return Alert(
        name="RecommendationsUnavailableRate",
        family="RecommendationsUnavailableRate",
        expression=expression(UNAVAILABLE, named),
        severity=Severity.PAGE,
        rank=Rank.RPC,
        layer=layer,
        summary=f"{WHERE} gets no recommendations: {{{{ $labels.cause }}}}",
        description=(
            f"{SHARE} of the calls of {WHERE} got no answer from a backend in the last minute "
            "(UNAVAILABLE or DEADLINE_EXCEEDED), most of them because of {{ $labels.cause }}. "
            "Visitors see remembered books."
            f"{_backends_answered()}"
        ),
        dashboard="mesh-grpc",
        hold=hold,
        faults=faults,
    )


def _backends_answered() -> str:
    silent = edges.told("backend", _BACKENDS_ANSWERED, 'probe="tcp"')
    return f'{{{{ if eq $labels.cause "connect-timeout" }}}}{silent}{{{{ end }}}}'


def _shedding_page() -> Alert:
    return _shedding(
        expression(SHEDDING),
        Severity.PAGE,
        f"{SHARE} of the calls of {WHERE} were turned away in the last minute "
        "(RESOURCE_EXHAUSTED): the backends get more than they can serve.",
    )


def _shedding_ticket() -> Alert:
    ratio = _share_of(_failures(f'cause="{_OVERLOADED}"'), _CALLS)
    return _shedding(
        f"{ratio} > {knobs.SHEDDING_TICKET_RATIO:g}",
        Severity.TICKET,
        f"{SHARE} of the calls of {WHERE} were turned away over {_WINDOW} (RESOURCE_EXHAUSTED). "
        "Visitors hardly notice yet.",
        hold="10m",
    )


def _shedding(promql: str, severity: Severity, description: str, hold: str = "") -> Alert:
    return Alert(
        name="GrpcLoadShedding",
        family="GrpcLoadShedding",
        expression=promql,
        severity=severity,
        rank=Rank.RPC,
        layer=Layer.APP,
        summary=f"Recommendations turns calls of {WHERE} away",
        description=description,
        dashboard="mesh-grpc",
        hold=hold,
        faults=("app-overloaded",),
    )


def _deadlines() -> Alert:
    late = select(
        RPC_CLIENT_DURATION,
        _METHODS,
        'rpc_response_status_code="DEADLINE_EXCEEDED"',
        suffix="_count",
    )
    return Alert(
        name="GrpcDeadlineRatioHigh",
        family="GrpcDeadlineRatioHigh",
        expression=f"{_share_of(late, _CALLS)} > {knobs.DEADLINE_TICKET_RATIO:g}",
        severity=Severity.TICKET,
        rank=Rank.RPC,
        layer=Layer.APP,
        summary=f"Calls of {WHERE} run out of time",
        description=f"{SHARE} of the calls of {WHERE} ended with DEADLINE_EXCEEDED over {_WINDOW}.",
        dashboard="mesh-grpc",
        hold="5m",
    )


def _retries() -> Alert:
    # Denied ones too: the budget itself keeps those that were sent at the threshold.
    tries = select(RPC_CLIENT_RETRIES, _METHODS)
    return Alert(
        name="RetryBudgetExhausted",
        family="RetryBudgetExhausted",
        expression=f"{_share_of(tries, _CALLS)} > {knobs.RETRY_RATIO:g}",
        severity=Severity.TICKET,
        rank=Rank.RPC,
        layer=Layer.APP,
        summary=f"{WHERE} needs more second tries than it may send",
        description=(
            f"{SHARE} of the calls of {WHERE} asked for a second try over {_WINDOW}; the budget "
            "denies what is too much, so that retries cannot become the overload."
        ),
        dashboard="mesh-grpc",
        hold="5m",
    )


def _dns_slow() -> Alert:
    p99 = quantile(0.99, DNS_LOOKUP_DURATION, 'error_type=""', window=_WINDOW, by=PLACE)
    return Alert(
        name="DnsLookupSlow",
        family="DnsLookupSlow",
        expression=f"{p99} > {knobs.DNS_SLOW_SECONDS:g}",
        severity=Severity.TICKET,
        rank=Rank.DNS,
        layer=Layer.DNS,
        summary=f"Lookups of {WHERE} are slow",
        description=(
            "One successful lookup in a hundred took {{ $value | humanizeDuration }} or longer "
            f"over {_WINDOW}, in {WHERE}."
        ),
        dashboard="mesh-dns-network",
        hold="5m",
        faults=("dns-slow",),
    )


def _share_of(part: str, whole: str) -> str:
    return f"{total(rate(part, _WINDOW), *PLACE)}\n/\n{total(rate(whole, _WINDOW), *PLACE)}"


def _layer_of_cause() -> str:
    """Write a Go template: the layer to which the label `cause` points first, DNS left out."""
    first = {cause: FAULTS[its.faults[0]].layer for cause, its in CAUSES.items() if its.faults}
    branches = (
        f'if eq $labels.cause "{cause}" }}}}{layer}'
        for cause, layer in first.items()
        if layer is not Layer.APP and not re.fullmatch(_DNS, cause)
    )
    return f"{{{{ {'{{ else '.join(branches)}{{{{ else }}}}{Layer.APP}{{{{ end }}}}"
