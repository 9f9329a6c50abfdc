"""Pods: has the scheduler found a node for each?"""

from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.checks.cluster.subjects import PodView
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt
from meshdoctor.probes.kubernetes.evidence import Kind, KubernetesEvidence


def _look(_evidence: KubernetesEvidence, view: PodView) -> Doubt | None:
    pod = view.pod
    if pod.node or not pod.unscheduled:
        return None
    return Doubt(
        f"Pod {pod.name} fits on no node: {pod.unscheduled}",
        f"kubectl -n {pod.namespace} describe pod {pod.name}: what it asks for, against"
        " kubectl describe nodes",
    )


POD_SCHEDULED: Final = Check(
    "pod.scheduled", "every Pod has a node", subjects.pods, _look, reads=(Kind.PODS,)
)
