"""Alerts on what the agents see of name servers and of Services' addresses.

A service knows that a lookup failed. An agent asked each name server directly and by the Service's
address, and so knows whether the server is silent or only the way to it.
"""

from typing import Final

from meshdoctor.faults import Layer
from meshdoctor.telemetry.catalogue import EDGE_PROBE_SUCCESS
from observability import knobs
from observability.foreign import Source
from observability.model import Alert, Rank, Record, Severity
from observability.promql import listed, select
from observability.troubles import persists

_BY_SERVICE: Final = 'ground="cluster-ip"'
_DIRECTLY: Final = 'ground!="cluster-ip"'
_DNS: Final = 'role="dns"'

_SILENT_ADDRESSES: Final = "node:silent_service_addresses:seen"
_SILENT_SERVERS: Final = "target:silent_name_servers:seen"

_ADDRESSES: Final = select(EDGE_PROBE_SUCCESS, 'role=~"dns|agent"', _BY_SERVICE)
_SERVERS: Final = select(EDGE_PROBE_SUCCESS, _DNS, _DIRECTLY)


def rules() -> tuple[Record | Alert, ...]:
    """Return the rules, those about the way first."""
    return (
        Record(
            _SILENT_ADDRESSES,
            # Multiplied: silent by the Service's address and answered directly, or else 0.
            f"(max by (source_node) ({_ADDRESSES}) == bool 0)\n"
            f"* on (source_node) min by (source_node) ({_SERVERS})",
            source=Source.AGENT,
        ),
        Record(
            _SILENT_SERVERS,
            # From wherever it is asked: what one node cannot reach, the way explains.
            f"max by (target, probe) ({_SERVERS}) == bool 0",
            source=Source.AGENT,
        ),
        _addresses(),
        _servers(),
    )


def told(role: str, sentence: str, *more: str) -> str:
    """Write a Go template: a sentence, if there are agents and all their probes are answered.

    Args:
        role: of the probes, as in the gauge.
        sentence: that stands then; it begins with a space.
        more: further matchers.
    """
    series = select(EDGE_PROBE_SUCCESS, f'role="{role}"', *more)
    asked = f"min({series}) == 1"
    return f"{{{{ if query `{asked}` }}}}{sentence}{{{{ end }}}}"


def _addresses() -> Alert:
    return Alert(
        name="ServiceAddressSilent",
        family="ServiceAddressSilent",
        expression=f"count({persists(_SILENT_ADDRESSES, knobs.AGENT_SEEN)})",
        severity=Severity.PAGE,
        # It is part of the way: what it breaks looks like a silent name server.
        rank=Rank.NETWORK,
        layer=Layer.ROUTING,
        summary="Services' addresses are silent, the Pods behind them are not",
        description=(
            "On {{ $value }} nodes no Service's address has answered in the last minute, while "
            f"every name server answers directly: {_listed(_SILENT_ADDRESSES, 'source_node')}. "
            "kube-proxy's rules are gone there."
        ),
        dashboard="mesh-dns-network",
        keep=knobs.KEEP_AGENTS,
        faults=("routing-clusterip-gone",),
        source=Source.AGENT,
    )


def _servers() -> Alert:
    return Alert(
        name="DnsServerUnanswered",
        family="DnsServerUnanswered",
        expression=f"count(count by (target) ({persists(_SILENT_SERVERS, knobs.AGENT_SEEN)}))",
        severity=Severity.PAGE,
        rank=Rank.DNS,
        layer=Layer.DNS,
        summary="Name servers answer no node",
        description=(
            "{{ $value }} name servers have given no node an answer in the last minute: "
            f"{_listed(_SILENT_SERVERS, 'target', 'probe')}. The way to them was tried without the "
            "Service's address, from the same node where an agent is there. dns-udp alone: only "
            "TCP passes."
        ),
        dashboard="mesh-dns-network",
        keep=knobs.KEEP_AGENTS,
        faults=("dns-timeout", "dns-refused", "dns-servfail", "dns-udp-lost"),
        source=Source.AGENT,
    )


def _listed(seen: str, *labels: str) -> str:
    """Write a Go template that lists what is seen now."""
    shown = " ".join(f"{{{{ .Labels.{label} }}}}" for label in labels)
    return listed(f"query `{seen} == 1`", shown, *labels, between=", ")
