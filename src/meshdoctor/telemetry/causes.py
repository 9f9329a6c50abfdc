"""From what gRPC says of a failed call to a cause of the vocabulary.

gRPC gives a status code and a text. Neither is enough: four different broken layers share one
text, the text changes between versions of grpcio, and with a deadline most of them say nothing
but DEADLINE_EXCEEDED. So three witnesses are asked, the surest first: a marker that proves that the
handler ran, the text, and (for what stays ambiguous) a probe of DNS and TCP, see `settle`.
"""

import re
from dataclasses import dataclass
from typing import Final

import grpc

MARKER: Final = "x-served-by"
"""Metadata key, initial or trailing, that only a handler's server sets: the handler ran."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What code, text and marker tell.

    Attributes:
        cause: a code of `faults.CAUSES`; `unknown` when nothing fits.
        certain: False when a probe should be asked before the cause is counted.
        when_healthy: the cause when that probe finds DNS and TCP healthy; None keeps `cause`.
    """

    cause: str
    certain: bool = True
    when_healthy: str | None = None


CALLERS_FAULTS: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.OUT_OF_RANGE,
    }
)
"""Statuses that say the request was wrong, not who answered it."""

_RESOLVING: Final = re.compile(
    r"DNS resolution failed|errors resolving|address lookup failed|in name resolution"
    r"|Name or service not known|DNS query cancelled|DNS server|C-ares"
)

# Seen in grpcio 1.51 to 1.85, both resolvers. The first match decides.
_DNS_TEXTS: Final = (
    (re.compile(r"Domain name not found|Name or service not known"), Guess("dns-nxdomain")),
    (re.compile(r"answer with no data"), Guess("dns-no-address")),
    (re.compile(r"Timeout while contacting|DNS query cancelled"), Guess("dns-timeout")),
    (re.compile(r"general failure"), Guess("dns-servfail")),
    (re.compile(r"refused query"), Guess("dns-refused")),
    # Until grpcio 1.71 SERVFAIL and REFUSED read like this as well: ask the probe.
    (re.compile(r"Could not contact DNS servers"), Guess("dns-refused", certain=False)),
    # What the native resolver says of everything.
    (re.compile(r"Temporary failure in name resolution"), Guess("dns-timeout", certain=False)),
)

_CONNECTION_TEXTS: Final = (
    (re.compile(r"Connection refused"), Guess("connect-refused")),
    (
        re.compile(
            r"SSL|TLS|[Cc]ertificate|CERTIFICATE|security handshake|Peer name"
            r"|Hostname Verification"  # since 1.80
        ),
        Guess("tls-handshake"),
    ),
    # The kernel took the connection, the process behind it never spoke.
    (re.compile(r"before receiving SETTINGS"), Guess("app-deadline")),
    (
        re.compile(
            r"handshaker shutdown|FD Shutdown|Timeout occurred|timed out"
            r"|No route to host|unreachable"
        ),
        Guess("connect-timeout"),
    ),
    (re.compile(r"Cancelling all calls|GOAWAY|unhealthy|not serving"), Guess("app-draining")),
    # Hung up before the first word: a server that ends, or one that does not take the client's
    # certificate, or none at all. The probe can greet and see.
    (
        re.compile(r"(all addresses|all backends failing); .*(Socket closed|reset by peer)"),
        Guess("connect-lost", certain=False),
    ),
    (
        re.compile(r"Socket closed|reset by peer|Broken pipe|Stream removed"),
        Guess("connect-lost"),
    ),
)

# What a client's own grpcio says of a call that never left: INTERNAL or UNKNOWN.
_NEVER_SENT: Final = re.compile(
    r"Exception serializing request|Exception raised while intercepting"
    r"|Failed to create (client )?channel|Cannot parse authority"
)

_SILENCE: Final = Guess("unknown", certain=False, when_healthy="app-deadline")


def handler_ran(*metadata: object) -> bool:
    """Tell whether any of these metadata sequences (or None) carries the marker."""
    return any(
        key == MARKER
        for pairs in metadata
        for key, _value in (pairs or ())  # type: ignore[attr-defined]
    )


def classify(code: grpc.StatusCode, details: str, *, ran: bool) -> Guess:
    """Name the cause of a call that did not end OK.

    Args:
        code: the call's status.
        details: the call's status text, of any grpcio version.
        ran: whether the marker was seen, see `handler_ran`.
    """
    if code is grpc.StatusCode.CANCELLED:
        return Guess("app-draining" if "Cancelling all calls" in details else "cancelled")
    if code in CALLERS_FAULTS:
        return Guess("caller-error")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Guess("caller-error" if "larger than max" in details else "app-overloaded")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Guess("app-deadline") if ran else _SILENCE
    return Guess("app-error") if ran else _unmarked(code, details)


def _unmarked(code: grpc.StatusCode, details: str) -> Guess:
    if code is grpc.StatusCode.UNAVAILABLE:
        return _from_text(details)
    return Guess("caller-error" if _NEVER_SENT.match(details) else "app-error")


def _from_text(details: str) -> Guess:
    table = _DNS_TEXTS if _RESOLVING.search(details) else _CONNECTION_TEXTS
    for pattern, guess in table:
        if pattern.search(details):
            return guess
    return Guess("unknown", certain=False)
