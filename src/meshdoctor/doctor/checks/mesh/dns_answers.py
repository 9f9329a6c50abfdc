"""Name servers: does each give the right answer?

Whatever comes back was said by somebody, so no proof of the way is needed; silence is another
check's.
"""

from typing import Final

from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE
from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.names import judge_name
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, disproved, met
from meshdoctor.doctor.checks.mesh.subjects import Server
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.mesh.evidence import Answer

REFUSED, SERVFAIL, SLOW = "dns-refused", "dns-servfail", "dns-slow"
_LEAST_SLOW: Final = 2
"""Late answers before a server is called slow: one may be a busy node's."""

_DNS: Final = f"kubectl -n {DNS_NAMESPACE}"
_FIXES: Final = {
    REFUSED: f"{_DNS} rollout restart deployment coredns",
    SERVFAIL: f"{_DNS} logs -l k8s-app=kube-dns --tail=50; {_DNS} get configmap coredns -o yaml",
    SLOW: f"{_DNS} scale deployment coredns --replicas=4;"
    f" {_DNS} top pods -l k8s-app=kube-dns; {_DNS} get configmap coredns -o yaml: its upstream",
}
_CODES: Final = {Answer.REFUSED: REFUSED, Answer.SERVFAIL: SERVFAIL, Answer.SLOW: SLOW}
_NAMES: Final = frozenset({Answer.NXDOMAIN, Answer.NO_ADDRESS})
_TOLD: Final = frozenset({*_CODES, *_NAMES})


def _look(mesh: Mesh, server: Server) -> Finding | Doubt | None:
    told = [one for one in server.looks if _tells(one) and not late_here(mesh, one)]
    if not told:
        return None
    newest = max(told, key=lambda one: one.since)
    same = [one for one in told if one.answer is newest.answer]
    others = [one for one in told if one.answer is not newest.answer]
    if any(met(one.until, newest.since) for one in others) or all(
        disproved(one, server.looks) for one in same
    ):
        return unsettled(server)
    if newest.answer in _NAMES:
        return judge_name(mesh, server, same)
    if newest.answer is Answer.REFUSED and not any(map(_again, same)):
        return unsettled(server)
    return _named(server, _CODES[newest.answer], same)


def _again(look: Look) -> bool:
    """Tell whether it said so in two rounds: a server that is being restarted does in one."""
    return look.before in {None, look.answer}


def _tells(look: Look) -> bool:
    # A kernel that knows no way says no as well, and it is no name server.
    return look.answer in _TOLD and (look.answer is not Answer.REFUSED or refuses(look))


def late_here(mesh: Mesh, look: Look) -> bool:
    """Tell whether an answer was late because of the node that asked.

    Args:
        mesh: all evidence.
        look: any.
    """
    return look.answer is Answer.SLOW and mesh.starved(look.source)


def refuses(look: Look) -> bool:
    """Tell whether the other side itself said no.

    Args:
        look: any.
    """
    words = look.sighting.words.lower()
    return look.answer is Answer.REFUSED and (not words or "refused" in words)


def _named(server: Server, code: str, same: list[Look]) -> Finding | Doubt:
    late = sum(one.sighting.answers.count(Answer.SLOW) or 1 for one in same)
    if code == SLOW and late < _LEAST_SLOW:
        return Doubt(f"{server} answered late once", "more of its answers: ask again soon")
    return finding(
        code,
        server,
        same,
        ("the network and Service addresses: its own address was asked, and it answered",),
        _FIXES[code],
    )


DNS_ANSWERS: Final = Check(
    "dns.answers",
    "every name server gives the right answer",
    subjects.name_servers,
    _look,
    faults=(REFUSED, SERVFAIL, SLOW, "dns-nxdomain"),
)
