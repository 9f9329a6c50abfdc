"""What stands where: nodes, Pods and Services, as data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from typing import Any

Manifest = dict[str, Any]

POD_NETWORK = IPv4Network("192.168.0.0/16")
SERVICE_NETWORK = IPv4Network("10.96.0.0/12")
NODE_NETWORK = IPv4Network("10.0.0.0/24")
GATEWAY = "10.0.0.1"
VISITOR = "203.0.113.10"
"""Whoever is outside of the cluster (an address for documentation, RFC 5737)."""
DNS_ADDRESS = "10.96.0.10"
DOMAIN = "cluster.local"
VXLAN_PORT = 4789
_ENCAPSULATION = 50  # bytes: outer IPv4, UDP and VXLAN headers, and the inner Ethernet header


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster.

    Attributes:
        name: its name, and that of its network namespace.
        address: on the switch.
        block: the Pod addresses that it gives out; the first is its end of the overlay.
    """

    name: str
    address: str
    block: IPv4Network

    @property
    def tunnel(self) -> str:
        """The address of its end of the overlay."""
        return str(self.block.network_address)

    @property
    def hardware(self) -> str:
        """The Ethernet address of its end of the overlay, made from its own."""
        return "66:00:" + ":".join(f"{int(part):02x}" for part in self.address.split("."))


@dataclass(frozen=True, slots=True)
class Pod:
    """A Pod, whether or not a process runs in it.

    Attributes:
        name: its name, and that of its network namespace.
        namespace: in Kubernetes' sense.
        node: the name of its node.
        address: out of the node's block.
        labels: what selectors see.
        ports: container ports by name.
        options: of resolv.conf; kubeadm's kubelet gives `ndots:5`.
    """

    name: str
    namespace: str
    node: str
    address: str
    labels: Mapping[str, str] = field(hash=False)
    ports: Mapping[str, int] = field(default_factory=dict, hash=False)
    options: tuple[str, ...] = ("ndots:5",)


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a Service.

    Attributes:
        name: of the port, for SRV records.
        number: where clients knock.
        target: the Pod's port, by number or by name.
        protocol: `tcp` or `udp`.
        node_port: the same on every node's own address; 0 is none.
    """

    name: str
    number: int
    target: int | str
    protocol: str = "tcp"
    node_port: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """A Service.

    Attributes:
        name: its name.
        namespace: in Kubernetes' sense.
        address: the ClusterIP; "" is headless.
        ports: its ports.
        selector: labels of the Pods behind it.
        endpoints: addresses behind it that are no Pods', in place of a selector.
    """

    name: str
    namespace: str
    address: str
    ports: tuple[Port, ...]
    selector: Mapping[str, str] = field(default_factory=dict, hash=False)
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topology:
    """The machines and the Pods on them; what may pass between them is in `Rules`.

    Attributes:
        nodes: at most 200.
        pods: each on one of the nodes.
        mtu: of the network between the nodes: 1500, or 9001 in one zone of EC2.
    """

    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    mtu: int = 1500

    @property
    def overlay_mtu(self) -> int:
        """What a Pod may send in one packet."""
        return self.mtu - _ENCAPSULATION

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all nodes and Pods."""
        return (*(node.name for node in self.nodes), *(pod.name for pod in self.pods))

    def without(self, names: Collection[str]) -> "Topology":
        """Leave Pods out, as Services do with those that are not ready; it has no links of its own.

        Args:
            names: of the Pods.
        """
        return replace(self, pods=tuple(pod for pod in self.pods if pod.name not in names))

    def node(self, name: str) -> Node:
        """Give the node of that name."""
        return next(each for each in self.nodes if each.name == name)

    def pod(self, name: str) -> Pod:
        """Give the Pod of that name."""
        return next(each for each in self.pods if each.name == name)

    def on(self, node: Node) -> tuple[Pod, ...]:
        """Give the Pods of a node."""
        return tuple(each for each in self.pods if each.node == node.name)

    def link(self, pod: Pod) -> str:
        """Name the node's end of a Pod's link; the kernel allows 15 characters."""
        return f"cali{self.pods.index(pod)}"


def behind(service: Service, topology: Topology) -> tuple[Pod, ...]:
    """Give the Pods that a Service selects; leave those that are not ready out of `topology`."""
    return tuple(
        pod
        for pod in topology.pods
        if service.selector
        and pod.namespace == service.namespace
        and service.selector.items() <= pod.labels.items()
    )


def endpoints(service: Service, port: Port, topology: Topology) -> tuple[tuple[str, int], ...]:
    """Give address and port of whatever answers at a port of a Service.

    A Pod without a port of the name that the Service asks for is left out, as in EndpointSlices.
    """
    if service.endpoints:
        return tuple((address, int(port.target)) for address in service.endpoints)
    targets = (
        (pod.address, port.target if isinstance(port.target, int) else pod.ports.get(port.target))
        for pod in behind(service, topology)
    )
    return tuple((address, number) for address, number in targets if number)
