"""What runs where: the network's plan, and what the manifests say of each Pod's containers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from meshdoctor.lab.net.seed import MANIFESTS, Seed, laid_out
from meshdoctor.lab.net.topology import VISITOR, Manifest, Pod
from meshdoctor.lab.net.workloads import read

API_PORT = 6443
PAGER_PORT = 9095
LOAD_PORT = 9646
REGISTRY_PORT = 5000
"""Where those of the lab's own place listen, at the visitors' address."""

_MAKERS = ("Deployment", "DaemonSet", "StatefulSet")
_COREDNS = {
    "name": "coredns",
    "image": "registry.k8s.io/coredns/coredns:v1.12.1",
    "ports": [
        {"containerPort": 53, "name": "dns", "protocol": "UDP"},
        {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
    ],
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A cluster that is to be built.

    Attributes:
        seed: its network.
        owners: the workload of each Pod, by the Pod's name.
        manifests: everything that was read.
    """

    seed: Seed
    owners: Mapping[str, Manifest]
    manifests: tuple[Manifest, ...]

    def template(self, pod: Pod) -> Manifest:
        """Give what a Pod is made from: its metadata and its spec."""
        found: Manifest = self.owners[pod.name]["spec"]["template"]
        return found


def plan(manifests: Path = MANIFESTS, mtu: int = 1500) -> Plan:
    """Lay a cluster out.

    Args:
        manifests: a rendered overlay.
        mtu: of the network between the nodes.

    Raises:
        LabError: the manifests are not what they must be.
    """
    objects = read(manifests)
    seed = laid_out(objects, mtu)
    ways = (_way_out("alertmanager", PAGER_PORT), _way_out("prometheus", LOAD_PORT))
    rules = replace(seed.rules, policies=(*seed.rules.policies, *ways))
    workloads = {_key(one): one for one in objects if one["kind"] in _MAKERS}
    workloads["kube-system/coredns"] = _name_servers()
    owners = {
        pod.name: workloads[f"{pod.namespace}/{pod.name.rpartition('-')[0]}"]
        for pod in seed.topology.pods
    }
    return Plan(replace(seed, rules=rules), owners, objects)


def _key(manifest: Manifest) -> str:
    return f"{manifest['metadata'].get('namespace', 'default')}/{manifest['metadata']['name']}"


def _way_out(name: str, port: int) -> Manifest:
    """Let a Pod of the monitoring out to the lab's own place, where the pager and the load are."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": "monitoring", "name": f"{name}-out"},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [{"ipBlock": {"cidr": f"{VISITOR}/32"}}],
                    "ports": [{"port": port, "protocol": "TCP"}],
                }
            ],
        },
    }


def _name_servers() -> Manifest:
    """Give the Deployment that kubeadm makes, as far as anybody here reads it."""
    labels = {"k8s-app": "kube-dns"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": "kube-system", "name": "coredns", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [_COREDNS]}},
        },
    }
