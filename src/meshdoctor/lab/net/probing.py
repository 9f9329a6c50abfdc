"""Trying edges, all at once, from one process with a socket in each place."""

import asyncio
import errno
import os
import secrets
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

import dns.exception
import dns.message
import dns.rcode

from meshdoctor.lab.net.edges import Ask, Edge
from meshdoctor.lab.net.spaces import within

SECONDS = 1.0
"""How long an edge has to answer."""

SILENT = "no answer"
_NAME = "kubernetes.default.svc.cluster.local."  # in every cluster
_PAYLOAD = 6000  # bytes: more than any packet here but one of jumbo size
_DATAGRAM = 65535


class _BadAnswer(Exception):  # noqa: N818 - reads as what it says
    """A name server answered, but not with an address."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of trying an edge.

    Attributes:
        edge: which one.
        seconds: how long it took.
        error: why it does not work; "" when it does.
    """

    edge: Edge
    seconds: float
    error: str = ""

    @property
    def alive(self) -> bool:
        """Whether it works."""
        return not self.error


async def try_all(edges: Iterable[Edge], seconds: float = SECONDS) -> tuple[Outcome, ...]:
    """Try edges at once.

    Args:
        edges: what to try.
        seconds: how long each has to answer.

    Returns:
        Their outcomes, in the same order.
    """
    return tuple(await asyncio.gather(*(_try(edge, seconds) for edge in edges)))


async def _try(edge: Edge, seconds: float) -> Outcome:
    began = time.monotonic()
    try:
        async with asyncio.timeout(seconds):
            await _ask(edge)
    except TimeoutError:
        error = SILENT
    except OSError as problem:
        error = _word(problem)
    except (dns.exception.DNSException, _BadAnswer, asyncio.IncompleteReadError) as problem:
        error = str(problem)
    else:
        error = ""
    return Outcome(edge, time.monotonic() - began, error)


def _word(error: OSError) -> str:
    # A connection that the kernel gave up on in time is as silent as one that we gave up on.
    if error.errno == errno.ETIMEDOUT:
        return SILENT
    return os.strerror(error.errno or 0).lower()


async def _ask(edge: Edge) -> None:
    kind = socket.SOCK_DGRAM if edge.ask in {Ask.UDP, Ask.DNS_UDP} else socket.SOCK_STREAM
    with within(edge.source):
        connection = socket.socket(socket.AF_INET, kind)
    with connection:
        connection.settimeout(0)
        loop = asyncio.get_running_loop()
        # A datagram's socket is connected, too, so that it hears of refusals.
        await loop.sock_connect(connection, (edge.address, edge.port))
        match edge.ask:
            case Ask.DNS_UDP | Ask.DNS_TCP:
                await _look_up(connection, framed=edge.ask is Ask.DNS_TCP)
            case Ask.UDP:
                await _echo(connection, 8)
            case Ask.LARGE:
                await _echo(connection, _PAYLOAD)


async def _echo(connection: socket.socket, size: int) -> None:
    loop, payload = asyncio.get_running_loop(), secrets.token_bytes(size)
    await loop.sock_sendall(connection, payload)
    if await _read(connection, size) != payload:
        raise OSError(errno.EBADMSG, os.strerror(errno.EBADMSG))


async def _look_up(connection: socket.socket, *, framed: bool) -> None:
    loop, query = asyncio.get_running_loop(), dns.message.make_query(_NAME, "A")
    wire = query.to_wire()
    await loop.sock_sendall(connection, struct.pack("!H", len(wire)) + wire if framed else wire)
    if framed:
        (length,) = struct.unpack("!H", await _read(connection, 2))
        packet = await _read(connection, length)
    else:
        packet = await loop.sock_recv(connection, _DATAGRAM)
    answer = dns.message.from_wire(packet)
    if not query.is_response(answer) or not answer.answer:
        raise _BadAnswer(dns.rcode.to_text(answer.rcode()))


async def _read(connection: socket.socket, size: int) -> bytes:
    read, loop = b"", asyncio.get_running_loop()
    while len(read) < size:
        more = await loop.sock_recv(connection, size - len(read))
        if not more:
            raise asyncio.IncompleteReadError(read, size)
        read += more
    return read
