"""The certificates that backends show, read every few rounds: they change by the day."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from meshdoctor.agent.knowledge import Place
from meshdoctor.probes.mesh.evidence import Certificate

EVERY: Final = 3
"""Rounds between two looks: a server that wants a certificate of its caller logs each of them."""

Reader = Callable[[Place], Awaitable[Certificate | None]]
"""Reads one; None where there is none to be had. It never raises."""


class Certificates:
    """Remembers what was read.

    Args:
        read: reads one.
    """

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._rounds = 0
        self._asked: tuple[Place, ...] = ()
        self._known: dict[str, Certificate] = {}

    async def look(self, places: Sequence[Place]) -> tuple[Certificate, ...]:
        """Give the certificates of backends; read them when it is time, or when these are new.

        Args:
            places: whose health is on a port of its own: the other one may speak TLS.
        """
        wanted = tuple(place for place in places if place.health_port)
        if self._rounds % EVERY == 0 or wanted != self._asked or self._bad():
            found = await asyncio.gather(*map(self._read, wanted))
            # What shows nothing now shows what it showed before: its silence is told by its edges.
            kept = {place.pod: self._known.get(place.pod) for place in wanted}
            fresh = {one.target: one for one in found if one is not None}
            self._known = {pod: one for pod, one in (kept | fresh).items() if one is not None}
            self._asked = wanted
        self._rounds += 1
        return tuple(self._known.values())

    def _bad(self) -> bool:
        """Say whether one is known that somebody is about to replace: it is read in each round."""
        now = time.time()
        return any(one.not_after < now or one.trusted is False for one in self._known.values())
