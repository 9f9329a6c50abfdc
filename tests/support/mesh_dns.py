"""A DNS server in this process, on real sockets, that answers as a test tells it."""

import socketserver
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

import dns.name

from meshdoctor.lab.dnsanswers import Responder, parse_behaviour
from meshdoctor.lab.dnsserver import TcpServer, UdpServer
from tests.support.mesh_net import addresses as some_addresses
from tests.support.mesh_net import free_port

NAME = "echo.test.svc.cluster.local."

Respond = Callable[[bytes], bytes | None]


class DnsServer:
    """UDP and TCP on one free port.

    Attributes:
        host: an address that no other server of a test has.
        port: that port.
        queries: how many packets came.
        addresses: the A records of the one name; changed while it runs.
        behaviour: a word of `meshdoctor.lab.dnsanswers.BEHAVIOURS`; changed while it runs.

    Args:
        addresses: see above.
        name: the name that it knows.
        behaviour: see above.
        respond: answers in place of all that.
    """

    def __init__(
        self,
        *addresses: str,
        name: str = NAME,
        behaviour: str = "answer",
        respond: Respond | None = None,
    ) -> None:
        self._name = dns.name.from_text(name)
        self.addresses = addresses
        self.behaviour = behaviour
        self.queries = 0
        self._respond = respond or self._as_told
        (self.host,) = some_addresses(1)
        self.port = free_port(self.host)
        self._closing = ExitStack()
        for kind in (UdpServer, TcpServer):
            self._serve(kind((self.host, self.port), self._count))

    @property
    def servers(self) -> tuple[tuple[str, int], ...]:
        """What a `Resolver` takes."""
        return ((self.host, self.port),)

    def close(self) -> None:
        """Give the port back."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _serve(self, server: socketserver.BaseServer) -> None:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        self._closing.callback(thread.join)
        self._closing.callback(server.server_close)
        self._closing.callback(server.shutdown)

    def _count(self, packet: bytes) -> bytes | None:
        self.queries += 1
        return self._respond(packet)

    def _as_told(self, packet: bytes) -> bytes | None:
        records = {self._name: self.addresses}
        return Responder(records, lambda: parse_behaviour(self.behaviour)).respond(packet)
