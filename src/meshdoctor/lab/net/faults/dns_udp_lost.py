"""Queries over UDP vanish on their way into the name servers' Pods, those over TCP do not."""

from dataclasses import replace

from meshdoctor.lab.net.edges import Ask, Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.rules import DnsPath, Rules
from meshdoctor.lab.net.topology import Topology


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return replace(rules, dns=DnsPath.UDP_LOST)


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.ask is Ask.DNS_UDP


FAULT = NetworkFault("dns-udp-lost", _broken, _cuts)
