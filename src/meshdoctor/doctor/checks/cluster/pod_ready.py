"""Pods: is each that runs ready for calls?"""

from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.checks.cluster.subjects import PodView
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.kubernetes.evidence import Container, Kind, KubernetesEvidence
from meshdoctor.probes.kubernetes.moments import elapsed

_DOWN: Final = "app-down"
# A program that has just begun to run may not listen yet.
_SECONDS_TO_START: Final = 30.0


def _look(_evidence: KubernetesEvidence, view: PodView) -> Finding | Doubt | None:
    pod = view.pod
    if pod.ready:
        return None
    said = next((one.words for one in view.events if one.reason == "Unhealthy"), "")
    if said.endswith("connection refused") and _has_had_time(view):
        return Finding(
            _DOWN,
            f"{pod.owner} runs, and no process listens on the port that its probe asks",
            (f"Pod {pod.name} on {pod.node}: running, not ready", said),
            ("a crash: the container runs", "the network: a kubelet asks Pods of its own node"),
            f"kubectl -n {pod.namespace} logs {pod.name}: does it listen where the probe asks?",
        )
    waiting = ", ".join(f"{one.waiting} {one.words}" for one in pod.containers if one.waiting)
    return Doubt(
        f"Pod {pod.name} is not ready: {waiting or said or 'the API does not say why'}",
        f"kubectl -n {pod.namespace} describe pod {pod.name}",
    )


def _has_had_time(view: PodView) -> bool:
    """Tell whether a probe failed long after each container began to run."""
    last = next((one.at for one in view.events if one.reason == "Unhealthy"), "")
    ages = [elapsed(one.since, last) if one.running else None for one in _lasting(view)]
    return bool(ages) and all(age is not None and age >= _SECONDS_TO_START for age in ages)


def _lasting(view: PodView) -> list[Container]:
    """Leave out what runs to its end before the others start."""
    return [one for one in view.pod.containers if one.running or not one.ready]


POD_READY: Final = Check(
    "pod.ready",
    "every Pod is ready for calls",
    subjects.pods,
    _look,
    reads=(Kind.PODS, Kind.EVENTS),
    needs=("node.ready", "pod.scheduled", "image.pulled", "container.stays"),
    faults=(_DOWN,),
)
