"""Cluster DNS: is anybody behind its address?"""

from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE, DNS_SERVICE, ServiceView
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Finding
from meshdoctor.probes.kubernetes.evidence import Kind, KubernetesEvidence

_CODE: Final = "dns-refused"


def _look(evidence: KubernetesEvidence, _view: ServiceView) -> Finding | None:
    here = [
        one
        for one in evidence.slices
        if (one.namespace, one.service) == (DNS_NAMESPACE, DNS_SERVICE)
    ]
    if any(one.ready for one in here):
        return None
    unready = sum(one.unready for one in here)
    # A Service without a ready endpoint is rejected on the node, not dropped (kube-proxy).
    return Finding(
        _CODE,
        "cluster DNS has no server that is ready, so every lookup is refused",
        (f"Service {DNS_NAMESPACE}/{DNS_SERVICE}: 0 ready addresses, {unready} that are not",),
        ("the network: there is nothing to reach",),
        f"kubectl -n {DNS_NAMESPACE} get deployment,pods -l k8s-app=kube-dns; then:"
        f" kubectl -n {DNS_NAMESPACE} rollout restart deployment coredns",
    )


DNS_SERVED: Final = Check(
    "dns.served",
    "cluster DNS has a server that is ready",
    subjects.dns,
    _look,
    reads=(Kind.SERVICES, Kind.SLICES, Kind.PODS),
    needs=("image.pulled", "container.stays", "pod.ready"),
    faults=(_CODE,),
)
