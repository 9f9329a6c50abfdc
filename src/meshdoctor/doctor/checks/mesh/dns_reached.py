"""Name servers: is each heard, over UDP and over TCP, where the way to it is good?"""

from typing import Final

from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE
from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.nodes_reach import NODES_REACH
from meshdoctor.doctor.checks.mesh.pods_reach import PODS_REACH
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, confirmed, disproved, together
from meshdoctor.doctor.checks.mesh.subjects import Server
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.mesh.evidence import Answer, Ask

TIMEOUT, UDP_LOST = "dns-timeout", "dns-udp-lost"
_ANSWERED: Final = frozenset(
    {Answer.OK, Answer.SLOW, Answer.SERVFAIL, Answer.NXDOMAIN, Answer.NO_ADDRESS}
)


def _look(mesh: Mesh, server: Server) -> Finding | Doubt | None:
    silent = [one for one in server.looks if one.silent]
    fair = [one for one in silent if mesh.reaches(one.source, server.node, one)]
    if not silent:
        return None
    if not fair:
        return Doubt(
            f"{server} is silent to {silent[0].source}, and so is the way to it",
            f"a report of the agent of {server.node or 'its node'}, which needs no other node",
        )
    if not confirmed(fair):
        return unsettled(server)
    if all(disproved(one, _same(server, one)) for one in fair):
        return _elsewhere(server, fair)
    return _judge(server, [one for one in fair if not disproved(one, _same(server, one))])


def _same(server: Server, look: Look) -> list[Look]:
    """Give how others fared who asked the same in the same way."""
    return [one for one in server.looks if one.edge.ask is look.edge.ask]


def _elsewhere(server: Server, fair: list[Look]) -> Doubt:
    """Say that others are answered: it heals just now, or something is between these two."""
    settled = [
        one
        for one in fair
        if any(other.ok and together(other, one) for other in _same(server, one))
    ]
    if not settled:
        return unsettled(server)
    return Doubt(
        f"{server} answers others, and not {settled[0].source}, though Pods reach its node",
        f"which policy lets Pods of {settled[0].source} ask it: kubectl -n {DNS_NAMESPACE} get"
        " networkpolicies",
    )


def _judge(server: Server, fair: list[Look]) -> Finding | Doubt:
    udp = next((one for one in fair if one.edge.ask is Ask.DNS_UDP), None)
    if udp is None:
        return Doubt(f"{server} is silent over TCP: {fair[0]}", "its answer over UDP")
    tcp = [one for one in server.looks if one.source == udp.source and one.edge.ask is Ask.DNS_TCP]
    if any(one.answer in _ANSWERED and together(one, udp) for one in tcp):
        return finding(
            UDP_LOST,
            server,
            (udp, *tcp[:1]),
            ("dns-timeout: it answers over TCP", "the network: TCP takes the same way"),
            f"kubectl -n {DNS_NAMESPACE} get networkpolicies -o yaml; sudo nft list ruleset on"
            f" {server.node}: udp/53 must pass as tcp/53 does",
        )
    if any(one.silent for one in tcp):
        return _timeout(server, udp, tcp[0], fair)
    return Doubt(f"{server} is silent over UDP ({TIMEOUT} or {UDP_LOST})", "its answer over TCP")


def _timeout(server: Server, udp: Look, tcp: Look, fair: list[Look]) -> Finding:
    near = [one for one in fair if one.source == server.node]
    way = (
        f"the network: Pods of its own node {server.node} hear nothing either"
        if near
        else f"the network: other Pods on {server.node} answer {udp.source}"
    )
    return finding(
        TIMEOUT,
        server,
        (*near[:1], udp, tcp),
        (way, "dns-refused: no word comes back at all"),
        f"kubectl -n {DNS_NAMESPACE} rollout restart deployment coredns; kubectl -n"
        f" {DNS_NAMESPACE} get networkpolicies",
    )


DNS_REACHED: Final = Check(
    "dns.reached",
    "every name server is heard, over UDP and over TCP",
    subjects.name_servers,
    _look,
    needs=(NODES_REACH.name, PODS_REACH.name),
    faults=(TIMEOUT, UDP_LOST),
)
