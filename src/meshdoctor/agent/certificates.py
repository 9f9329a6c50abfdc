"""The certificates that backends show, read in each round: one that is bad fails every new call."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from meshdoctor.agent.knowledge import Place
from meshdoctor.probes.mesh.evidence import Certificate

Reader = Callable[[Place], Awaitable[Certificate | None]]
"""Reads one; None where there is none to be had. It never raises."""


class Certificates:
    """Remembers what was read.

    Args:
        read: reads one.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._known: dict[str, Certificate] = {}

    async def look(self, places: Sequence[Place]) -> tuple[Certificate, ...]:
        """Give the certificates of backends.

        Args:
            places: whose health is on a port of its own: the other one may speak TLS.
        """
        wanted = tuple(place for place in places if place.health_port)
        found = await asyncio.gather(*map(self._read, wanted))
        # What shows nothing now shows what it showed before: its silence is told by its edges.
        kept = {place.pod: self._known.get(place.pod) for place in wanted}
        fresh = {one.target: one for one in found if one is not None}
        self._known = {pod: one for pod, one in (kept | fresh).items() if one is not None}
        return tuple(self._known.values())
