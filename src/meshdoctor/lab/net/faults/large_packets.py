"""The network between the nodes carries a little less than they think, and tells nobody."""

from dataclasses import replace

from meshdoctor.lab.net.edges import Ask, Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Topology

_BYTES = 1400


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return replace(rules, largest=_BYTES)


def _cuts(edge: Edge, hop: Hop) -> bool:
    return hop.crosses and edge.ask is Ask.LARGE


FAULT = NetworkFault("network-large-packets", _broken, _cuts)
