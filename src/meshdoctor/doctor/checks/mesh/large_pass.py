"""Packets: do large ones pass where small ones do?"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.nodes_reach import NODES_REACH
from meshdoctor.doctor.checks.mesh.pods_reach import PODS_REACH
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, confirmed, together
from meshdoctor.doctor.checks.mesh.subjects import Pair
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.mesh.evidence import Answer, Ask, Ground, Role

CODE: Final = "network-large-packets"
_GONE: Final = frozenset({Answer.SILENT, Answer.LOST})


def _look(mesh: Mesh, pair: Pair) -> Finding | Doubt | None:
    gone = [one for way in pair.ways for one in _larges(mesh, *way) if one.answer in _GONE]
    if gone and not confirmed(gone):
        return unsettled(pair)
    seen = [_way(mesh, *each) for each in pair.ways]
    found = [one for one in seen if isinstance(one, Finding)]
    return next(iter(found), None) or next((one for one in seen if one), None)


def _way(mesh: Mesh, source: str, node: str) -> Finding | Doubt | None:
    large = next((one for one in _larges(mesh, source, node) if one.answer in _GONE), None)
    if large is None:
        return None
    passed = {
        one.edge.ask: one for one in mesh.agents(source, node) if one.ok and together(one, large)
    }
    # A connection alone is the kernel's answer; a datagram's comes from the agent, so it lives.
    if not passed.keys() >= {Ask.TCP, Ask.DNS_UDP}:
        return Doubt(
            f"from {source} to {node} 6 kB do not come back; whether small packets do is not known",
            f"a report of the agent of {source}",
        )
    return finding(
        CODE,
        f"{source} and {node}",
        (large, passed[Ask.TCP]),
        (
            "network-overlay-blocked: small packets pass between the same Pods",
            f"the agent of {node}: it answers small questions",
        ),
        "find what passes, from a Pod to one on the other node: ping -M do -s 1372 ADDRESS (-28"
        " bytes of headers); then lower the overlay's MTU 50 bytes below it: kubectl patch"
        ' felixconfiguration default --type merge -p \'{"spec":{"vxlanMTU":1350}}\'',
    )


def _larges(mesh: Mesh, source: str, node: str) -> list[Look]:
    return [
        one
        for one in mesh.looks(Role.AGENT, source)
        if one.edge.ask is Ask.LARGE
        and one.edge.ground is Ground.OTHER_NODE
        and one.edge.node == node
    ]


LARGE_PASS: Final = Check(
    "packets.large",
    "large packets pass between the Pods of all nodes",
    subjects.pairs,
    _look,
    needs=(NODES_REACH.name, PODS_REACH.name),
    faults=(CODE,),
)
