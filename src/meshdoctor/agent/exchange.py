"""One HTTP request and its answer, over a socket that is there, by a deadline for all of it.

Time limits of sockets count anew with each byte: whoever sends a byte a second holds a reader for
as long as he likes. Here the answer is whole by the deadline, or there is none.
"""

import io
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, cast

_PIECE: Final = 64 * 1024


class ExchangeError(Exception):
    """There is no answer, or it is no HTTP; the message says what there is instead."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Attributes:
        method: of HTTP.
        target: path and query.
        host: for the header of that name.
        headers: all others but the length.
        body: to send.
    """

    method: str
    target: str
    host: str
    headers: Mapping[str, str]
    body: bytes = b""

    def encoded(self) -> bytes:
        """Write it as HTTP/1.1 wants it (RFC 9112, 3).

        Raises:
            ExchangeError: a header or the target would begin a line of its own.
        """
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        if any(not line.isprintable() for line in lines):
            raise ExchangeError("the request has a character that no header may have")
        return "\r\n".join((*lines, "", "")).encode() + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    Attributes:
        status: of HTTP.
        headers: as they came.
        body: all of it.
    """

    status: int
    headers: Message
    body: bytes


def exchange(connection: socket.socket, request: Request, deadline: float, longest: int) -> Answer:
    """Send a request and read its answer.

    Args:
        connection: to whom is asked; it stays open whatever happens.
        request: what is asked.
        deadline: when it must be over, by the monotonic clock.
        longest: how many bytes may come, headers included.

    Raises:
        ExchangeError: late, too long, broken off, or no HTTP.
    """
    try:
        connection.settimeout(_left(deadline))
        connection.sendall(request.encoded())
        return _read(io.BufferedReader(_Until(connection, deadline, longest), _PIECE))
    except TimeoutError as error:
        raise ExchangeError("no answer in time") from error
    except OSError as error:
        raise ExchangeError(f"it broke off: {error.strerror or error}") from error


def answer_in(text: bytes) -> Answer:
    """Read an answer that came whole.

    Args:
        text: of a GET, everything up to the end of the connection.

    Raises:
        ExchangeError: it is no HTTP, or not whole.
    """
    return _read(io.BytesIO(text))


def _read(source: io.BufferedIOBase) -> Answer:
    """Let the standard library read it, which asks a socket for one thing: a file of it."""
    try:
        with HTTPResponse(cast("socket.socket", _Source(source))) as response:
            response.begin()
            body = _body(response)
            return Answer(response.status, response.headers, body)
    except HTTPException as error:
        raise ExchangeError(f"no HTTP: {type(error).__name__}") from error
    except ValueError as error:  # a number that is none
        raise ExchangeError("no HTTP: a length that is none") from error


def _body(response: HTTPResponse) -> bytes:
    """Read in pieces: a whole read would make room for whatever length was promised."""
    pieces = bytearray()
    while piece := response.read(_PIECE):
        pieces += piece
    if response.length:  # still to come; a read of a piece does not say so
        raise ExchangeError("it broke off: the answer is not whole")
    return bytes(pieces)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@dataclass(frozen=True, slots=True)
class _Source:
    file: io.BufferedIOBase

    def makefile(self, *_: object) -> io.BufferedIOBase:
        return self.file


class _Until(io.RawIOBase):
    """Reads so many bytes of a socket until a deadline, and leaves it open."""

    def __init__(self, connection: socket.socket, deadline: float, longest: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._longest = longest
        self._left = longest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - Buffer has a name since 3.12 only
        self._connection.settimeout(_left(self._deadline))
        came = self._connection.recv_into(buffer)
        self._left -= came
        if self._left < 0:
            raise ExchangeError(f"the answer is longer than {self._longest} bytes")
        return came
