"""One worker has a group of its own that forgot the other worker; the other one lets it in."""

from dataclasses import replace

from meshdoctor.lab.net.edges import Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.groups import PUBLIC, Inbound
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Topology

_DEAF, _UNHEARD = "worker-2", "worker-1"


def _broken(rules: Rules, topology: Topology) -> Rules:
    heard = tuple(node.name for node in topology.nodes if node.name != _UNHEARD)
    return replace(rules, groups={**rules.groups, _DEAF: (Inbound(sources=heard), *PUBLIC)})


def _cuts(_edge: Edge, hop: Hop) -> bool:
    # In the overlay a question and its answer are two streams of datagrams: without one of them
    # nothing works. Between nodes the answer belongs to the connection, and passes.
    if hop.overlay:
        return {hop.source, hop.target} == {_DEAF, _UNHEARD}
    return (hop.source, hop.target) == (_UNHEARD, _DEAF)


FAULT = NetworkFault("network-one-way", _broken, _cuts)
