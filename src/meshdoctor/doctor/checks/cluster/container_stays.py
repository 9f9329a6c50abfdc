"""Containers: does each program start, and stay?"""

from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.checks.cluster.subjects import PodView
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.faults import FAULTS
from meshdoctor.probes.kubernetes.evidence import (
    Container,
    Ended,
    Kind,
    KubernetesEvidence,
    Pod,
)

# A shell, or a runtime's helper, that cannot execute a program of another platform ends so at once.
_FORMAT_CODES: Final = frozenset({1, 255})
_AT_ONCE: Final = 2.0
_MEMORY: Final = "raise resources.limits.memory of the container, or let it need less"
_COMMAND: Final = "correct the container's command, or push an image that has that program"
_CRASH, _PLATFORM, _DOWN = "app-crash-loop", "image-platform-wrong", "app-down"
_SIGNALLED: Final = 128  # exit codes above it tell the signal (POSIX shells; the OCI runtimes)


def _look(_evidence: KubernetesEvidence, view: PodView) -> Finding | Doubt | None:
    for one in view.pod.containers:
        failed = one.ended is not None and (one.ended.code != 0 or one.restarts > 0)
        if failed and one.ended and not one.running and not one.ready:
            return _judge(view.pod, one, one.ended)
    return None


def _judge(pod: Pod, container: Container, ended: Ended) -> Finding | Doubt:
    log = f"kubectl -n {pod.namespace} logs {pod.name} -c {container.name} --previous"
    if container.wrong_format or "exec format error" in ended.words:
        return _finding(_PLATFORM, pod, container, "its log says `exec format error`")
    if ended.reason == "OOMKilled":
        return _finding(_CRASH, pod, container, "it took more memory than its limit", _MEMORY)
    if ended.words:
        return _finding(_CRASH, pod, container, ended.words, _COMMAND)
    if not container.restarts and not container.waiting and ended.code > _SIGNALLED:
        return _finding(_DOWN, pod, container, "it was ended, and not begun again", f"read: {log}")
    if container.wrong_format is None and _may_be_format(ended):
        return Doubt(
            f"Pod {pod.name} ends at once with exit code {ended.code}: its program"
            f" ({_CRASH}), or an image of another platform ({_PLATFORM})",
            f"the log: {log}; `exec format error` is the platform",
        )
    return _finding(_CRASH, pod, container, f"it ran {_shown(ended.seconds)}", f"read: {log}")


def _may_be_format(ended: Ended) -> bool:
    return ended.code in _FORMAT_CODES and (ended.seconds is None or ended.seconds <= _AT_ONCE)


def _shown(seconds: float | None) -> str:
    return "for a time that the API does not tell" if seconds is None else f"{seconds:g} s"


def _finding(code: str, pod: Pod, container: Container, why: str, fix: str = "") -> Finding:
    ended = container.ended
    end = f"exit code {ended.code}, {ended.reason or 'no reason given'}" if ended else ""
    return Finding(
        code,
        f"{pod.owner} does not stay: {FAULTS[code].meaning}",
        (f"Pod {pod.name}, {container.name}: {end}, {container.restarts} restarts", why),
        ("the pull: the image is on the node",),
        fix or FAULTS[code].fix,
    )


CONTAINER_STAYS: Final = Check(
    "container.stays",
    "every program starts and stays",
    subjects.pods,
    _look,
    reads=(Kind.PODS,),
    needs=("node.ready", "pod.scheduled", "image.pulled"),
    faults=(_PLATFORM, _CRASH, _DOWN),
)
