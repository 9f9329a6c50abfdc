"""Servers that are no registry: what they send is written down, byte for byte."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

Answer = Callable[[socket.socket, bytes], None]
"""What to do with a connection and the request that came."""

_LOOK_SECONDS: Final = 0.1
_DRIPS: Final = 400


@contextmanager
def strange_server(answer: Answer) -> Iterator[str]:
    """Run a server; gives its address `127.0.0.1:PORT`."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(_LOOK_SECONDS)
        serving = threading.Thread(target=_serve, args=(server, answer, done))
        serving.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            serving.join()


def _serve(server: socket.socket, answer: Answer, done: threading.Event) -> None:
    guests: list[threading.Thread] = []
    while not done.is_set():
        with suppress(TimeoutError):
            connection, _address = server.accept()
            guest = threading.Thread(target=_attend, args=(connection, answer))
            guest.start()
            guests.append(guest)
    for guest in guests:
        guest.join()


def _attend(connection: socket.socket, answer: Answer) -> None:
    with connection, suppress(OSError):
        connection.settimeout(10.0)
        answer(connection, connection.recv(65536))


def says(text: bytes) -> Answer:
    """Send this and hang up."""
    return lambda connection, _request: connection.sendall(text)


def http(status: str, body: bytes = b"", *headers: str) -> Answer:
    """Send one answer of HTTP."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return says("\r\n".join((*lines, "", "")).encode() + body)


def silent(connection: socket.socket, _request: bytes) -> None:
    """Take the request and say nothing until the other side hangs up."""
    connection.recv(1)


def drips(connection: socket.socket, _request: bytes) -> None:
    """Send a byte now and then: no wait for the next byte is ever long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(_DRIPS):
        connection.sendall(b".")
        time.sleep(0.05)
