"""What answers the neighbours: bytes said back over TCP, a DNS question answered over UDP.

Anybody in the cluster may come, so everything has its bounds: how many at once, how much each, how
long, and how many datagrams a second. A datagram is answered with one no longer than itself, and
only if it is a question: no stranger can have it sent to a third one many times as large (RFC
5358), or keep two agents talking to each other.
"""

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import Final, cast

import dns.flags
import dns.message

from meshdoctor.agent.probes.large import LARGE_BYTES
from meshdoctor.agent.visitors import Visitors

AT_ONCE: Final = 64
"""Connections; who comes when there are as many is sent away."""

LONGEST_BYTES: Final = 4 * LARGE_BYTES
"""That are said back on one connection."""

LONGEST_SECONDS: Final = 3.0
"""That a connection may last."""

DATAGRAMS_A_SECOND: Final = 200
"""That are answered; more are dropped."""

_LONGEST_QUESTION: Final = 512  # RFC 1035, 2.3.4
_BACKLOG: Final = 128
_CHUNK: Final = 8 * 1024


@dataclass(slots=True)
class Allowance:
    """So many things a second, unused ones kept for a second.

    Attributes:
        rate: things a second.
        left: how many are left.
        at: when that was reckoned, by the monotonic clock.
    """

    rate: float
    left: float
    at: float

    def take(self, now: float) -> bool:
        """Take one, if there is one.

        Args:
            now: by the monotonic clock.
        """
        self.left = min(self.rate, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Answering:
    """Answers at one address, over TCP and UDP on the same port.

    Args:
        host: an IP address.
        port: 0 for any that is free.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._visitors = Visitors(AT_ONCE, LONGEST_SECONDS)

    @property
    def port(self) -> int:
        """The port in use."""
        return self._port

    async def start(self) -> None:
        """Begin to answer.

        Raises:
            OSError: the port is taken.
        """
        stream = socket.create_server(
            (self._host, self._port), family=_family(self._host), backlog=_BACKLOG
        )
        self._port = stream.getsockname()[1]
        self._server = await asyncio.start_server(self._say_back, sock=stream, limit=_CHUNK)
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(
            _Questions, local_addr=(self._host, self._port)
        )

    def close(self) -> None:
        """Stop, and give the port back."""
        if self._datagrams is not None:
            self._datagrams.abort()
        if self._server is not None:
            self._server.close()

    async def _say_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._visitors.receive(writer, lambda: _echo(reader, writer))


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    left = LONGEST_BYTES
    while left > 0 and (heard := await reader.read(min(left, _CHUNK))):
        left -= len(heard)
        writer.write(heard)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


class _Questions(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._allowance = Allowance(DATAGRAMS_A_SECOND, DATAGRAMS_A_SECOND, time.monotonic())
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: until Python 3.12 the transport of a selector is none by its classes.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str | int, ...]) -> None:
        if self._transport is None or not self._allowance.take(time.monotonic()):
            return
        answer = _answer(data)
        if answer is not None:
            self._transport.sendto(answer, address)

    def error_received(self, _error: Exception) -> None:
        """Take no notice: a neighbour went before its answer came."""


def _answer(question: bytes) -> bytes | None:
    if len(question) > _LONGEST_QUESTION:
        return None
    try:
        asked = dns.message.from_wire(question)
        if asked.flags & dns.flags.QR or not asked.question:
            return None
        answer = dns.message.make_response(asked).to_wire()
    except Exception:  # noqa: BLE001 - whatever strangers send, it is no question
        return None
    return answer if len(answer) <= len(question) else None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
