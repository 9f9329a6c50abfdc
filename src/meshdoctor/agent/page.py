"""The agent's page: `/metrics` for Prometheus, `/healthz` for the kubelet, `/report` for people.

It is served between the probes by the very loop that runs them, so an agent that hangs has no page
and is not taken for a healthy one. A handful of visitors at once, each with so many bytes and so
much time.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from meshdoctor.agent.visitors import Visitors

AT_ONCE: Final = 32
"""Visitors; who comes when there are as many is sent away."""

LONGEST_SECONDS: Final = 3.0
"""That a visitor may take to ask and to be told."""

_LONGEST_REQUEST: Final = 8 * 1024
_TEXT: Final = "text/plain; charset=utf-8"
_ASKED: Final = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.[01]\r\n")
_ACCEPT: Final = re.compile(rb"\r\naccept:([ -~]*)", re.IGNORECASE)

Answer = tuple[HTTPStatus, str, bytes]
"""Status, content type, body."""

Room = Callable[[str], Answer]
"""Answers a request with this header `Accept`."""


class Page:
    """Serves rooms over HTTP.

    Args:
        rooms: by path.
        host: an IP address.
        port: 0 for any that is free.
    """

    def __init__(self, rooms: Mapping[str, Room], host: str, port: int) -> None:
        self._rooms = rooms
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._visitors = Visitors(AT_ONCE, LONGEST_SECONDS)

    @property
    def port(self) -> int:
        """The port in use."""
        return self._port

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(
            self._serve, self._host, self._port, limit=_LONGEST_REQUEST
        )
        self._port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Stop, and give the port back."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._visitors.receive(writer, lambda: self._talk(reader, writer))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        writer.write(_response(*self._answer(request)))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def _answer(self, request: bytes) -> Answer:
        asked = _ASKED.match(request)
        if asked is None:
            return HTTPStatus.BAD_REQUEST, _TEXT, b"This speaks HTTP/1.1.\n"
        if asked[1] != b"GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"There is only GET.\n"
        room = self._rooms.get(asked[2].partition(b"?")[0].decode("ascii"))
        if room is None:
            paths = ", ".join(self._rooms)
            return HTTPStatus.NOT_FOUND, _TEXT, f"There is {paths}.\n".encode()
        accept = _ACCEPT.search(request)
        return room(accept[1].decode("ascii") if accept else "")


def _response(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
