"""Services: does each select a Pod?"""

from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.checks.cluster.subjects import ServiceView
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Finding
from meshdoctor.probes.kubernetes.evidence import Kind, KubernetesEvidence

_CODE: Final = "routing-no-endpoints"


def _look(_evidence: KubernetesEvidence, view: ServiceView) -> Finding | None:
    if view.pods:
        return None
    one = view.service
    stopped = _scaled_to_nothing(view)
    asked = ", ".join(f"{key}={value}" for key, value in one.selector.items())
    seen = (f"its selector: {asked}", *_differing(view))
    fix = f"kubectl -n {one.namespace} edit service {one.name}: the selector must match the Pods"
    if stopped:
        seen = (*seen, f"Deployment {stopped} makes such Pods, and is to have 0 of them")
        fix = f"kubectl -n {one.namespace} scale deployment {stopped} --replicas=1"
    return Finding(
        _CODE, f"Service {one.name} selects no Pod", seen, ("the Pods: none is concerned",), fix
    )


def _differing(view: ServiceView) -> list[str]:
    """Say, of each label that no Pod has so, how the Pods have it."""
    pods = [pod for pod in view.evidence.pods if pod.namespace == view.service.namespace]
    told = []
    for key, value in view.service.selector.items():
        values = sorted({pod.labels[key] for pod in pods if key in pod.labels})
        if value not in values:
            told.append(
                f"no Pod has {key}={value}; Pods have: {', '.join(values) or 'no such key'}"
            )
    return told or ["each label is on some Pod, but no Pod has them all"]


def _scaled_to_nothing(view: ServiceView) -> str:
    wanted = view.service.selector.items()
    for one in view.evidence.deployments:
        same = one.namespace == view.service.namespace and wanted <= one.labels.items()
        if same and one.wanted == 0:
            return one.name
    return ""


SERVICE_SELECTS: Final = Check(
    "service.selects",
    "every Service selects a Pod",
    subjects.services,
    _look,
    reads=(Kind.SERVICES, Kind.PODS),
    faults=(_CODE,),
)
