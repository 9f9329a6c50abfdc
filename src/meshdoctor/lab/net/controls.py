"""Positive controls: no verdict before every edge of the healthy network was seen to work."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.echoes import echoing
from meshdoctor.lab.net.edges import Edge, edges, listening
from meshdoctor.lab.net.probing import SECONDS, Outcome, try_all
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Topology

_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Survey:
    """Every edge, tried once.

    Attributes:
        outcomes: in the order of the edges.
    """

    outcomes: tuple[Outcome, ...]

    @property
    def dead(self) -> tuple[Outcome, ...]:
        """What does not work."""
        return tuple(each for each in self.outcomes if not each.alive)

    def require_whole(self) -> None:
        """Go on if every edge works; raises as `prove` does."""
        if not self.dead:
            return
        first = "\n".join(f"    {each.edge}: {each.error}" for each in self.dead[:_NAMED_AT_MOST])
        raise LabError(
            f"the healthy network does not work, so nothing may be judged in it: "
            f"{len(self.dead)} of {len(self.outcomes)} edges are dead\n{first}"
        )


def prove(topology: Topology, rules: Rules) -> Survey:
    """Try every edge of the healthy network, and those that seem dead once more.

    A machine with other work may keep an edge waiting, and a healthy one must not be called dead.

    Args:
        topology: the cluster.
        rules: those that are in force.

    Returns:
        Every edge, alive.

    Raises:
        LabError: one is dead; the text names the first few, and why.
    """
    first = survey(topology, rules)
    if first.dead:
        doubted = [each.edge for each in first.dead]
        again = asyncio.run(_survey(doubted, topology, SECONDS)).outcomes
        seen = {each.edge: each for each in (*first.outcomes, *again)}
        first = Survey(tuple(seen.values()))
    first.require_whole()
    return first


def survey(topology: Topology, rules: Rules, seconds: float = SECONDS) -> Survey:
    """Try every edge of a cluster in which no service runs yet; echoes stand in for them.

    Args:
        topology: the cluster.
        rules: what it is like when it is healthy.
        seconds: how long each edge has to answer.

    Raises:
        LabError: somebody listens already where an echo is to be.
    """
    return asyncio.run(_survey(edges(topology, rules.services), topology, seconds))


async def _survey(wanted: Iterable[Edge], topology: Topology, seconds: float) -> Survey:
    async with echoing(listening(topology)):
        return Survey(await try_all(wanted, seconds))
