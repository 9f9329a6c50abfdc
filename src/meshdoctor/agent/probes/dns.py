"""Does a name server answer, over UDP and over TCP? The messages are dnspython's."""

import asyncio
import socket
import time
from typing import Final

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from meshdoctor.agent.probes.trial import ToldError, connected, split
from meshdoctor.probes.mesh.evidence import SLOW_SECONDS, Answer

NEIGHBOUR_NAME: Final = "mesh-agent.invalid."
"""What a neighbour is asked for: nobody else ever answers it (RFC 6761, 6.4)."""

_RCODES: Final = {
    dns.rcode.SERVFAIL: Answer.SERVFAIL,
    dns.rcode.NXDOMAIN: Answer.NXDOMAIN,
    dns.rcode.REFUSED: Answer.REFUSED,
}
_LENGTH_BYTES: Final = 2
_LONGEST_DATAGRAM: Final = 4096
_TRUE_ANSWER_SECONDS: Final = 0.3
_NONSENSE: Final = "what came back is no answer to the question"


async def ask_neighbour(address: str) -> None:
    """Ask an agent over UDP; whatever it answers is well.

    Args:
        address: `host:port` of it.

    Raises:
        ToldError: nothing but nonsense came back.
        OSError: the other side, or the kernel, says no.
    """
    await _over_udp(address, dns.message.make_query(NEIGHBOUR_NAME, dns.rdatatype.A))


async def ask_udp(address: str, name: str) -> None:
    """Ask a name server for an address, in one datagram.

    Args:
        address: `host:port` of it.
        name: with a dot at the end.

    Raises:
        ToldError: it did not answer with an address, or late.
        OSError: the other side, or the kernel, says no.
    """
    begun = time.perf_counter()
    query = dns.message.make_query(name, dns.rdatatype.A)
    _judge(await _over_udp(address, query), time.perf_counter() - begun)


async def ask_tcp(address: str, name: str) -> None:
    """Ask a name server for an address, over a connection.

    Args:
        address: `host:port` of it.
        name: with a dot at the end.

    Raises:
        ToldError: it did not answer with an address, or late.
        OSError: no connection came about, or it broke.
        EOFError: the other side hung up.
    """
    begun = time.perf_counter()
    query = dns.message.make_query(name, dns.rdatatype.A)
    wire = query.to_wire()
    async with connected(address) as connection:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, len(wire).to_bytes(_LENGTH_BYTES) + wire)
        length = int.from_bytes(await _exactly(connection, _LENGTH_BYTES))
        heard = await _exactly(connection, length)
    response = _response(query, heard)
    if response is None:
        raise ToldError(Answer.ODD, _NONSENSE)
    _judge(response, time.perf_counter() - begun)


def _judge(response: dns.message.Message, seconds: float) -> None:
    rcode = response.rcode()
    if rcode != dns.rcode.NOERROR:
        words = f"it answers {dns.rcode.to_text(rcode)}"
        raise ToldError(_RCODES.get(rcode, Answer.ODD), words)
    truncated = response.flags & dns.flags.TC
    if not truncated and not any(found.rdtype == dns.rdatatype.A for found in response.answer):
        raise ToldError(Answer.NO_ADDRESS, "it knows the name, and no address of it")
    if seconds > SLOW_SECONDS:
        raise ToldError(Answer.SLOW, f"the right answer after {seconds:.2f} s")


async def _over_udp(address: str, query: dns.message.QueryMessage) -> dns.message.Message:
    host, port = split(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asked:
        loop = asyncio.get_running_loop()
        # Connected, so that the kernel tells when nobody listens there.
        await loop.sock_connect(asked, (host, port))
        await loop.sock_sendall(asked, query.to_wire())
        if (response := await _datagram(asked, query)) is not None:
            return response
        try:
            # A datagram that is no answer must not end the wait for one: it may be forged.
            async with asyncio.timeout(_TRUE_ANSWER_SECONDS):
                while (response := await _datagram(asked, query)) is None:
                    pass
        except TimeoutError as error:
            raise ToldError(Answer.ODD, _NONSENSE) from error
        return response


async def _datagram(
    asked: socket.socket, query: dns.message.QueryMessage
) -> dns.message.Message | None:
    heard = await asyncio.get_running_loop().sock_recv(asked, _LONGEST_DATAGRAM)
    return _response(query, heard)


def _response(query: dns.message.QueryMessage, wire: bytes) -> dns.message.Message | None:
    try:
        response = dns.message.from_wire(wire, ignore_trailing=True)
    except Exception:  # noqa: BLE001 - whatever strangers send, it is no answer
        return None
    return response if query.is_response(response) else None


async def _exactly(connection: socket.socket, many: int) -> bytes:
    loop = asyncio.get_running_loop()
    heard = bytearray()
    while len(heard) < many:
        piece = await loop.sock_recv(connection, many - len(heard))
        if not piece:
            raise EOFError("it hung up before the end of its answer")
        heard += piece
    return bytes(heard)
