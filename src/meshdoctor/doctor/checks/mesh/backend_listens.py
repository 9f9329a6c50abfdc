"""Backends: does somebody listen on each one's port?"""

from datetime import UTC, datetime
from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.dns_answers import refuses
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, disproved, met
from meshdoctor.doctor.checks.mesh.subjects import Server
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.kubernetes.evidence import Container, Pod
from meshdoctor.probes.kubernetes.moments import elapsed
from meshdoctor.probes.mesh.evidence import CLOCK_SECONDS, Ask

DOWN, LOOP = "app-down", "app-crash-loop"
_SECONDS_TO_START: Final = 30.0
"""From when on a program that runs should listen."""

_SOON: Final = 60.0
"""A program that ended sooner than this after its start, and again, is in a loop."""


def _look(mesh: Mesh, server: Server) -> Finding | Doubt | None:
    tcp = [one for one in server.looks if one.edge.ask is Ask.TCP]
    refused = [one for one in tcp if refuses(one)]
    if not refused or _not_its_port(server.pod, refused[0]):
        return None
    if all(disproved(one, tcp) for one in refused):
        return unsettled(server)
    if server.pod is None:
        return Doubt(
            f"nobody listens on {refused[0].edge.address} of {server}: its program is down"
            f" ({DOWN}), ends again and again ({LOOP}), or the port is wrong"
            " (routing-wrong-target-port)",
            "Pods and Services of the Kubernetes API",
        )
    return _with_pod(mesh, server, server.pod, refused)


def _not_its_port(pod: Pod | None, look: Look) -> bool:
    """Tell whether it was asked at a port that it never said it has: then the Service is wrong."""
    declared = {str(port.number) for one in pod.containers for port in one.ports} if pod else set()
    return bool(declared) and look.edge.address.rpartition(":")[2] not in declared


def _with_pod(mesh: Mesh, server: Server, pod: Pod, refused: list[Look]) -> Finding | Doubt:
    if pod.ready:  # the kubelet is answered: since then, or not yet any more
        return unsettled(server)
    waiting = next((one for one in pod.containers if one.waiting), None)
    if waiting is not None:  # the checks of its image and of its end say why, if anything does
        return Doubt(
            f"{server} does not listen, for {waiting.name} waits: {waiting.waiting}",
            f"kubectl -n {pod.namespace} describe pod {pod.name}",
        )
    if not _is_young(pod, refused[0].at):
        return _finding(DOWN, server, pod, refused, "the Pod is not ready")
    if _has_begun(mesh, server, pod, refused):
        return _finding(DOWN, server, pod, refused, "its metrics page answers, so it has begun")
    if again := next((one for one in pod.containers if _loops(one)), None):
        return _finding(LOOP, server, pod, refused, f"{again.name}: {again.restarts} restarts")
    return Doubt(f"{server} has just begun to run", "its answer when it has started")


def _is_young(pod: Pod, at: float) -> bool:
    ages = [_age(one, at) for one in pod.containers if one.running]
    return any(age is not None and age < _SECONDS_TO_START for age in ages)


def _has_begun(mesh: Mesh, server: Server, pod: Pod, refused: list[Look]) -> bool:
    """Tell whether its metrics page was read, and its port refused calls in a later round.

    A service opens its page before the port for calls: in one round both may be seen.
    """
    pages = [
        at
        for report in mesh.reports.values()
        for one in report.callers
        if one.pod == server.name and not one.words
        for at in (one.begun, report.at)
    ]
    begun = [
        at
        for at in pages
        if all((_age(one, at) or 0.0) > CLOCK_SECONDS for one in pod.containers if one.running)
    ]
    return any(met(one.at, at) for at in begun for one in refused)


def _age(container: Container, at: float) -> float | None:
    try:
        now = datetime.fromtimestamp(at, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
    return elapsed(container.since, now)


def _loops(container: Container) -> bool:
    ended = container.ended
    soon = ended is not None and (ended.seconds is None or ended.seconds < _SOON)
    return soon and container.restarts > 0


def _finding(code: str, server: Server, pod: Pod, refused: list[Look], why: str) -> Finding:
    return finding(
        code,
        server,
        (refused[0], why),
        (
            "the network: its own address answers that nobody listens",
            "routing: it was asked directly, at a port that it declares",
        ),
        f"kubectl -n {pod.namespace} describe pod {pod.name}; kubectl -n {pod.namespace} logs"
        f" {pod.name} --previous",
    )


BACKEND_LISTENS: Final = Check(
    "backend.listens",
    "somebody listens on the port of every backend",
    subjects.backends,
    _look,
    needs=("pod.scheduled", "image.pulled", "container.stays"),
    faults=(DOWN, LOOP),
)
