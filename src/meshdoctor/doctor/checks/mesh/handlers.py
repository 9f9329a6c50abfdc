"""Handlers: do calls that reach one end well, and in time?

A handler that ran says so itself, so an error or a refusal of load needs no proof of the way. A
late answer does: silence of a lower layer may look like it from inside one call.
"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.callers import (
    LATE,
    backends_reached,
    handled_late,
    shared,
    telling,
)
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh
from meshdoctor.doctor.checks.mesh.subjects import Voice
from meshdoctor.doctor.checks.mesh.words import finding
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Finding
from meshdoctor.probes.mesh.evidence import Ask, Role

SLOW, ERRORS, BUSY = "app-slow", "app-erroring", "app-overloaded"
_ERROR, _SHED = "app-error", "app-overloaded"


def _errors(_mesh: Mesh, voice: Voice) -> Finding | None:
    failed = telling(voice.caller, _ERROR)
    if not failed:
        return None
    fix = f"kubectl -n {voice.caller.namespace} logs -l app.kubernetes.io/part-of=bookstore"
    return finding(
        ERRORS,
        _backend_of(voice),
        (shared(voice, failed, "ended with the handler's own error"),),
        ("network, DNS, TLS: the handler itself answered",),
        f"{fix} --tail=50: read the backends' errors by trace id",
    )


def _shed(_mesh: Mesh, voice: Voice) -> Finding | None:
    refused = telling(voice.caller, _SHED)
    if not refused:
        return None
    return finding(
        BUSY,
        _backend_of(voice),
        (shared(voice, refused, "were refused by a server that has enough to do"),),
        ("network, DNS, TLS: the server itself answered", "app-hung: it answers at once"),
        f"kubectl -n {voice.caller.namespace} scale deployment BACKEND --replicas=N, or lower its"
        " callers' rate",
    )


def _late(mesh: Mesh, voice: Voice) -> Finding | None:
    late = telling(voice.caller, LATE)
    if not late or any(one.silent for one in mesh.looks(Role.BACKEND, voice.report.node)):
        return None
    if begun := handled_late(mesh):
        return _slow(voice, late, (f"{begun} calls were begun by handlers, and given up",))
    looks = backends_reached(mesh, voice, Ask.GRPC)
    return _slow(voice, late, looks[:1]) if looks else None


def _slow(voice: Voice, late: int, proof: tuple[Look | str, ...]) -> Finding:
    return finding(
        SLOW,
        _backend_of(voice),
        (shared(voice, late, "ended at their deadline"), *proof),
        (
            "app-hung: each backend answers health checks at once",
            "the network: the calls, or the agent of the same node, reach the backends",
        ),
        f"kubectl -n {voice.caller.namespace} top pods; profile the backend, or scale it: kubectl"
        f" -n {voice.caller.namespace} scale deployment BACKEND --replicas=N",
    )


def _backend_of(voice: Voice) -> str:
    return f"as {voice} sees it"


ANSWERS_IN_TIME: Final = Check(
    "answers.time", "answers come in time", subjects.voices, _late, faults=(SLOW,)
)
ANSWERS_WELL: Final = Check(
    "answers.well", "handlers answer without error", subjects.voices, _errors, faults=(ERRORS,)
)
LOAD_TAKEN: Final = Check(
    "load.taken", "servers take all calls", subjects.voices, _shed, faults=(BUSY,)
)
