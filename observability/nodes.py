"""Alerts on what the prober on each node sees: the way between nodes, certificates."""

from typing import Final

from meshdoctor.faults import Layer
from meshdoctor.telemetry.catalogue import NODE_PROBE_SUCCESS, TLS_NOT_AFTER
from observability import knobs
from observability.foreign import UP, Source
from observability.model import Alert, Rank, Record, Severity
from observability.promql import select
from observability.troubles import persists

_SEEN: Final = "edge:failed_node_probes:seen"
_PAIR: Final = "{{ $labels.source_node }} to {{ $labels.target_node }}"
_LEFT: Final = f"min by (server_address) ({TLS_NOT_AFTER.name} - time())"
"""Seconds until a certificate expires; every node's agent sees the same one."""

_AGENTS: Final = select(UP, f'job="{knobs.AGENT}"')


def rules() -> tuple[Record | Alert, ...]:
    """Return the rules about the network."""
    return (
        Record(_SEEN, f"{NODE_PROBE_SUCCESS.name} == bool 0", source=Source.AGENT),
        _unreachable(),
    )


def tickets() -> tuple[Alert, ...]:
    """Return what moves slowly."""
    return (_absent(), _expires_soon(), _expires_now())


def _unreachable() -> Alert:
    pair = "source_node, target_node"
    return Alert(
        name="NodeToNodeUnreachable",
        family="NodeToNodeUnreachable",
        # Counted by pair: which kinds of probes fail is told below, in one alert and not in five.
        expression=f"count by ({pair}) ({persists(_SEEN)})",
        severity=Severity.PAGE,
        rank=Rank.NETWORK,
        layer=Layer.NETWORK,
        summary=f"Packets from node {_PAIR} do not arrive",
        description=(
            f"{{{{ $value }}}} kinds of probes from node {_PAIR} have failed in the last minute:"
            f"{_failing()}. All kinds: the security group or the overlay; large alone: the MTU; "
            "one direction alone: the rules of one node."
        ),
        dashboard="mesh-dns-network",
        faults=(
            "network-overlay-blocked",
            "network-nodes-blocked",
            "network-one-way",
            "network-large-packets",
        ),
        source=Source.AGENT,
    )


def _failing() -> str:
    """Write a Go template that lists the kinds of probes that fail between the pair."""
    edge = select(NODE_PROBE_SUCCESS, "source_node=%q", "target_node=%q")
    asked = f"printf `{edge} == 0` $labels.source_node $labels.target_node | query"
    asked = f'{asked} | sortByLabel "probe"'  # a query's order is chance
    return f"{{{{ range {asked} }}}} {{{{ .Labels.probe }}}}{{{{ end }}}}"


def _absent() -> Alert:
    return Alert(
        name="NodeProbeAbsent",
        family="NodeProbeAbsent",
        # Agents that were never there are missed by nobody.
        expression=(
            f"count(last_over_time({_AGENTS}[1d]))\nunless on () count({NODE_PROBE_SUCCESS.name})"
        ),
        severity=Severity.TICKET,
        rank=Rank.WATCH,
        layer="watch",
        summary="No node probes another: the network is not watched",
        description=(
            "{{ $value }} agents were known within a day, and no result of a probe between nodes "
            "is to be had."
        ),
        dashboard="mesh-dns-network",
        hold="5m",
        source=Source.AGENT,
    )


def _expires_soon() -> Alert:
    critical, soon = knobs.TLS_CRITICAL_SECONDS, knobs.TLS_SOON_SECONDS
    return _expires(
        "TlsCertExpirySoon",
        f"{_LEFT} < {soon} >= {critical}",
        Severity.TICKET,
        "15m",
    )


def _expires_now() -> Alert:
    return _expires(
        "TlsCertExpiryCritical",
        f"{_LEFT} < {knobs.TLS_CRITICAL_SECONDS}",
        Severity.PAGE,
        "5m",
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
            "{{ $value | humanizeDuration }} left (less than nothing: it has expired). Then every "
            "new connection to it fails."
        ),
        dashboard="mesh-dns-network",
        hold=hold,
        faults=("tls-expired",),
        source=Source.AGENT,
    )
