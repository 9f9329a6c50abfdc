"""Nobody listens on port 53 of the name servers' Pods."""

from dataclasses import replace

from meshdoctor.lab.net.edges import DNS, Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault, refused
from meshdoctor.lab.net.rules import DnsPath, Rules
from meshdoctor.lab.net.topology import Topology


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return replace(rules, dns=DnsPath.REFUSED)


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.ask in DNS


FAULT = NetworkFault("dns-refused", _broken, _cuts, refused)
