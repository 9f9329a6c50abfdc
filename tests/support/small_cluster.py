"""Objects of a cluster of three nodes with the mesh and its agents, as an agent reads them."""

from typing import Any, Final

from meshdoctor.lab.kubeapi import KubeApi

Manifest = dict[str, Any]

NODES: Final = {"cp": "10.0.0.10", "w1": "10.0.0.11", "w2": "10.0.0.12"}


def fill(api: KubeApi) -> None:
    """Put everything in."""
    for name, address in NODES.items():
        api.put(node(name, address))
    api.put(service("kube-system", "kube-dns", "10.96.0.10"))
    api.put(service("meshdoctor", "mesh-agent", "10.96.9.9"))
    api.put(slices("default", "kubernetes", [("", "10.0.0.10", "")], ("https", 6443), "kubernetes"))
    api.put(
        slices("kube-system", "kube-dns", [("dns-a", "192.168.1.2", "w1")], ("dns", 53), port2=9153)
    )
    agents = [(f"agent-{name}", f"192.168.{at}.9", name) for at, name in enumerate(NODES)]
    api.put(slices("meshdoctor", "mesh-agent", agents, ("agent", 9967), port2=9464))
    backends = [("rec-a", "192.168.1.5", "w1"), ("rec-b", "192.168.2.5", "w2")]
    api.put(slices("bookstore", "recommendations", backends, ("grpc", 50051), port2=9464))
    for name, address, where in backends:
        api.put(pod("bookstore", name, address, where, {"grpc": 50051, "metrics": 9464}))
    api.put(pod("bookstore", "shop-a", "192.168.1.4", "w1", {"http": 8080, "metrics": 9464}))
    api.put(pod("bookstore", "quiet", "192.168.1.6", "w1", {"http": 8080}))


def node(name: str, address: str) -> Manifest:
    """Give a node."""
    addresses = [
        {"type": "Hostname", "address": name},
        {"type": "InternalIP", "address": address},
        {"type": "ExternalIP", "address": "203.0.113.9"},
    ]
    meta = {"name": name}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta,
        "status": {"addresses": addresses},
    }


def service(namespace: str, name: str, address: str) -> Manifest:
    """Give a Service."""
    meta = {"namespace": namespace, "name": name}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"clusterIP": address}}


def slices(
    namespace: str,
    of: str,
    endpoints: list[tuple[str, str, str]],
    port: tuple[str, int],
    name: str = "",
    port2: int = 0,
) -> Manifest:
    """Give an EndpointSlice with Pods by name, address and node."""
    meta = {
        "namespace": namespace,
        "name": name or f"{of}-x1",
        "labels": {"kubernetes.io/service-name": of},
    }
    found = [
        {
            "addresses": [address],
            "conditions": {"ready": True},
            **({"nodeName": where} if where else {}),
            **({"targetRef": {"kind": "Pod", "name": pod_name}} if pod_name else {}),
        }
        for pod_name, address, where in endpoints
    ]
    ports = [{"name": "metrics", "port": port2}] if port2 else []
    ports.append({"name": port[0], "port": port[1]})
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": meta,
        "endpoints": found,
        "ports": ports,
    }


def pod(namespace: str, name: str, address: str, where: str, ports: dict[str, int]) -> Manifest:
    """Give a Pod that runs."""
    declared = [{"name": key, "containerPort": port} for key, port in ports.items()]
    labels = {
        "app.kubernetes.io/name": {"rec": "recommendations", "shop": "marketplace"}.get(
            name.partition("-")[0], name
        )
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": labels},
        "spec": {"nodeName": where, "containers": [{"name": "one", "ports": declared}]},
        "status": {"phase": "Running", "podIP": address},
    }
