"""The metrics pages of this node's services, read once in every round."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from meshdoctor.agent import counters
from meshdoctor.agent.api import joined
from meshdoctor.agent.counters import Look, PageError
from meshdoctor.agent.exchange import ExchangeError, Request, answer_in
from meshdoctor.agent.knowledge import Place
from meshdoctor.probes.mesh.evidence import INTERVAL_SECONDS, PROBE_SECONDS, Caller

WINDOW_SECONDS: Final = 2 * INTERVAL_SECONDS
"""Over how long counters are compared, or from one look to the next where that is longer."""

_EARLY: Final = 0.95
"""A look so much of the window ago is taken for one at its beginning: no round is on the second."""

_LONGEST: Final = 512 * 1024
_PIECE: Final = 64 * 1024
_MOST_PAGES: Final = 50
_OLDEST_SECONDS: Final = 60.0
_COMPARED: Final = 2
_OK: Final = 200
_HEADERS: Final = {"Accept": "text/plain", "Connection": "close", "User-Agent": "meshdoctor-agent"}


class ReadPages:
    """Reads pages and remembers the last few looks at each.

    Args:
        seconds: that one page may take, all of it.
        window: over how many seconds counters are compared.
    """

    def __init__(self, seconds: float = PROBE_SECONDS, window: float = WINDOW_SECONDS) -> None:
        self._seconds = seconds
        self._window = window
        self._pasts: dict[Place, _Past] = {}

    async def look(self, places: Sequence[Place]) -> tuple[Caller, ...]:
        """Read all pages at once.

        Args:
            places: where they are.
        """
        asked = list(dict.fromkeys(places))[:_MOST_PAGES]
        self._pasts = {one: self._pasts.get(one) or _Past() for one in asked}
        return tuple(await asyncio.gather(*map(self._one, asked)))

    async def _one(self, place: Place) -> Caller:
        past = self._pasts[place]
        try:
            counts = counters.read(await _page(place, self._seconds))
        except (ExchangeError, PageError) as error:
            past.begun = 0.0
            return Caller(place.namespace, place.pod, place.service, words=str(error))
        past.note(Look(time.time(), time.monotonic(), counts))
        _forget(past.looks, self._window)
        return _caller(place, past)


@dataclass(slots=True)
class _Past:
    """Of one page.

    Attributes:
        looks: the last ones, the newest last.
        begun: Unix seconds of the first look at its process; 0 when the last look failed.
    """

    looks: deque[Look] = field(default_factory=deque)
    begun: float = 0.0

    def note(self, look: Look) -> None:
        """Take in a look."""
        if not self.begun or (self.looks and counters.began_anew(self.looks[-1], look)):
            self.begun = look.at
        self.looks.append(look)


def _forget(looks: deque[Look], window: float) -> None:
    """Keep what the window needs: the look at its beginning, and all since."""
    newest = looks[-1].moment
    while len(looks) > _COMPARED and newest - looks[1].moment >= _EARLY * window:
        looks.popleft()
    while newest - looks[0].moment > _OLDEST_SECONDS:
        looks.popleft()


def _caller(place: Place, past: _Past) -> Caller:
    first, last = past.looks[0], past.looks[-1]
    grown = counters.grown(past.looks)
    return Caller(
        place.namespace,
        place.pod,
        place.service,
        seconds=last.moment - first.moment,
        calls=sum(counters.about(grown, "calls").values()),
        causes=counters.about(grown, "causes"),
        lookups=counters.about(grown, "lookups"),
        handled=counters.about(grown, "handled"),
        visits=counters.about(grown, "visits"),
        since=first.at,
        begun=past.begun,
    )


async def _page(place: Place, seconds: float) -> bytes:
    host = joined(place.address, place.port)
    request = Request("GET", "/metrics", host, _HEADERS)
    try:
        async with asyncio.timeout(seconds):
            answer = answer_in(await _asked(place, request.encoded()))
    except TimeoutError as error:
        raise ExchangeError(f"the metrics page at {host} is silent") from error
    except (OSError, ValueError, OverflowError) as error:  # of an address that is none, too
        words = getattr(error, "strerror", None) or error
        why = "refuses" if isinstance(error, ConnectionRefusedError) else f"fails: {words}"
        raise ExchangeError(f"the metrics page at {host} {why}") from error
    if answer.status != _OK:
        raise ExchangeError(f"the metrics page at {host} answers HTTP {answer.status}")
    return answer.body


async def _asked(place: Place, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(place.address, place.port)
    try:
        writer.write(request)
        text = bytearray()
        while piece := await reader.read(_PIECE):
            text += piece
            if len(text) > _LONGEST:
                raise ExchangeError(f"the answer is longer than {_LONGEST} bytes")
        return bytes(text)
    finally:
        writer.transport.abort()
