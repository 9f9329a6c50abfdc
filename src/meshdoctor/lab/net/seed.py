"""The cluster of the story, as the lab builds it: three nodes, two services, DNS on two nodes."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from meshdoctor.lab.net.groups import PUBLIC, Inbound
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import (
    DNS_ADDRESS,
    Manifest,
    Node,
    Pod,
    Port,
    Service,
    Topology,
    behind,
)
from meshdoctor.lab.net.workloads import pods_of, policies_of, read, services_of, settled

MANIFESTS = Path(__file__).parents[4] / "k8s/rendered/kubeadm.yaml"
NODES = (
    Node("control-plane", "10.0.0.10", IPv4Network("192.168.10.0/26")),
    Node("worker-1", "10.0.0.11", IPv4Network("192.168.11.0/26")),
    Node("worker-2", "10.0.0.12", IPv4Network("192.168.12.0/26")),
)
_PLACES = {
    "meshdoctor/mesh-agent": tuple(node.name for node in NODES),
    "monitoring/prometheus": ("worker-1",),
    "bookstore/recommendations": ("worker-1", "worker-2", "worker-2"),
    "bookstore/marketplace": ("worker-1", "worker-2"),
    "monitoring/alertmanager": ("worker-1",),
    "monitoring/kube-state-metrics": ("worker-1",),
}
_NAMESPACES = ("bookstore", "meshdoctor", "monitoring")
_NAME = "app.kubernetes.io/name"
_DNS_LABELS = {"k8s-app": "kube-dns"}


@dataclass(frozen=True, slots=True)
class Seed:
    """A cluster that is to be built.

    Attributes:
        topology: nodes and Pods.
        rules: what may pass between them while all is well.
    """

    topology: Topology
    rules: Rules


def seed(manifests: Path = MANIFESTS, mtu: int = 1500) -> Seed:
    """Lay the cluster out; as `laid_out` does.

    Args:
        manifests: a rendered overlay, for Pods, Services and NetworkPolicies of the services.
        mtu: of the network between the nodes.
    """
    return laid_out(read(manifests), mtu)


def laid_out(objects: Iterable[Manifest], mtu: int = 1500) -> Seed:
    """Lay the cluster out. Services of which no Pod is in the lab are left out.

    Args:
        objects: of a rendered overlay.
        mtu: of the network between the nodes.

    Raises:
        LabError: the manifests are not what they must be.
    """
    objects = tuple(objects)
    topology = Topology(NODES, settled((*_system_pods(), *pods_of(objects, _PLACES)), NODES), mtu)
    names = tuple(node.name for node in NODES)
    ours = (one for one in services_of(objects, _NAMESPACES) if behind(one, topology))
    return Seed(
        topology,
        Rules(
            groups=dict.fromkeys(names, (Inbound(sources=names), *PUBLIC)),
            policies=policies_of(objects, _NAMESPACES),
            services=(*_system_services(), *ours, _by_address()),
        ),
    )


def name_servers(topology: Topology) -> tuple[Pod, ...]:
    """Give the Pods of cluster DNS."""
    return tuple(pod for pod in topology.pods if pod.labels.items() >= _DNS_LABELS.items())


def agents(topology: Topology) -> tuple[Pod, ...]:
    """Give the Pod of each node that looks at its neighbours."""
    return named(topology, "mesh-agent")


def named(topology: Topology, name: str) -> tuple[Pod, ...]:
    """Give the Pods with that `app.kubernetes.io/name`."""
    return tuple(pod for pod in topology.pods if pod.labels.get(_NAME) == name)


def _system_pods() -> Iterable[Pod]:
    dns_ports = {"dns": 53, "dns-tcp": 53}
    for number, node in enumerate(("control-plane", "worker-1"), start=1):
        yield Pod(f"coredns-{number}", "kube-system", node, "", _DNS_LABELS, dns_ports)


def _system_services() -> tuple[Service, ...]:
    dns = (Port("dns", 53, "dns", "udp"), Port("dns-tcp", 53, "dns-tcp"))
    api = (Port("https", 443, 6443),)
    return (
        Service("kube-dns", "kube-system", DNS_ADDRESS, dns, _DNS_LABELS),
        Service("kubernetes", "default", "10.96.0.1", api, endpoints=(NODES[0].address,)),
    )


def _by_address() -> Service:
    """Recommendations behind one address, as the story had them, beside the headless Service."""
    # By number: with TLS the Pods' port has another name.
    ports = (Port("grpc", 50051, 50051),)
    selector = {_NAME: "recommendations"}
    return Service("recommendations-by-address", "bookstore", "10.96.50.51", ports, selector)
