"""Alerts on what the agents see of the way between nodes."""

from typing import Final

from meshdoctor.faults import Layer
from meshdoctor.telemetry.catalogue import NODE_PROBE_SUCCESS
from observability import knobs
from observability.foreign import UP, Source
from observability.model import Alert, Rank, Record, Severity
from observability.promql import listed, select
from observability.troubles import persists

_SEEN: Final = "edge:failed_node_probes:seen"
_PAIR: Final = "source_node, target_node"
_LOST: Final = f"{NODE_PROBE_SUCCESS.name} == 0"
_NODE: Final = select(NODE_PROBE_SUCCESS, 'probe="node"')
_SMALL: Final = select(NODE_PROBE_SUCCESS, 'probe!="large"')
_MOST_PAIRS: Final = 6
"""That one page lists. One broken node of a hundred is on more of them."""

_AGENTS: Final = select(UP, f'job="{knobs.AGENT}"')


def rules() -> tuple[Record | Alert, ...]:
    """Return the rules about the way between nodes."""
    return (
        Record(_SEEN, f"{NODE_PROBE_SUCCESS.name} == bool 0", source=Source.AGENT),
        _unreachable(),
    )


def tickets() -> tuple[Alert, ...]:
    """Return what can wait."""
    return (_absent(),)


def _unreachable() -> Alert:
    return Alert(
        name="NodeToNodeUnreachable",
        family="NodeToNodeUnreachable",
        # One series, whichever pairs and kinds: agents find a fault one after the other, and each
        # pair that is found later would ring again.
        expression=f"count(count by ({_PAIR}) ({persists(_SEEN, knobs.AGENT_SEEN)}))",
        severity=Severity.PAGE,
        rank=Rank.NETWORK,
        layer=Layer.NETWORK,
        summary="Packets between nodes do not arrive",
        description=(
            "{{ $value }} ways between two nodes have lost probes in the last minute: "
            f"{_pairs()}. {_suspect()}"
        ),
        dashboard="mesh-dns-network",
        keep=knobs.KEEP_AGENTS,
        faults=(
            "network-overlay-blocked",
            "network-nodes-blocked",
            "network-one-way",
            "network-large-packets",
        ),
        source=Source.AGENT,
    )


def _pairs() -> str:
    """Write a Go template that lists pairs of nodes, each with the kinds of probes that fail."""
    edge = select(NODE_PROBE_SUCCESS, "source_node=%q", "target_node=%q")
    kinds = f"printf `{edge} == 0` .Labels.source_node .Labels.target_node | query"
    return listed(
        f"query `topk({_MOST_PAIRS}, count by ({_PAIR}) ({_LOST}))`",
        "{{ .Labels.source_node }} to {{ .Labels.target_node }}"
        f" ({listed(kinds, '{{ .Labels.probe }}', 'probe', between=' ')})",
        "source_node",
        "target_node",
        between="; ",
    )


def _suspect() -> str:
    """Write a Go template: the fault that such losses mean, by the kinds that are lost."""
    back = f'label_replace({_NODE} == 1, "back", "$1", "source_node", "(.*)")'
    back = f'label_replace({back}, "source_node", "$1", "target_node", "(.*)")'
    back = f'label_replace({back}, "target_node", "$1", "back", "(.*)")'
    one_way = f"{_NODE} == 0 and on ({_PAIR}) {back}"
    return (
        f"{{{{ if query `{one_way}` }}}}Nodes lose each other's packets in one direction: "
        "network-one-way."
        f"{{{{ else if query `{_NODE} == 0` }}}}The nodes' own addresses are cut off, too: "
        "network-nodes-blocked, the security group."
        f"{{{{ else if query `{_SMALL} == 0` }}}}The nodes' own addresses answer: "
        "network-overlay-blocked."
        "{{ else }}Small packets pass: network-large-packets, the MTU.{{ end }}"
    )


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
