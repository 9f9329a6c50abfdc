"""Whoever is asked while no service runs yet: says back what it hears, over TCP and UDP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.spaces import within

_BACKLOG = 128
_CHUNK = 65536


@asynccontextmanager
async def echoing(places: Iterable[tuple[str, str, int]]) -> AsyncIterator[None]:
    """Have echoes for a while.

    Args:
        places: name of the Pod or node, address, port.

    Raises:
        LabError: somebody listens there already.
    """
    sockets: list[socket.socket] = []
    tasks: set[asyncio.Task[None]] = set()
    try:
        for place, address, port in places:
            stream, datagrams = _listen(place, (address, port), sockets)
            tasks.add(asyncio.create_task(_accept(stream, tasks)))
            tasks.add(asyncio.create_task(_repeat(datagrams)))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in sockets:
            each.close()


def _listen(
    place: str, address: tuple[str, int], opened: list[socket.socket]
) -> tuple[socket.socket, socket.socket]:
    try:
        with within(place):
            opened.append(stream := socket.create_server(address, backlog=_BACKLOG))
            opened.append(datagrams := socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        datagrams.bind(address)
    except OSError as error:
        raise LabError(f"cannot listen at {address[0]}:{address[1]} in {place}: {error}") from error
    stream.settimeout(0)
    datagrams.settimeout(0)
    return stream, datagrams


async def _accept(stream: socket.socket, tasks: set[asyncio.Task[None]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        connection, _ = await loop.sock_accept(stream)
        tasks.add(task := asyncio.create_task(_say_back(connection)))
        task.add_done_callback(tasks.discard)


async def _say_back(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with connection, suppress(OSError):  # the asker may go at any time
        while heard := await loop.sock_recv(connection, _CHUNK):
            await loop.sock_sendall(connection, heard)


async def _repeat(datagrams: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        with suppress(OSError):  # as above
            heard, asker = await loop.sock_recvfrom(datagrams, _CHUNK)
            await loop.sock_sendto(datagrams, heard, asker)
