"""What the checks look at, under the same names everywhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from meshdoctor.doctor.graph import Subject
from meshdoctor.probes.kubernetes.evidence import Event, KubernetesEvidence, Node, Pod, Service

DNS_NAMESPACE = "kube-system"
DNS_SERVICE = "kube-dns"
DNS_LABELS = {"k8s-app": "kube-dns"}
"""What kubeadm calls cluster DNS, whichever server does it."""

_OVER = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class PodView:
    """A Pod and what was said of it.

    Attributes:
        pod: itself.
        events: of it, the newest first.
    """

    pod: Pod
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A Service and what is around it.

    Attributes:
        service: itself.
        pods: that it selects.
        evidence: all the rest.
    """

    service: Service
    pods: tuple[Pod, ...]
    evidence: KubernetesEvidence


def nodes(evidence: KubernetesEvidence) -> Iterator[Subject[Node]]:
    """Give each node."""
    for node in evidence.nodes:
        yield Subject(f"node/{node.name}", node, node.name)


def pods(evidence: KubernetesEvidence) -> Iterator[Subject[PodView]]:
    """Give each Pod that is not over, carried by its node."""
    for pod in evidence.pods:
        if pod.phase in _OVER or not of_interest(pod):
            continue
        events = [
            one for one in evidence.events if (one.namespace, one.pod) == (pod.namespace, pod.name)
        ]
        events.sort(key=lambda one: one.at, reverse=True)
        upon = (f"node/{pod.node}",) if pod.node else ()
        yield Subject(pod_name(pod), PodView(pod, tuple(events)), pod.owner, upon)


def services(evidence: KubernetesEvidence) -> Iterator[Subject[ServiceView]]:
    """Give each Service that selects Pods, but for cluster DNS."""
    for one in evidence.services:
        if one.selector and one.namespace != DNS_NAMESPACE:
            view = ServiceView(one, selected(one, evidence), evidence)
            yield Subject(service_name(one), view, service_name(one))


def dns(evidence: KubernetesEvidence) -> Iterator[Subject[ServiceView]]:
    """Give cluster DNS, carried by its Pods; nothing where it has another name."""
    for one in evidence.services:
        if (one.namespace, one.name) == (DNS_NAMESPACE, DNS_SERVICE):
            view = ServiceView(one, selected(one, evidence), evidence)
            yield Subject(
                service_name(one), view, service_name(one), tuple(map(pod_name, view.pods))
            )


def selected(service: Service, evidence: KubernetesEvidence) -> tuple[Pod, ...]:
    """Give the Pods that a Service selects.

    Args:
        service: with a selector.
        evidence: with the Pods of its namespace.
    """
    wanted = service.selector.items()
    return tuple(
        pod
        for pod in evidence.pods
        if pod.namespace == service.namespace and wanted <= pod.labels.items()
    )


def of_interest(pod: Pod) -> bool:
    """Tell whether a Pod is judged: of kube-system, only those of cluster DNS."""
    return pod.namespace != DNS_NAMESPACE or pod.labels.items() >= DNS_LABELS.items()


def pod_name(pod: Pod) -> str:
    """Name a Pod as a subject."""
    return f"pod/{pod.namespace}/{pod.name}"


def service_name(service: Service) -> str:
    """Name a Service as a subject."""
    return f"service/{service.namespace}/{service.name}"
