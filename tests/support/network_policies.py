"""What NetworkPolicies let through, from their published rules.

https://kubernetes.io/docs/concepts/services-networking/network-policies/: a Pod that no policy
selects for a direction may do everything in it; one that is selected may do what any of its
policies allows. A connection needs both ends' leave. Written for what the manifests use: anything
else is refused, not guessed at.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from tests.support.manifests import Manifest, selects

NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a connection.

    Attributes:
        namespace: of a Pod; None is somebody who is no Pod (a visitor, a node).
        labels: the Pod's.
        address: an IP address; that of a Pod counts too, as network plugins may let it.
    """

    namespace: str | None = None
    labels: Manifest = field(default_factory=dict)
    address: str = "192.168.1.9"


def allowed(
    policies: Iterable[Manifest], source: Peer, target: Peer, port: int, protocol: str = "TCP"
) -> bool:
    """Say whether `source` may open a connection to a port of `target`."""
    policies = list(policies)
    return _one_way(policies, "Egress", source, target, port, protocol) and _one_way(
        policies, "Ingress", target, source, port, protocol
    )


def _one_way(
    policies: list[Manifest], direction: str, who: Peer, other: Peer, port: int, protocol: str
) -> bool:
    mine = [one for one in policies if _applies(one, direction, who)]
    rules = [
        (one["metadata"]["namespace"], rule)
        for one in mine
        for rule in one["spec"].get(direction.lower(), ())
    ]
    side = "to" if direction == "Egress" else "from"
    return not mine or any(
        _port(rule, port, protocol) and _peer(rule.get(side), other, home) for home, rule in rules
    )


def _applies(policy: Manifest, direction: str, who: Peer) -> bool:
    spec = policy["spec"]
    return (
        who.namespace == policy["metadata"]["namespace"]
        and direction in spec["policyTypes"]
        and selects(spec["podSelector"], who.labels)
    )


def _port(rule: Manifest, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    for one in ports or ():
        if set(one) - {"port", "protocol"} or not isinstance(one.get("port"), int):
            raise ValueError(f"ports of another kind than a number: {one}")
    return not ports or (port, protocol) in {(one["port"], one["protocol"]) for one in ports}


def _peer(peers: list[Manifest] | None, other: Peer, home: str) -> bool:
    for one in peers or ():
        if set(one) - {"podSelector", "namespaceSelector"} and set(one) != {"ipBlock"}:
            raise ValueError(f"peers of another kind than Pods or addresses: {one}")
    return not peers or any(_matches(one, other, home) for one in peers)


def _matches(peer: Manifest, other: Peer, home: str) -> bool:
    if "ipBlock" in peer:
        return _inside(peer["ipBlock"], other.address)
    if other.namespace is None:
        return False
    if "namespaceSelector" in peer:
        inside = selects(peer["namespaceSelector"], {NAMESPACE_NAME: other.namespace})
    else:
        inside = other.namespace == home
    return inside and selects(peer.get("podSelector", {}), other.labels)


def _inside(block: Manifest, address: str) -> bool:
    if set(block) - {"cidr", "except"}:
        raise ValueError(f"not a block of addresses: {block}")
    found = ip_address(address)
    return found in ip_network(block["cidr"]) and not any(
        found in ip_network(one) for one in block.get("except", ())
    )
