"""Backends: does each answer, once it has taken a connection?"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.callers import LEAST
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, confirmed, disproved, together
from meshdoctor.doctor.checks.mesh.subjects import Server
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.faults import CAUSES
from meshdoctor.probes.mesh.evidence import Ask

HUNG: Final = "app-hung"
_TOLD: Final = tuple(code for code, cause in CAUSES.items() if HUNG in cause.faults)


def _look(mesh: Mesh, server: Server) -> Finding | Doubt | None:
    health = [one for one in server.looks if one.edge.ask is Ask.GRPC]
    silent = [one for one in health if one.silent]
    proven = [(one, tcp) for one in silent if (tcp := _connected(server, one))]
    if not proven:
        return None
    if not confirmed(silent) or all(disproved(one, health) for one in silent):
        return unsettled(server)
    look, tcp = proven[0]
    if look.edge.address != tcp.edge.address and not _confirmed(mesh, server):
        return Doubt(
            f"{server} takes connections on {tcp.edge.address} and is silent on"
            f" {look.edge.address}: it hangs ({HUNG}), or a policy drops the latter",
            "an answer of its metrics page, or what its callers count",
        )
    return finding(
        HUNG,
        server,
        (look, tcp),
        (
            "app-down: it takes connections",
            "the network: packets pass on the same way",
        ),
        _fix(server),
    )


def _connected(server: Server, silent: Look) -> Look | None:
    """Give what shows that the way to it is good: a connection from the same place, just then."""
    return next(
        (
            one
            for one in server.looks
            if one.edge.ask is Ask.TCP
            and one.ok
            and one.source == silent.source
            and together(one, silent)
        ),
        None,
    )


def _confirmed(mesh: Mesh, server: Server) -> bool:
    """Tell whether something else says that it hangs, where health has a port of its own."""
    if server.pod is not None and not server.pod.ready:
        return True
    callers = [one for report in mesh.reports.values() for one in report.callers]
    if any(one.pod == server.name and one.words for one in callers):
        return True
    return any(sum((one.causes or {}).get(each, 0) for each in _TOLD) >= LEAST for one in callers)


def _fix(server: Server) -> str:
    namespace = server.pod.namespace if server.pod else "NAMESPACE"
    pod = f"kubectl -n {namespace}"
    return (
        f"{pod} logs {server.name} --tail=50   # and its threads, if it can write them\n"
        f"{pod} delete pod {server.name}"
    )


BACKEND_ANSWERS: Final = Check(
    "backend.answers",
    "every backend answers",
    subjects.backends,
    _look,
    needs=("pod.scheduled", "image.pulled", "container.stays", "backend.listens"),
    faults=(HUNG,),
)
