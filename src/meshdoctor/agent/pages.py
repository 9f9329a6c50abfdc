"""The metrics pages of this node's services, read once in every round."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from meshdoctor.agent import counters
from meshdoctor.agent.api import joined
from meshdoctor.agent.counters import Look, PageError
from meshdoctor.agent.exchange import ExchangeError, Request, answer_in
from meshdoctor.agent.knowledge import Place
from meshdoctor.probes.mesh.evidence import PROBE_SECONDS, Caller

ROUNDS: Final = 3
"""Over how many rounds counters are compared."""

_LONGEST: Final = 512 * 1024
_PIECE: Final = 64 * 1024
_MOST_PAGES: Final = 50
_OLDEST_SECONDS: Final = 60.0
_OK: Final = 200
_HEADERS: Final = {"Accept": "text/plain", "Connection": "close", "User-Agent": "meshdoctor-agent"}


class ReadPages:
    """Reads pages and remembers the last few looks at each.

    Args:
        seconds: that one page may take, all of it.
    """

    def __init__(self, seconds: float = PROBE_SECONDS) -> None:
        self._seconds = seconds
        self._looks: dict[Place, deque[Look]] = {}

    async def look(self, places: Sequence[Place]) -> tuple[Caller, ...]:
        """Read all pages at once.

        Args:
            places: where they are.
        """
        asked = list(dict.fromkeys(places))[:_MOST_PAGES]
        self._looks = {one: self._looks.get(one, deque(maxlen=ROUNDS + 1)) for one in asked}
        return tuple(await asyncio.gather(*map(self._one, asked)))

    async def _one(self, place: Place) -> Caller:
        try:
            counts = counters.read(await _page(place, self._seconds))
        except (ExchangeError, PageError) as error:
            return Caller(place.namespace, place.pod, place.service, words=str(error))
        looks = self._looks[place]
        looks.append(Look(time.time(), time.monotonic(), counts))
        while looks[-1].moment - looks[0].moment > _OLDEST_SECONDS:
            looks.popleft()
        return _caller(place, looks)


def _caller(place: Place, looks: Sequence[Look]) -> Caller:
    first, last = looks[0], looks[-1]
    grown = counters.grown(looks)
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
