"""The nodes' group lets nodes talk to each other, but not in VXLAN."""

from dataclasses import replace

from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.groups import PUBLIC, Inbound
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import VXLAN_PORT, Topology


def _broken(rules: Rules, topology: Topology) -> Rules:
    nodes = tuple(node.name for node in topology.nodes)
    group = (
        Inbound("tcp", sources=nodes),
        Inbound("icmp", sources=nodes),
        Inbound("udp", (0, VXLAN_PORT - 1), nodes),
        Inbound("udp", (VXLAN_PORT + 1, 65535), nodes),
        *PUBLIC,
    )
    return replace(rules, groups=dict.fromkeys(nodes, group))


FAULT = NetworkFault(
    "network-overlay-blocked", _broken, lambda _edge, hop: hop.crosses and hop.overlay
)
