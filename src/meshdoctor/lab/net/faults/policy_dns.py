"""Somebody deleted the NetworkPolicy that lets the shop's Pods ask for names."""

from meshdoctor.lab.net.edges import DNS, Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.rules import Rules, without_policy
from meshdoctor.lab.net.topology import Topology


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return without_policy(rules, "bookstore", "dns")


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.ask in DNS and edge.source.startswith("marketplace-")


FAULT = NetworkFault("network-policy-dns", _broken, _cuts)
