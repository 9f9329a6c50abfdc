"""Servers that answer an agent in every way there is, each on an address of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import grpc
from grpc_health.v1 import health, health_pb2_grpc

from tests.support.mesh_net import addresses, free_port

Talk = Callable[[socket.socket], object]
"""What a server does with a connection; it is closed afterwards."""


@contextmanager
def listening(talk: Talk, port: int = 0) -> Iterator[str]:
    """Have a TCP server for a while; give its address."""
    (host,) = addresses(1)
    with socket.create_server((host, port)) as server, ExitStack() as closing:
        thread = threading.Thread(target=_accept, args=(server, talk, closing))
        thread.start()
        try:
            yield "{}:{}".format(*server.getsockname())
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(server: socket.socket, talk: Talk, closing: ExitStack) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with suppress(OSError):
            if talk(connection) is not HOLD:
                connection.close()
                continue
        closing.callback(connection.close)


HOLD = object()
"""What a `Talk` gives back whose connection stays open."""


def silent(_connection: socket.socket) -> object:
    """Accept, and say nothing."""
    return HOLD


def lost(connection: socket.socket) -> object:
    """Read a little and break the connection off."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    return None


def saying(words: bytes) -> Talk:
    """Read a little, say something and hang up when the other side does."""

    def talk(connection: socket.socket) -> object:
        connection.recv(4096)
        connection.sendall(words)
        connection.settimeout(1)
        while connection.recv(4096):
            pass
        return None

    return talk


def small_alone(connection: socket.socket) -> object:
    """Say back a few bytes, and nothing that is longer: a hole in the MTU, seen from afar."""
    connection.sendall(connection.recv(64))
    return HOLD


@contextmanager
def full() -> Iterator[str]:
    """Have an address whose kernel drops every SYN: nobody accepts and its queue is full."""
    (host,) = addresses(1)
    with socket.socket() as server, ExitStack() as waiting:
        server.bind((host, 0))
        server.listen(0)
        for _ in range(2):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)  # noqa: FBT003 - the standard library's signature
            one.connect_ex(server.getsockname())
        yield "{}:{}".format(*server.getsockname())


def nobody() -> str:
    """Give an address at which nobody listens."""
    (host,) = addresses(1)
    return f"{host}:{free_port(host)}"


@contextmanager
def deaf_datagrams(reply: bytes | None = None) -> Iterator[str]:
    """Have a UDP socket that nobody reads; or one that answers everything with the same bytes."""
    (host,) = addresses(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((host, 0))
        server.settimeout(0.05)
        ending = threading.Event()

        def answer() -> None:
            while reply is not None and not ending.is_set():
                with suppress(TimeoutError):
                    server.sendto(reply, server.recvfrom(4096)[1])

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield "{}:{}".format(*server.getsockname())
        finally:
            ending.set()
            thread.join()


@contextmanager
def grpc_server(
    state: int | None = None,
    credentials: grpc.ServerCredentials | None = None,
) -> Iterator[str]:
    """Have a gRPC server that tells its health; without a state it does not."""
    (host,) = addresses(1)
    server = grpc.server(ThreadPoolExecutor(1))
    if state is not None:
        servicer = health.HealthServicer()
        servicer.set("", state)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if credentials is None:
        port = server.add_insecure_port(f"{host}:0")
    else:
        port = server.add_secure_port(f"{host}:0", credentials)
    server.start()
    try:
        yield f"{host}:{port}"
    finally:
        server.stop(None).wait()
