"""Somebody deleted the NetworkPolicy that lets the marketplace call for recommendations."""

from meshdoctor.lab.net.edges import APP, Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.rules import Rules, without_policy
from meshdoctor.lab.net.topology import Topology


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return without_policy(rules, "bookstore", "recommendations")


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.ask in APP and edge.source.startswith("marketplace-")


FAULT = NetworkFault("network-policy-app", _broken, _cuts)
