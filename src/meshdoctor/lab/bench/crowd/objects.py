"""The crowd as an API tells of it, with objects as large as real ones are."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from meshdoctor.agent.knowledge import AGENT_PORT
from meshdoctor.lab.bench.crowd.layout import (
    DNS_PORT,
    GRPC_PORT,
    METRICS_PORT,
    NAMESPACE,
    Layout,
)
from meshdoctor.probes.mesh.files import NAMESPACE as AGENTS

Manifest = dict[str, Any]

_IMAGES: Final = 50  # a kubelet tells of so many (--node-status-max-images)
_DIGEST: Final = "0123456789abcdef" * 4


def objects(layout: Layout, api_port: int) -> Iterator[Manifest]:
    """Give everything.

    Args:
        layout: of the cluster.
        api_port: where the API listens.
    """
    for namespace in ("default", "kube-system", NAMESPACE, AGENTS):
        yield _object("v1", "Namespace", namespace, "")
    for number in layout.numbers:
        yield _node(layout, number)
        yield _pod("recommendations", number, layout.backend(number), {"grpc": GRPC_PORT})
    yield _pod("marketplace", 1, layout.shop, {"http": 8080, "metrics": METRICS_PORT})
    yield _service("mesh-agent", AGENTS, layout.agent_service)
    yield _service("kube-dns", "kube-system", "None")
    agents = [(number, layout.agent(number)) for number in layout.numbers]
    backends = [(number, layout.backend(number)) for number in layout.numbers]
    servers = enumerate(layout.name_servers, start=1)
    yield from _slices("mesh-agent", AGENTS, "agent", AGENT_PORT, agents)
    yield from _slices("recommendations", NAMESPACE, "grpc", GRPC_PORT, backends)
    yield from _slices("kube-dns", "kube-system", "dns", DNS_PORT, servers)
    yield from _slices("kubernetes", "default", "https", api_port, [(1, layout.api)])


def _object(version: str, kind: str, name: str, namespace: str, **more: object) -> Manifest:
    meta: Manifest = {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"}
    if namespace:
        meta["namespace"] = namespace
    return {"apiVersion": version, "kind": kind, "metadata": meta, **more}


def _node(layout: Layout, number: int) -> Manifest:
    """Give a node; nine tenths of it is its list of images, which nobody here wants."""
    images = [
        {
            "names": [
                f"registry.example.com/team-{one}/service-{one}@sha256:{_DIGEST}",
                f"registry.example.com/team-{one}/service-{one}:v1.{one}.0",
            ],
            "sizeBytes": 100_000_000 + one,
        }
        for one in range(_IMAGES)
    ]
    status = {
        "addresses": [
            {"type": "InternalIP", "address": layout.node(number)},
            {"type": "Hostname", "address": _name(number)},
        ],
        "conditions": [{"type": "Ready", "status": "True"}],
        "images": images,
    }
    return _object("v1", "Node", _name(number), "", spec={}, status=status)


def _pod(service: str, number: int, address: str, ports: dict[str, int]) -> Manifest:
    declared = [{"name": name, "containerPort": port} for name, port in ports.items()]
    environment = [{"name": f"SETTING_{one}", "value": "x" * 40} for one in range(20)]
    containers = [{"name": service, "image": service, "ports": declared, "env": environment}]
    pod = _object(
        "v1",
        "Pod",
        f"{service}-{number}",
        NAMESPACE,
        spec={"nodeName": _name(number), "containers": containers},
        status={"phase": "Running", "podIP": address},
    )
    pod["metadata"]["labels"] = {"app.kubernetes.io/name": service}
    return pod


def _service(name: str, namespace: str, address: str) -> Manifest:
    return _object("v1", "Service", name, namespace, spec={"clusterIP": address})


def _slices(
    service: str, namespace: str, name: str, port: int, places: Iterable[tuple[int, str]]
) -> Iterator[Manifest]:
    endpoints = [
        {
            "addresses": [address],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "nodeName": _name(number),
            "targetRef": {"kind": "Pod", "name": f"{service}-{number}", "namespace": namespace},
        }
        for number, address in places
    ]
    # At most a hundred in each (kube-controller-manager, --max-endpoints-per-slice).
    for begin in range(0, len(endpoints), 100):
        found = _object(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            service if service == "kubernetes" else f"{service}-{begin}",
            namespace,
            addressType="IPv4",
            ports=[{"name": name, "port": port, "protocol": "TCP"}],
            endpoints=endpoints[begin : begin + 100],
        )
        found["metadata"]["labels"] = {"kubernetes.io/service-name": service}
        yield found


def _name(number: int) -> str:
    return f"node-{number:03}"
