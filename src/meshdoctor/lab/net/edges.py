"""Who must be able to talk to whom, and over which ground a packet of each goes.

An edge is what somebody can try: a place, an address, a way of asking. A hop is what the network
does with it: behind a Service's address there are several, one of them by lot.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from meshdoctor.agent.knowledge import AGENT_PORT
from meshdoctor.lab.net.seed import agents, name_servers, named
from meshdoctor.lab.net.topology import DNS_ADDRESS, Node, Pod, Service, Topology, behind

OUTSIDE = ""
"""The place of visitors: the lab's own network namespace."""

_PAGE_PORT, _GRPC_PORT, _NODE_PORT = 8080, 50051, 30997
_BY_ADDRESS = "recommendations-by-address"


class Kind(StrEnum):
    """What an edge leads to."""

    SAME_NODE = "same node"
    OTHER_NODE = "other node"
    CLUSTER_IP = "ClusterIP"
    NODE_TO_NODE = "node to node"
    NODE_PORT = "NodePort"
    KUBELET = "kubelet"


class Ask(StrEnum):
    """How to try it."""

    DNS_UDP = "dns udp"
    DNS_TCP = "dns tcp"
    UDP = "udp"
    TCP = "tcp"
    LARGE = "6 kB"


DNS = (Ask.DNS_UDP, Ask.DNS_TCP)
APP = (Ask.TCP, Ask.LARGE)


@dataclass(frozen=True, slots=True)
class Hop:
    """One way that a packet of an edge may take.

    Attributes:
        source: the node on which it begins, or enters the cluster.
        target: the node on which it ends.
        overlay: whether Pod addresses are at its ends, so that it crosses nodes in VXLAN.
    """

    source: str
    target: str
    overlay: bool = True

    @property
    def crosses(self) -> bool:
        """Whether it goes from one node to another."""
        return self.source != self.target


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing to try.

    Attributes:
        source: the Pod or node that asks, or `OUTSIDE`.
        target: what is asked, in words.
        kind: what it leads to.
        ask: how.
        address: whom to ask.
        port: where.
        hops: the ways that its packets may take.
    """

    source: str
    target: str
    kind: Kind
    ask: Ask
    address: str
    port: int
    hops: tuple[Hop, ...]

    def __str__(self) -> str:
        return f"{self.source or 'a visitor'} to {self.target} ({self.kind}, {self.ask})"


def edges(topology: Topology, services: Iterable[Service]) -> tuple[Edge, ...]:
    """Give every edge of a healthy cluster that the lab stands on.

    Args:
        topology: nodes and Pods.
        services: that of recommendations with an address is among them.
    """
    (by_address,) = (each for each in services if each.name == _BY_ADDRESS)
    return (
        *(edge for pod in _askers(topology) for edge in _dns_of_pod(pod, topology)),
        *(edge for pod in agents(topology) for edge in _neighbours(pod, topology)),
        *(
            edge
            for pod in named(topology, "marketplace")
            for edge in _calls(pod, by_address, topology)
        ),
        *(edge for node in topology.nodes for edge in _of_node(node, topology)),
        *(edge for node in topology.nodes for edge in _visits(node, topology)),
    )


def listening(topology: Topology) -> tuple[tuple[str, str, int], ...]:
    """Give place, address and port of everything but DNS that edges lead to."""
    return (
        *((pod.name, pod.address, AGENT_PORT) for pod in agents(topology)),
        *((node.name, node.address, AGENT_PORT) for node in topology.nodes),
        *((pod.name, pod.address, _PAGE_PORT) for pod in named(topology, "marketplace")),
        *((pod.name, pod.address, _GRPC_PORT) for pod in named(topology, "recommendations")),
    )


def _askers(topology: Topology) -> tuple[Pod, ...]:
    return (*agents(topology), *named(topology, "marketplace"))


def _dns_of_pod(pod: Pod, topology: Topology) -> Iterable[Edge]:
    for server in name_servers(topology):
        yield from _between(pod, server, DNS, 53)
    yield from _dns_by_address(pod.name, pod.node, topology)


def _dns_by_address(place: str, node: str, topology: Topology) -> Iterable[Edge]:
    hops = tuple(Hop(node, server.node) for server in name_servers(topology))
    for ask in DNS:
        yield Edge(place, "kube-dns", Kind.CLUSTER_IP, ask, DNS_ADDRESS, 53, hops)


def _neighbours(pod: Pod, topology: Topology) -> Iterable[Edge]:
    for other in agents(topology):
        if other != pod:
            yield from _between(pod, other, APP, AGENT_PORT)


def _calls(pod: Pod, service: Service, topology: Topology) -> Iterable[Edge]:
    backends = behind(service, topology)
    for backend in backends:
        yield from _between(pod, backend, APP, _GRPC_PORT)
    hops = tuple(Hop(pod.node, backend.node) for backend in backends)
    for ask in APP:
        address = service.address
        yield Edge(pod.name, "recommendations", Kind.CLUSTER_IP, ask, address, _GRPC_PORT, hops)


def _between(pod: Pod, other: Pod, asks: Iterable[Ask], port: int) -> Iterable[Edge]:
    kind = Kind.SAME_NODE if pod.node == other.node else Kind.OTHER_NODE
    for ask in asks:
        hop = Hop(pod.node, other.node)
        yield Edge(pod.name, other.name, kind, ask, other.address, port, (hop,))


def _of_node(node: Node, topology: Topology) -> Iterable[Edge]:
    yield from _dns_by_address(node.name, node.name, topology)
    for other in topology.nodes:
        for ask in (Ask.UDP, *APP) if other != node else ():
            hop = Hop(node.name, other.name, overlay=False)
            kind, at = Kind.NODE_TO_NODE, other.address
            yield Edge(node.name, other.name, kind, ask, at, AGENT_PORT, (hop,))
    ports = {"marketplace": _PAGE_PORT, "recommendations": _GRPC_PORT, "mesh-agent": AGENT_PORT}
    for name, port in ports.items():
        for pod in named(topology, name):
            if pod.node == node.name:
                here = (Hop(node.name, node.name),)
                yield Edge(node.name, pod.name, Kind.KUBELET, Ask.TCP, pod.address, port, here)


def _visits(node: Node, topology: Topology) -> Iterable[Edge]:
    hops = tuple(Hop(node.name, pod.node) for pod in named(topology, "marketplace"))
    for ask in APP:
        yield Edge(OUTSIDE, node.name, Kind.NODE_PORT, ask, node.address, _NODE_PORT, hops)
