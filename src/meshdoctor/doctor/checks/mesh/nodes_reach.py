"""Nodes: does each reach the other?

What decides is kube-proxy's health port: a security group that forgot its own members lets the
API server, NodePorts and perhaps the kubelet through, and nothing else. A port that is closed on
purpose is no fault, so Pods must be silent, too.
"""

from dataclasses import dataclass
from typing import Final

from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.groups import NODES_FIX, NODES_RECIPES
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, near, together
from meshdoctor.doctor.checks.mesh.subjects import Pair
from meshdoctor.doctor.checks.mesh.words import finding, unsettled
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.mesh.evidence import Answer, Ground, Role

BLOCKED, ONE_WAY = "network-nodes-blocked", "network-one-way"
_KUBELET: Final = ":10250"  # may have a rule of its own, so it proves nothing either way
_FULL_RING: Final = 4
"""Up to so many nodes each looks at every other; beyond, only at those that follow on the ring."""


@dataclass(frozen=True, slots=True)
class Way:
    """What was seen from one node to another.

    Attributes:
        roads: to the node itself.
        pods: to the Pod of its agent, in small questions.
    """

    roads: tuple[Look, ...]
    pods: tuple[Look, ...]

    @property
    def shut(self) -> Look | None:
        """What says that the node is silent."""
        return next((one for one in self.roads if one.silent), None)

    @property
    def open(self) -> Look | None:
        """What says that the node answers, whatever it says."""
        return None if self.shut else next(iter(self.roads), None)

    @property
    def mute(self) -> Look | None:
        """What says that Pods are silent."""
        return next((one for one in self.pods if one.silent), None)

    @property
    def heard(self) -> Look | None:
        """What says that Pods answer."""
        return next((one for one in self.pods if one.ok), None)


def way(mesh: Mesh, source: str, node: str) -> Way:
    """Give what one agent saw of another node.

    Args:
        mesh: all evidence.
        source: the agent's node.
        node: the other.
    """
    roads = tuple(
        one
        for one in mesh.looks(Role.NODE, source)
        if one.edge.ground is Ground.NODE_TO_NODE
        and one.edge.node == node
        and not one.edge.address.endswith(_KUBELET)
    )
    return Way(roads, tuple(mesh.agents(source, node)))


def _look(mesh: Mesh, pair: Pair) -> Finding | Doubt | None:
    there, back = (way(mesh, *each) for each in pair.ways)
    if there.shut is None and back.shut is None:
        return None
    mute, heard = there.mute or back.mute, there.heard or back.heard
    if mute is None:
        return None if heard else _half_seen(pair)
    if there.shut and back.shut:
        return _both(pair, there.shut, back.shut, mute)
    if there.shut and back.open:
        return _one(pair, there, back)
    if back.shut and there.open:
        return _one(Pair(pair.other, pair.one), back, there)
    return _unheard(mesh, pair, there, back)


def _both(pair: Pair, there: Look, back: Look, mute: Look) -> Finding | Doubt:
    if not near(there, back):
        return unsettled(pair)
    return _blocked(pair, (there, back, mute))


def _blocked(pair: Pair, seen: tuple[Look, ...]) -> Finding:
    return finding(
        BLOCKED,
        pair,
        seen,
        (
            "network-overlay-blocked: the nodes themselves do not answer each other either",
            "network-one-way: neither direction passes",
        ),
        NODES_FIX,
        NODES_RECIPES,
    )


def _one(pair: Pair, there: Way, back: Way) -> Finding | Doubt:
    """Judge a pair of which the first cannot reach the second, which reaches the first."""
    shut, passed = there.shut, back.open
    if shut is None or passed is None or there.mute is None:
        return _half_seen(pair)
    # In an overlay a question and its answer need both directions: then the other side's Pods are
    # silent in the very report in which its node gets through.
    at_once = back.mute is not None and together(passed, back.mute) and near(back.mute, shut)
    if not at_once and not together(passed, shut):
        return unsettled(pair)
    return finding(
        ONE_WAY,
        f"from {pair.one} to {pair.other} nothing passes, back it does",
        (shut, passed, there.mute),
        ("network-nodes-blocked: one of the two directions passes",),
        f"compare the inbound rules of both nodes' security groups: {pair.other} must let in"
        f" {pair.one}; one group for all nodes with a rule that lets in itself does",
        NODES_RECIPES,
    )


def _unheard(mesh: Mesh, pair: Pair, there: Way, back: Way) -> Finding | Doubt:
    """Judge a pair of which only one direction was looked at."""
    shut, source = (there.shut, pair.one) if there.shut else (back.shut, pair.other)
    node = pair.other if source == pair.one else pair.one
    mute = there.mute or back.mute
    if shut and mute and len(mesh.nodes) > _FULL_RING and _cut_off(mesh, source, node):
        return _blocked(pair, (shut, mute))
    return _half_seen(pair)


def _cut_off(mesh: Mesh, source: str, node: str) -> bool:
    """Tell whether the way back must be blocked, too, though nobody looked at it.

    The one is deaf to all who look at it and the other mute to all it looks at; or all of one of
    them is.
    """
    deaf = {each: _silent(mesh, each, to=True) for each in (source, node)}
    mute = {each: _silent(mesh, each, to=False) for each in (source, node)}
    return (mute[node] and deaf[source]) or any(deaf[one] and mute[one] for one in deaf)


def _silent(mesh: Mesh, node: str, *, to: bool) -> bool:
    """Tell whether all that was seen of a node's own road is silence, either to it or from it."""
    looks = [
        one
        for one in mesh.looks(Role.NODE, "" if to else node)
        if not one.edge.address.endswith(_KUBELET) and (not to or one.edge.node == node)
    ]
    return bool(looks) and all(one.answer is Answer.SILENT for one in looks)


def _half_seen(pair: Pair) -> Doubt:
    return Doubt(
        f"between {pair}, one node is silent to the other; whether the other direction, and Pods,"
        " pass was not seen",
        f"a report of the agents of both: {pair}",
    )


NODES_REACH: Final = Check(
    "nodes.reach",
    "every node reaches the others",
    subjects.pairs,
    _look,
    faults=(BLOCKED, ONE_WAY),
)
