"""Everything else: what fails without a name. It keeps a mesh from being called healthy."""

from collections.abc import Iterator
from typing import Final

from meshdoctor.doctor.checks.mesh.callers import (
    LAG_SECONDS,
    lookups_lost,
    telling,
)
from meshdoctor.doctor.checks.mesh.dns_answers import late_here
from meshdoctor.doctor.checks.mesh.sights import FLAPS, Look, Mesh
from meshdoctor.doctor.checks.mesh.words import UNSETTLED
from meshdoctor.doctor.graph import Check, Subject
from meshdoctor.doctor.model import Doubt
from meshdoctor.faults import CAUSES
from meshdoctor.probes.mesh.evidence import Answer, Caller, Report, Role

_RESTLESS: Final = FLAPS + 1
_LATELY: Final = 3
"""Among so many of the newest answers one that failed is of now, not of a fault that is healed."""


def _whole(mesh: Mesh) -> Iterator[Subject[Mesh]]:
    if mesh.reports:
        yield Subject("mesh", mesh, "mesh")


def _edges(mesh: Mesh, _same: Mesh) -> Doubt | None:
    failing = failures(mesh)
    if failing and not once(failing):
        more = f", and {len(failing) - 1} more" if len(failing) > 1 else ""
        return Doubt(
            f"something fails that fits no fault: {failing[0]}{more}",
            "another report of the agents: ask again in a few seconds",
        )
    restless = [one for one in mesh.every() if _restless(one)]
    if restless:
        return Doubt(
            f"all is well now, and was not a moment ago: {restless[0]}",
            "more answers: meshdoctor diagnose --watch",
        )
    return None


def failures(mesh: Mesh) -> list[Look]:
    """Give everything that fails and should not.

    Args:
        mesh: all evidence.
    """
    return [
        one
        for one in mesh.every()
        if not one.ok and not _tolerated(mesh, one) and not late_here(mesh, one)
    ]


def once(failing: list[Look]) -> bool:
    """Tell whether one answer alone did not come, for the first time: a busy node does that.

    Args:
        failing: all that fails.
    """
    return [one.before for one in failing] == [Answer.OK]


def _tolerated(mesh: Mesh, look: Look) -> bool:
    """Tell whether it is silence by design: a node's port may be closed where Pods pass."""
    heard = mesh.agents(look.source, look.edge.node)
    return look.edge.role is Role.NODE and bool(heard) and all(one.ok for one in heard)


def _restless(look: Look) -> bool:
    lately = look.sighting.answers[-_LATELY:]
    return look.changes >= _RESTLESS and any(one is not Answer.OK for one in lately)


def _callers(mesh: Mesh, _same: Mesh) -> Doubt | None:
    for node, report in sorted(mesh.reports.items()):
        for caller in report.callers:
            if said := _fails(mesh, caller):
                missing = UNSETTLED if _healed(report, caller) else "its log, by trace id"
                return Doubt(f"Pod {caller.pod} on {node} {said}", missing)
    return None


def _healed(report: Report, caller: Caller) -> bool:
    """Tell whether something has begun to answer since: then what is counted may be of before."""
    return any(
        one.answer is Answer.OK
        and len(set(one.answers)) > 1
        and one.since + LAG_SECONDS > caller.since
        for one in report.sightings
    )


def _fails(mesh: Mesh, caller: Caller) -> str:
    for code, cause in CAUSES.items():
        count = telling(caller, code) or lookups_lost(mesh, caller, code)
        if count and cause.faults:
            span = f"within {caller.seconds:.0f} s"
            return f"counts {count} failures by {code} {span}: {' or '.join(cause.faults)}"
    return ""


def _pages(mesh: Mesh, _same: Mesh) -> Doubt | None:
    unread = [
        (node, one) for node, report in mesh.reports.items() for one in report.callers if one.words
    ]
    if not unread:
        return None
    node, caller = unread[0]
    return Doubt(
        f"what {len(unread)} services tell of their calls could not be read, such as Pod"
        f" {caller.pod} on {node}: {caller.words}",
        f"its metrics page, read by the agent of {node}: which policy lets it in?",
    )


EDGES_WELL: Final = Check("edges.well", "all that was tried answers", _whole, _edges)
CALLERS_WELL: Final = Check("callers.well", "the services count no failures", _whole, _callers)
PAGES_READ: Final = Check("pages.read", "the services' own counters can be read", _whole, _pages)
