"""What services tell of their calls, and when that is enough to name a fault.

Counters look back: what they count may have healed since, or have begun in the middle. So a cause
is believed only if much of what was tried ended so, and silence of the network only if the agent
of the same node reached all of it for the whole time that was counted, and a while before.
"""

from collections.abc import Iterable, Iterator
from math import ceil
from typing import Final

from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE, DNS_SERVICE
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh
from meshdoctor.doctor.checks.mesh.subjects import Voice
from meshdoctor.probes.mesh.evidence import (
    LOOKS,
    SOON_SECONDS,
    Answer,
    Ask,
    Caller,
    Ground,
    Role,
)

LEAST: Final = 3
"""Failures before a cause is believed: the second may be an accident, too."""

SHARE: Final = 0.05
"""Of the calls that fail, before any cause is believed: the alerts page at the same share."""

LATE_SHARE: Final = 0.2
"""The same for late answers: where processors are short, one call in twenty is late."""

PART: Final = 0.25
"""Of the failures that say something, for one cause to be believed: others come along with it."""

LOOKUP_SHARE: Final = 0.34
"""Of the lookups; while all is well there is one each 5 s, and while it is not, one a second."""

_AGAIN: Final = 2
"""Of these, in the Pod itself."""

_LEARNING_ROUNDS: Final = 2
"""So many rounds an agent may need to learn whom there is to ask: in those it asks nobody."""

LAG_SECONDS: Final = 5.0
"""How long a call or a lookup may take to fail after what broke it has healed."""

_MOST_BACKENDS: Final = 3  # that one agent asks

_ANSWERED: Final = frozenset(
    {
        Answer.OK,
        Answer.REFUSED,
        Answer.SERVFAIL,
        Answer.NXDOMAIN,
        Answer.NO_ADDRESS,
        Answer.NOT_SERVING,
    }
)
"""What comes back at once: nobody's time is up meanwhile."""

LATE: Final = "app-deadline"
_NOBODY_ASKED: Final = "breaker-open"
_CALLERS_OWN: Final = frozenset({"caller-error", "cancelled"})
_TOO_LATE: Final = frozenset({"CANCELLED", "DEADLINE_EXCEEDED"})


def telling(caller: Caller, cause: str) -> int:
    """Give how many calls failed by a cause, or 0 when that is too few to tell.

    Args:
        caller: whose calls.
        cause: a key of `faults.CAUSES`.
    """
    share = LATE_SHARE if cause == LATE else SHARE
    causes = {code: n for code, n in (caller.causes or {}).items() if code not in _CALLERS_OWN}
    count, failed = causes.get(cause, 0), sum(causes.values())
    enough = (
        count >= LEAST
        and failed >= share * caller.calls
        and count >= PART * (failed - causes.get(_NOBODY_ASKED, 0))
    )
    return count if caller.seconds > 0 and enough else 0


def handled_late(mesh: Mesh) -> int:
    """Give how many calls handlers began and callers gave up, or 0 when that is too few to tell."""
    handled = [one.handled or {} for each in mesh.reports.values() for one in each.callers]
    late = sum(each.get(code, 0) for each in handled for code in _TOO_LATE)
    enough = late >= LEAST and late >= PART * sum(sum(each.values()) for each in handled)
    return late if enough else 0


def lookups_lost(mesh: Mesh, caller: Caller, cause: str) -> int:
    """Give how many of its own lookups failed by a cause, or 0 when that is too few to tell.

    A service looks names up rarely, so what other Pods of it have lost meanwhile counts with it.
    """
    lookups = caller.lookups or {}
    count = lookups.get(cause, 0)
    enough = (
        count >= _AGAIN
        and count >= LOOKUP_SHARE * sum(lookups.values())
        and sum(_lost_alike(mesh, caller, cause)) >= LEAST
    )
    return count if caller.seconds > 0 and enough else 0


