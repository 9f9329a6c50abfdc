"""A fault of the network: what is different while it lasts, and which edges die of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from meshdoctor.lab.net.edges import Edge, Hop
from meshdoctor.lab.net.probing import SILENT
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Topology

REFUSED = "connection refused"


class Fate(StrEnum):
    """What becomes of an edge under a fault."""

    ALIVE = "alive"
    DEAD = "dead"
    BY_LOT = "by lot"


def refused(_edge: Edge) -> str:
    """Give what is told where somebody says that nobody listens."""
    return REFUSED


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """One way to break the network. Healing is the rules as they were: `Network.heal`.

    Attributes:
        code: out of meshdoctor.faults.
        broken: makes the rules that it has out of those of a healthy network.
        cuts: whether an edge's packets are lost on one of the ways that they may take.
        said: what whoever tries a dead edge is told.
    """

    code: str
    broken: Callable[[Rules, Topology], Rules]
    cuts: Callable[[Edge, Hop], bool]
    said: Callable[[Edge], str] = lambda _edge: SILENT

    def fate(self, edge: Edge) -> Fate:
        """Say what becomes of an edge; by lot if only some of its ways are cut."""
        cut = [self.cuts(edge, hop) for hop in edge.hops]
        if all(cut):
            return Fate.DEAD
        return Fate.BY_LOT if any(cut) else Fate.ALIVE
