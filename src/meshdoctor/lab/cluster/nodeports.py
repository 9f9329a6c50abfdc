"""Whoever listens on the nodes themselves: kubelets, and kube-proxies that say how they are.

Agents ask both, to learn whether packets pass from node to node. A kubelet of the lab accepts and
hangs up; a kube-proxy answers every question with 200, as its health page does.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from meshdoctor.agent.edges import KUBELET_PORT, PROXY_PORT
from meshdoctor.lab.background import running
from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.net.topology import Node

_BACKLOG = 128
_PATIENCE_SECONDS = 2.0
_WELL = b'{"lastUpdated": "", "currentTime": ""}'
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_WELL), _WELL)
)


_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def listening(nodes: Iterable[Node]) -> Iterator[None]:
    """Listen on every node as long as the block lasts."""
    sockets = [
        (_socket(node, port), answer)
        for node in nodes
        for port, answer in ((KUBELET_PORT, b""), (PROXY_PORT, _ANSWER))
    ]
    with running(_serve(sockets), "nodes"):
        yield


def _socket(node: Node, port: int) -> socket.socket:
    with within(node.name):
        return socket.create_server((node.address, port), backlog=_BACKLOG)


async def _serve(sockets: list[tuple[socket.socket, bytes]]) -> None:
    servers = [
        await asyncio.start_server(_saying(answer), sock=listener) for listener, answer in sockets
    ]
    try:
        await asyncio.gather(*(each.serve_forever() for each in servers))
    finally:
        for each in servers:
            each.close()


def _saying(answer: bytes) -> _Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):  # whoever asks may go at any time
            if answer:
                await asyncio.wait_for(reader.read(4096), _PATIENCE_SECONDS)
                writer.write(answer)
                await writer.drain()
        writer.close()

    return serve
