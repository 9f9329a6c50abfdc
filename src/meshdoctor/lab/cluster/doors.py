"""Ports of this machine that lead into the sandbox, so that a browser outside sees the page.

A socket belongs to the network in which it was made, also in the hands of a process of another
one. So the listening sockets are made outside, handed in, and answered inside: nothing has to run
outside, and they are gone with the sandbox.
"""

import asyncio
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from meshdoctor.lab.background import running
from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.ports import Need, require_free
from meshdoctor.lab.settings import LabSettings

PAGE, PROMETHEUS, ALERTMANAGER = "page", "prometheus", "alertmanager"
_SETTINGS = {
    PAGE: "marketplace_port",
    PROMETHEUS: "prometheus_port",
    ALERTMANAGER: "alertmanager_port",
}
_CHUNK = 65536
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a door.

    Attributes:
        place: from where it is reached.
        address: of it.
        port: of it.
    """

    place: str
    address: str
    port: int


@contextmanager
def made(settings: LabSettings) -> Iterator[Mapping[str, socket.socket]]:
    """Have listening sockets, by name; outside of the sandbox.

    Raises:
        PortTaken: somebody listens there already; the text names the setting that moves it.
    """
    needs = {
        name: Need(settings.host, getattr(settings, setting), f"MESH_{setting.upper()}")
        for name, setting in _SETTINGS.items()
    }
    require_free(needs.values())
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                socket.create_server((need.host, need.port), backlog=_BACKLOG)
            )
            for name, need in needs.items()
        }


@contextmanager
def answered(doors: Mapping[int, Behind]) -> Iterator[None]:
    """Pass on what comes in, as long as the block lasts; inside of the sandbox.

    Args:
        doors: by the descriptor of the listening socket.
    """
    pairs = [(socket.socket(fileno=number), behind) for number, behind in doors.items()]
    with running(_all(pairs), "doors"):
        yield


async def _all(pairs: Iterable[tuple[socket.socket, Behind]]) -> None:
    with ExitStack() as stack:
        for listener, _ in pairs:
            stack.enter_context(listener)
            listener.settimeout(0)
        async with asyncio.TaskGroup() as group:
            for listener, behind in pairs:
                group.create_task(_accept(listener, behind, group))


async def _accept(listener: socket.socket, behind: Behind, group: asyncio.TaskGroup) -> None:
    loop = asyncio.get_running_loop()
    while True:
        connection, _ = await loop.sock_accept(listener)
        group.create_task(_pass_on(connection, behind))


async def _pass_on(connection: socket.socket, behind: Behind) -> None:
    loop = asyncio.get_running_loop()
    with within(behind.place):
        there = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with connection, there, suppress(OSError):  # either side may go at any time
        there.settimeout(0)
        await loop.sock_connect(there, (behind.address, behind.port))
        await asyncio.gather(_pour(connection, there), _pour(there, connection))


async def _pour(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    try:
        while heard := await loop.sock_recv(source, _CHUNK):
            await loop.sock_sendall(target, heard)
    finally:
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
