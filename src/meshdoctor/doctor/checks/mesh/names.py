"""A name that does not exist: is it DNS, or is nobody behind the Service?

A headless Service without a ready Pod has no name in CoreDNS (kubernetes/dns, DNS-Based Service
Discovery, 2.4.1), so only the API's objects tell one from the other.
"""

from collections.abc import Sequence
from typing import Final

from meshdoctor.doctor.checks.mesh.sights import Look, Mesh
from meshdoctor.doctor.checks.mesh.subjects import Server
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.kubernetes.evidence import Kind, KubernetesEvidence
from meshdoctor.probes.mesh.evidence import Role

NXDOMAIN: Final = "dns-nxdomain"
_NEEDED: Final = frozenset({Kind.SERVICES, Kind.SLICES})
_LABELS: Final = 2  # of a Service's name: its own, and its namespace


def judge_name(mesh: Mesh, server: Server, denied: Sequence[Look]) -> Finding | Doubt | None:
    """Judge a name server that has no address for the backends' name.

    Args:
        mesh: all evidence.
        server: which.
        denied: what it said.
    """
    name, cluster = denied[0].edge.name, mesh.cluster
    labels = name.split(".")
    if cluster is None or {gap.kind for gap in cluster.gaps} & _NEEDED or len(labels) <= _LABELS:
        return Doubt(
            f"{server} has no address for {name}: the name is wrong ({NXDOMAIN}), or nobody is"
            " behind the Service (routing-no-endpoints)",
            "Services and EndpointSlices of the Kubernetes API",
        )
    return _with_objects(mesh, server, denied, cluster)


def _with_objects(
    mesh: Mesh, server: Server, denied: Sequence[Look], cluster: KubernetesEvidence
) -> Finding | Doubt | None:
    name = denied[0].edge.name
    service, namespace = name.split(".")[:_LABELS]
    if all((one.namespace, one.name) != (namespace, service) for one in cluster.services):
        return finding(
            NXDOMAIN,
            server,
            (*denied[:1], f"there is no Service {service} in {namespace}"),
            ("the name servers: they answer",),
            f"kubectl -n {namespace} get services; create {service}, or correct what callers ask",
        )
    ready = sum(
        one.ready for one in cluster.slices if (one.namespace, one.service) == (namespace, service)
    )
    if not ready:
        return None  # the name is rightly gone: why, the Service and its Pods tell
    # The API may have been asked when they were still, or again, ready: somebody who answers now
    # shows that DNS denies who is there.
    backends = [one for look in denied for one in mesh.looks(Role.BACKEND, look.source)]
    if not any(one.ok for one in backends):
        return None if backends else unsettled(server)
    return finding(
        NXDOMAIN,
        server,
        (*denied[:1], f"Service {namespace}/{service} has {ready} ready addresses"),
        (f"routing-no-endpoints: {ready} Pods are behind the Service",),
        f"kubectl -n kube-system get configmap coredns -o yaml: does it serve {name}?"
        " kubectl -n kube-system rollout restart deployment coredns",
    )
