"""What answers the neighbours, and visitors who mean no good."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import dns.message
import pytest

from meshdoctor.agent.answering import (
    AT_ONCE,
    DATAGRAMS_A_SECOND,
    LONGEST_BYTES,
    LONGEST_SECONDS,
    Answering,
)
from meshdoctor.agent.probes.asking import ask
from meshdoctor.probes.mesh.evidence import Answer, Ask, Edge, Ground, Role
from tests.support.mesh_net import addresses

pytestmark = pytest.mark.integration

QUESTION = dns.message.make_query("mesh-agent.invalid.", "A").to_wire()


@asynccontextmanager
async def answering() -> AsyncIterator[tuple[str, int]]:
    """Have an agent's answering side for a while."""
    (host,) = addresses(1)
    server = Answering(host, 0)
    await server.start()
    try:
        yield host, server.port
    finally:
        server.close()


def with_agent(
    visit: Callable[[tuple[str, int]], Coroutine[Any, Any, None]],
) -> None:
    """Visit one, and see that it answers its neighbours afterwards."""

    async def run() -> None:
        async with answering() as where:
            await visit(where)
            assert [Answer.OK] * 3 == await asked(where)

    asyncio.run(run())


async def asked(where: tuple[str, int]) -> list[Answer]:
    """Ask as a neighbour does."""
    address = "{}:{}".format(*where)
    edges = [
        Edge(Role.AGENT, Ground.OTHER_NODE, how, "a", "n", address)
        for how in (Ask.DNS_UDP, Ask.TCP, Ask.LARGE)
    ]
    return [trial.answer for trial in await asyncio.gather(*map(ask, edges))]


async def datagram(where: tuple[str, int], *packets: bytes, seconds: float = 0.3) -> list[bytes]:
    """Send packets; give what comes back within the time."""
    loop = asyncio.get_running_loop()
    heard = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asker:
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        asker.connect(where)
        for packet in packets:
            await loop.sock_sendall(asker, packet)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    heard.append(await loop.sock_recv(asker, 65535))
        except TimeoutError:
            return heard


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Read until the other side hangs up, politely or not."""
    heard = bytearray()
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            heard += piece
    return bytes(heard)


def test_neighbours_are_answered() -> None:
    """A question over UDP, a connection, 6 kB there and back."""

    async def nobody(_where: tuple[str, int]) -> None: ...

    with_agent(nobody)


def test_nobody_can_have_a_third_one_shouted_at() -> None:
    """An answer is no longer than its question, whatever the question is."""

    async def visit(where: tuple[str, int]) -> None:
        for rdtype in ("A", "ANY", "TXT"):
            query = dns.message.make_query("mesh-agent.invalid.", rdtype).to_wire()
            assert [len(query)] == [len(heard) for heard in await datagram(where, query)]

    with_agent(visit)


def test_two_agents_cannot_be_set_upon_each_other() -> None:
    """What is an answer itself is not answered."""

    async def visit(where: tuple[str, int]) -> None:
        (answer,) = await datagram(where, QUESTION)
        assert [] == await datagram(where, answer)

    with_agent(visit)


def test_nonsense_is_not_answered() -> None:
    """Bytes at random, cut questions, long ones, none at all."""
    chance = random.Random(7)  # noqa: S311 - no secret
    nonsense = [
        b"",
        bytes(12),
        QUESTION[:-3],
        QUESTION + bytes(600),
        *(chance.randbytes(chance.randrange(1, 600)) for _ in range(100)),
    ]

    async def visit(where: tuple[str, int]) -> None:
        for heard in await datagram(where, *nonsense):
            assert max(map(len, nonsense)) >= len(heard)
        assert [] == await datagram(where, *nonsense[:4])

    with_agent(visit)


def test_a_flood_of_questions_is_answered_in_part() -> None:
    """So many a second, then none; a second later again."""

    async def visit(where: tuple[str, int]) -> None:
        begun, heard = time.monotonic(), 0
        for _ in range(10):
            heard += len(await datagram(where, *[QUESTION] * 60, seconds=0.02))
        # Those of the second before the flood, and those of each second of it.
        assert 0 < heard <= DATAGRAMS_A_SECOND * (1 + time.monotonic() - begun)
        await asyncio.sleep(0.5)

    with_agent(visit)


def test_more_visitors_than_there_is_room_for_are_sent_away() -> None:
    """Those who were there first stay; those who dawdle are gone after a while."""

    async def visit(where: tuple[str, int]) -> None:
        async with AsyncExitStack() as closing:
            dawdlers = []
            for _ in range(AT_ONCE):
                reader, writer = await asyncio.open_connection(*where)
                closing.callback(writer.close)
                writer.write(b"?")
                assert b"?" == await reader.read(1)
                dawdlers.append(reader)
            reader, writer = await asyncio.open_connection(*where)
            closing.callback(writer.close)
            begun = time.monotonic()
            assert b"" == await rest(reader)
            assert time.monotonic() - begun < LONGEST_SECONDS / 2
            assert [b""] * AT_ONCE == await asyncio.gather(*map(rest, dawdlers))
            assert time.monotonic() - begun < LONGEST_SECONDS + 1.5

    with_agent(visit)


def test_who_talks_without_end_is_cut_short() -> None:
    """After four times what a probe says."""

    async def visit(where: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*where)
        writer.write(bytes(2 * LONGEST_BYTES))
        heard = await rest(reader)
        writer.close()
        assert 0 < len(heard) <= LONGEST_BYTES

    with_agent(visit)


def test_who_never_reads_holds_nobody_up() -> None:
    """Its answer stays in the kernel until its time is over."""

    async def visit(where: tuple[str, int]) -> None:
        async with AsyncExitStack() as closing:
            for _ in range(AT_ONCE // 2):
                _, writer = await asyncio.open_connection(*where, limit=1)
                closing.callback(writer.close)
                writer.write(bytes(LONGEST_BYTES - 1))

    with_agent(visit)
