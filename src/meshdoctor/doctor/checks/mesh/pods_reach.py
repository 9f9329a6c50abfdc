"""Pods: do those of each node reach those of the others?

The ground beneath is known to carry: the nodes of the pair answer each other.
"""

from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.groups import OVERLAY_FIX
from meshdoctor.doctor.checks.mesh.nodes_reach import NODES_REACH, Way, way
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, near, together
from meshdoctor.doctor.checks.mesh.subjects import Pair
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.mesh.evidence import Ground, Role

CODE: Final = "network-overlay-blocked"
_FULL_RING: Final = 4


def _look(mesh: Mesh, pair: Pair) -> Finding | Doubt | None:
    there, back = (way(mesh, *each) for each in pair.ways)
    if there.mute is None and back.mute is None:
        return None
    if there.mute and back.mute:
        return _both(pair, there, back)
    mute, heard = (there.mute, back) if there.mute else (back.mute, there)
    if mute is None:
        return None
    if heard.heard is not None:
        return _one_sided(pair, mute, heard.heard)
    return _unheard(mesh, pair, mute, there, back)


def _both(pair: Pair, there: Way, back: Way) -> Finding | Doubt | None:
    mute, other = there.mute, back.mute
    if mute is None or other is None:
        return None
    for one in (there, back):
        if any(look.ok and one.mute and together(look, one.mute) for look in one.pods):
            return Doubt(
                f"between {pair} some packets of Pods pass and others do not: {one.mute}",
                "what drops them on the way: tcpdump -ni any udp port 4789 on both nodes",
            )
    if not near(mute, other):
        return unsettled(pair)
    if there.open is None or back.open is None:
        return _nodes_unknown(pair)
    return _blocked(pair, mute, other, there.open)


def _blocked(pair: Pair, mute: Look, other: Look | None, passed: Look) -> Finding:
    return finding(
        CODE,
        pair,
        (one for one in (mute, other, passed) if one),
        (
            "network-nodes-blocked: the nodes answer each other",
            "dns and app: nothing of any Pod of the other node answers",
        ),
        OVERLAY_FIX,
    )


def _one_sided(pair: Pair, mute: Look, heard: Look) -> Doubt:
    if not together(heard, mute):
        return unsettled(pair)
    return Doubt(
        f"between {pair} the Pods of one side answer, and those of the other do not: {mute}",
        f"whether the agent of {mute.edge.node} listens, and which policy lets in its neighbours",
    )


def _unheard(mesh: Mesh, pair: Pair, mute: Look, there: Way, back: Way) -> Finding | Doubt:
    """Judge a pair of which only one direction was looked at, as on the ring of a large cluster."""
    passed = there.open or back.open
    if len(mesh.nodes) > _FULL_RING and passed and _alive(mesh, mute):
        return _blocked(pair, mute, None, passed)
    if passed is None:
        return _nodes_unknown(pair)
    return Doubt(
        f"between {pair} Pods are silent; what the other side sees is not known",
        f"a report of the agents of both: {pair}",
    )


def _alive(mesh: Mesh, mute: Look) -> bool:
    """Tell whether the agent that is silent is there: somebody hears it, or it hears nobody."""
    node = mute.edge.node
    asked = [one for one in mesh.looks(Role.AGENT) if one.edge.ground is Ground.OTHER_NODE]
    heard = any(one.ok and one.edge.node == node and together(one, mute) for one in asked)
    own = [one for one in asked if one.source == node]
    return heard or (bool(own) and all(one.silent and near(one, mute) for one in own))


def _nodes_unknown(pair: Pair) -> Doubt:
    return Doubt(
        f"between {pair} Pods are silent; whether the nodes themselves pass was not seen"
        " (network-overlay-blocked, network-one-way or network-nodes-blocked)",
        f"a report of the agents of both, and their roads to the nodes: {pair}",
    )


PODS_REACH: Final = Check(
    "pods.reach",
    "the Pods of every node reach those of the others",
    subjects.pairs,
    _look,
    needs=(NODES_REACH.name,),
    faults=(CODE,),
)
