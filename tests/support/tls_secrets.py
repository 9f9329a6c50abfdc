"""Mounted Secrets of both sides of a mesh, and servers and clients that use them."""

import json
from pathlib import Path
from typing import Any, Final

from meshdoctor.lab.authority import CLIENT, SERVER, Authority, Leaf, Mounted
from meshdoctor.mesh import ClientTls, ServerTls, Target, TlsFiles
from meshdoctor.telemetry.logs import make_logger
from tests.support.mesh_client import PATIENT, Client
from tests.support.mesh_echo import EchoServer

BACKEND: Final = "recommendations.bookstore.svc.cluster.local"
SHOP: Final = "marketplace.bookstore.svc.cluster.local"


class Lines:
    """A log that can be read again."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self.logger = make_logger("test", "info", self)

    def write(self, line: bytes, /) -> object:
        """Take a line."""
        self._written.append(line)
        return len(line)

    def flush(self) -> object:
        """Do nothing."""
        return None

    def events(self) -> list[str]:
        """Return the events in order."""
        return [line["event"] for line in self.all()]

    def all(self) -> list[dict[str, Any]]:
        """Return the lines as objects."""
        return [json.loads(line) for line in self._written if line.strip()]


class Secret(Mounted):
    """A Secret of cert-manager as a Pod sees it."""

    def __init__(self, path: Path, leaf: Leaf) -> None:
        super().__init__(path, leaf.files())

    @property
    def tls_files(self) -> TlsFiles:
        """Where its files are."""
        return TlsFiles(self.path / "tls.crt", self.path / "tls.key", self.path / "ca.crt")


def backend_leaf(authority: Authority, *names: str, seconds: float = 3600.0) -> Leaf:
    """Issue what a backend shows: its name in the cluster, and others, such as its address."""
    return authority.leaf(BACKEND, *names, usages=(SERVER,), seconds=seconds)


def shop_leaf(authority: Authority, seconds: float = 3600.0) -> Leaf:
    """Issue what the shop shows."""
    return authority.leaf(SHOP, usages=(CLIENT,), seconds=seconds)


def server_tls(secret: Secret, lines: Lines | None = None) -> ServerTls:
    """Make a server's TLS."""
    return ServerTls(secret.tls_files, lines.logger if lines else None)


def client(server: EchoServer, secret: Secret, lines: Lines | None = None) -> Client:
    """Make a client of a server, which it knows by its address."""
    tls = ClientTls(secret.tls_files, lines.logger if lines else None)
    return Client(Target(server.host, server.port), policy=PATIENT, tls=tls)