def _lost_alike(mesh: Mesh, caller: Caller, cause: str) -> Iterator[int]:
    """Give for each Pod of a service how many of its lookups failed by a cause."""
    for report in mesh.reports.values():
        for one in report.callers:
            if (one.namespace, one.service) == (caller.namespace, caller.service):
                yield (one.lookups or {}).get(cause, 0)


def shared(voice: Voice, count: int, what: str) -> str:
    """Say how many of its calls came to what end."""
    caller = voice.caller
    calls = max(caller.calls, count)
    return f"{count} of {calls} calls of Pod {caller.pod} {what} within {caller.seconds:.0f} s"


def all_along(looks: Iterable[Look], voice: Voice) -> bool:
    """Tell whether all looks were well for as long as was counted, or were answered at least.

    What has been well ever since the agent began was not healed just now. And whoever said no, as
    a backend does that begins anew, did not let anybody wait.
    """
    return all(
        one.ok and (one.since + LAG_SECONDS <= voice.caller.since or _answered(one, voice))
        for one in looks
    )


def _answered(look: Look, voice: Voice) -> bool:
    """Tell whether every look within what was counted brought an answer."""
    span = voice.report.at - voice.caller.since + LAG_SECONDS
    longest = LOOKS * SOON_SECONDS  # if all were as close together as can be
    within = ceil(span / SOON_SECONDS) if 0 < span < longest else LOOKS
    answers = look.sighting.answers[-within:]
    known = len(answers) >= min(max(voice.report.round - _LEARNING_ROUNDS, 1), within)
    return known and _ANSWERED.issuperset(answers)


def backends_reached(mesh: Mesh, voice: Voice, ask: Ask) -> tuple[Look, ...]:
    """Give what proves that a caller's node reached every backend all along; nothing if unsure.

    Args:
        mesh: all evidence.
        voice: of the caller.
        ask: how they were asked.
    """
    node = voice.report.node
    looks = tuple(one for one in mesh.looks(Role.BACKEND, node) if one.edge.ask is ask)
    known = _behind(mesh, *_service(mesh, node))
    if not looks or not known or not all_along(looks, voice):
        return ()
    if len({one.edge.address for one in looks}) >= known:
        return looks
    return looks if known > _MOST_BACKENDS and _quiet(mesh) else ()


def names_served(mesh: Mesh, voice: Voice) -> tuple[Look, ...]:
    """Give what proves that DNS served a caller's node all along; nothing if unsure."""
    looks = tuple(mesh.looks(Role.DNS, voice.report.node))
    udp = [one for one in looks if one.edge.ask is Ask.DNS_UDP]  # as services ask
    direct = {one.edge.address for one in udp if one.edge.ground is not Ground.CLUSTER_IP}
    by_address = [one for one in udp if one.edge.ground is Ground.CLUSTER_IP]
    known = _behind(mesh, DNS_NAMESPACE, DNS_SERVICE)
    enough = by_address and known and len(direct) >= known
    return looks if enough and all_along(looks, voice) else ()


def _service(mesh: Mesh, node: str) -> tuple[str, str]:
    """Name namespace and Service of the backends, as name servers are asked for them."""
    for one in mesh.looks(Role.DNS, node):
        service, _, rest = one.edge.name.partition(".")
        return rest.partition(".")[0], service
    return "", ""


def _behind(mesh: Mesh, namespace: str, service: str) -> int:
    """Count who is behind a Service, ready or not; 0 when it is not known."""
    return sum(
        one.ready + one.unready
        for one in (mesh.cluster.slices if mesh.cluster else ())
        if (one.namespace, one.service) == (namespace, service)
    )


def _quiet(mesh: Mesh) -> bool:
    """Tell whether nobody finds anything between nodes silent, where all have been heard."""
    roles = (Role.NODE, Role.AGENT, Role.BACKEND)
    heard = set(mesh.nodes) <= mesh.reports.keys()
    return heard and not any(one.silent for role in roles for one in mesh.looks(role))
