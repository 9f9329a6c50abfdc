"""What Prometheus discovers in a cluster where the overlay stands; every kind of Pod is in it."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meshdoctor.lab.kubeapi import kube_api
from observability import knobs
from tests.support.guarded import Guard, guarded
from tests.support.manifests import KUBEADM, Manifest
from tests.support.mesh_net import until
from tests.support.prometheus_pod import prometheus_pod
from tests.support.rights import Right, rights
from tests.support.standing import pod, standing

NAME: Final = "app.kubernetes.io/name"
MONITORING: Final = "monitoring"
_SECONDS: Final = 60.0

TARGETS: Final = {
    "marketplace": ["marketplace-0", "marketplace-1"],
    "recommendations": ["recommendations-0", "recommendations-1", "recommendations-2", "unready"],
    "mesh-agent": ["mesh-agent-0"],
    "load": ["locust-master"],
    "coredns": ["coredns-589f44dc88-hwm7l", "coredns-589f44dc88-tt75f"],
    "kube-state-metrics": ["kube-state-metrics-0"],
    "kubelet": ["rig-cp", "rig-w1", "rig-w2"],
    "cadvisor": ["rig-cp", "rig-w1", "rig-w2"],
    "prometheus": ["prometheus-0"],
    "alertmanager": ["alertmanager-0"],
    "opentelemetry-collector": ["opentelemetry-collector-0"],
    "jaeger": ["jaeger-0"],
    "probe-page": ["marketplace"],
    "probe-grpc-health": [
        *("recommendations-0", "recommendations-1", "recommendations-2", "unready"),
    ],
    "probe-dns-udp": ["coredns-589f44dc88-hwm7l", "coredns-589f44dc88-tt75f", "kube-dns"],
    "probe-dns-tcp": ["coredns-589f44dc88-hwm7l", "coredns-589f44dc88-tt75f", "kube-dns"],
}
"""The instances that are to be found, by job."""


@dataclass(frozen=True, slots=True)
class Found:
    """What Prometheus found.

    Attributes:
        targets: what it scrapes, as its API tells.
        alertmanagers: URLs of where alerts go.
        asked: what it asked the Kubernetes API for.
        objects: of the cluster.
    """

    targets: list[dict[str, Any]]
    alertmanagers: list[str]
    asked: set[Right]
    objects: list[Manifest]

    def of(self, job: str) -> list[dict[str, Any]]:
        """Give the labels of a job's targets, in order of their instances."""
        labels = [one["labels"] for one in self.targets if one["labels"]["job"] == job]
        return sorted(labels, key=lambda one: one["instance"])

    def instances(self, job: str) -> list[str]:
        """Give the names of a job's targets."""
        return [one["instance"] for one in self.of(job)]


@contextmanager
def discovered(folder: Path) -> Iterator[Found]:
    """Give what it finds once it has asked for everything, with the rights of its roles.

    Args:
        folder: for Prometheus' files.
    """
    granted = rights(KUBEADM, "prometheus", MONITORING)
    with (
        kube_api("bookstore", knobs.AGENT_NAMESPACE, MONITORING) as api,
        guarded(api.url, granted) as guard,
    ):
        objects = _cluster()
        for one in objects:
            api.put(one)
        with prometheus_pod(KUBEADM, folder, guard.url) as prometheus:
            wanted = sum(map(len, TARGETS.values()))
            # Fewer than that are for the tests to tell.
            with suppress(TimeoutError):
                until(lambda: len(prometheus.targets()) >= wanted, _SECONDS)
            until(lambda: _watched(guard), _SECONDS)
            until(lambda: bool(prometheus.alertmanagers()), _SECONDS)
            asked = set(guard.asked)
            yield Found(prometheus.targets(), prometheus.alertmanagers(), asked, objects)


def _cluster() -> list[Manifest]:
    """Give a cluster with every kind of Pod that discovery meets."""
    objects = standing(KUBEADM)
    backend, shop = (
        next(one for one in objects if one["metadata"]["name"] == f"{name}-0")
        for name in ("recommendations", "marketplace")
    )
    unready = [{"type": "Ready", "status": "False"}]
    stranger = pod(shop, "stranger", podIP="127.168.7.5")
    stranger["metadata"]["labels"] = {NAME: "stranger"}
    return [
        *objects,
        pod(backend, "unready", podIP="127.168.7.1", conditions=unready),
        pod(backend, "pulling", podIP="127.168.7.2", conditions=unready, phase="Pending"),
        pod(shop, "evicted", podIP="127.168.7.3", conditions=unready, phase="Failed"),
        stranger,
    ]


def _watched(guard: Guard) -> bool:
    """Whether everything that was listed is watched by now, too."""
    verbs = defaultdict(set)
    for right in set(guard.asked):
        verbs[right.namespace, right.resource].add(right.verb)
    return all({"list", "watch"} <= those for those in verbs.values())
