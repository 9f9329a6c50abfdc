"""Alerts on the certificates that the agents are shown.

How long a certificate has left says little by itself: 8 h is a third of a leaf's day, in order, and
the end of a year. So each is judged by its own life, and by an upper bound in seconds.
"""

from typing import Final

from meshdoctor.faults import Layer
from meshdoctor.telemetry.catalogue import TLS_NOT_AFTER, TLS_NOT_BEFORE
from observability import knobs
from observability.foreign import Source
from observability.model import Alert, Rank, Severity
from observability.promql import listed

_LEFT: Final = f"({TLS_NOT_AFTER.name} - time())"
_LIFE: Final = f"({TLS_NOT_AFTER.name} - {TLS_NOT_BEFORE.name})"


def alerts() -> tuple[Alert, ...]:
    """Return what is a fault now."""
    return (_expired(),)


def tickets() -> tuple[Alert, ...]:
    """Return what warns of one."""
    soon, critical = (
        _within(knobs.TLS_SOON_SECONDS, knobs.TLS_SOON_PART),
        _within(knobs.TLS_CRITICAL_SECONDS, knobs.TLS_CRITICAL_PART),
    )
    return (
        _expires(
            "TlsCertExpirySoon",
            f"{soon}\nunless on (server_address) {_LEFT} < 0\n"
            f"unless on (server_address) {critical}",
            Severity.TICKET,
            "15m",
        ),
        _expires(
            "TlsCertExpiryCritical",
            # Past its date it is another alert.
            f"{critical}\nunless on (server_address) {_LEFT} < 0",
            Severity.PAGE,
            "5m",
        ),
    )


def _within(seconds: int, part: int) -> str:
    # Every agent sees the same certificate: compared series by series, then one of them is enough.
    near = f"{_LEFT} < {seconds}\n  and {_LEFT} * {part} < {_LIFE}"
    return f"min by (server_address) (\n  {near}\n)"


def _expired() -> Alert:
    asked = f"query `max by (server_address) ({_LEFT} < 0)`"
    shown = listed(asked, "{{ .Labels.server_address }}", "server_address", between=", ")
    here = f'"namespace", "{knobs.NAMESPACE}", "", ""'
    return Alert(
        name="TlsCertExpired",
        family="TlsCertExpired",
        # Agents live in a namespace of their own; the calls that fail for it are not there.
        expression=f"label_replace(count(count by (server_address) ({_LEFT} < 0)), {here})",
        severity=Severity.PAGE,
        rank=Rank.ROUTING,
        layer=Layer.TLS,
        summary="A certificate is past its date",
        description=(
            f"{{{{ $value }}}} servers show a certificate that has expired: {shown}. No new "
            "connection to it is trusted; those that are there go on for minutes."
        ),
        dashboard="mesh-dns-network",
        hold="30s",
        keep=knobs.KEEP_CERTIFICATE,
        faults=("tls-expired",),
        source=Source.AGENT,
    )


def _expires(name: str, promql: str, severity: Severity, hold: str) -> Alert:
    return Alert(
        name=name,
        family=name,
        expression=promql,
        severity=severity,
        # It tells of a fault to come: until then it explains nothing and may silence nothing.
        rank=Rank.WATCH,
        layer=Layer.TLS,
        summary="The certificate of {{ $labels.server_address }} expires",
        description=(
            "The certificate that {{ $labels.server_address }} shows has "
            "{{ $value | humanizeDuration }} left, and nobody has renewed it in time. Then every "
            "new connection to it fails."
        ),
        dashboard="mesh-dns-network",
        hold=hold,
        faults=("tls-expired",),
        source=Source.AGENT,
    )
