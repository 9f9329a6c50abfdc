"""What nodes must be able to send each other under Calico, and whether a security group lets it.

The table follows Calico's network requirements and Kubernetes' "Ports and Protocols":
https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements#network-requirements
"""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

ANY = "-1"  # EC2's word for every protocol


@dataclass(frozen=True, slots=True)
class Need:
    """A kind of packet from one node to another.

    Attributes:
        name: what it is for.
        protocol: EC2's word: tcp, udp, a protocol number, or `ANY`.
        port: its destination port; 0 where the protocol has none.
    """

    name: str
    protocol: str
    port: int = 0


ALWAYS = (Need("API", "tcp", 6443), Need("kubelet", "tcp", 10250), Need("Typha", "tcp", 5473))
# In one subnet the CrossSubnet kinds are as bare as None: Pods' own addresses, any protocol. A
# group can let them in, yet EC2 drops them while an instance's source/destination check is on.
OVERLAYS = {
    "VXLAN": ("udp", 4789),
    "IPIP": ("4", 0),
    "VXLANCrossSubnet": (ANY, 0),
    "IPIPCrossSubnet": (ANY, 0),
    "None": (ANY, 0),
}


def needs(encapsulation: str, *, bgp: bool) -> list[Need]:
    """Return what nodes in one subnet send each other.

    A Pod's DNS question goes to a CoreDNS Pod, mostly on another node: the DNS path is the overlay.
    """
    overlay = OVERLAYS[encapsulation]
    return [
        Need("overlay", *overlay),
        Need("DNS path", *overlay),
        *([Need("BGP", "tcp", 179)] if bgp else []),
        *ALWAYS,
    ]


def unmet(group: dict[str, Any], subnet: str, wanted: list[Need]) -> list[str]:
    """Return the names of the needs that no inbound rule lets through.

    Args:
        group: a security group as `describe_security_groups` gives it; all nodes are in it.
        subnet: where all nodes have their addresses.
        wanted: what nodes send each other.
    """
    rules = [rule for rule in group["IpPermissions"] if from_nodes(rule, group["GroupId"], subnet)]
    return [need.name for need in wanted if not any(lets_through(rule, need) for rule in rules)]


def from_nodes(rule: dict[str, Any], group: str, subnet: str) -> bool:
    """Tell whether a rule is about packets that any node sends."""
    ranges = [IPv4Network(each["CidrIp"]) for each in rule["IpRanges"]]
    return any(each["GroupId"] == group for each in rule["UserIdGroupPairs"]) or any(
        IPv4Network(subnet).subnet_of(each) for each in ranges
    )


def lets_through(rule: dict[str, Any], need: Need) -> bool:
    """Tell whether a rule allows the protocol and the port of a need."""
    if rule["IpProtocol"] == ANY:
        return True
    same = rule["IpProtocol"] == need.protocol
    return same and (not need.port or rule["FromPort"] <= need.port <= rule["ToPort"])
