"""Queries vanish on their way into the name servers' Pods, as if CoreDNS hung."""

from dataclasses import replace

from meshdoctor.lab.net.edges import DNS, Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.rules import DnsPath, Rules
from meshdoctor.lab.net.topology import Topology


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return replace(rules, dns=DnsPath.SILENT)


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.ask in DNS


FAULT = NetworkFault("dns-timeout", _broken, _cuts)
