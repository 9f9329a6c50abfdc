"""A door in front of a Kubernetes API: TLS, a token, rights, and a note of who asked what.

It relays what it lets through, and can be shut, silenced and opened again at the same address.
"""

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from meshdoctor.agent.rights import Right
from meshdoctor.lab.authority import Authority, Leaf

TOKEN: Final = "a-token-of-the-agent"  # noqa: S105 - of these tests alone

_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(slots=True)
class Manners:
    """How the door treats who comes.

    Attributes:
        tokens: that it knows.
        rights: what it lets through; None lets everything through.
        silent: whether it takes connections and says nothing; what was asked meanwhile is lost.
        instead: answers a request itself; gives None where it does not.
    """

    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    rights: frozenset[Right] | None = None
    silent: bool = False
    instead: Callable[[str], tuple[int, bytes] | None] = lambda _: None


class Door:
    """A door. Use it as a context manager, as often as wanted: it keeps its address.

    Attributes:
        manners: to be changed at any time.
        asked: every right that was needed.
        paths: every method and target that was asked, in turn.
        address: `host:port`, once entered for the first time.
    """

    def __init__(self, api: str, leaf: Leaf, folder: Path, host: str = "127.0.0.1") -> None:
        self.manners = Manners()
        self.asked: set[Right] = set()
        self.paths: list[str] = []
        self.address = f"{host}:0"
        self.upstream = urlsplit(api).netloc
        self.tls = _context(leaf, folder)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        host, _, port = self.address.rpartition(":")
        self._server = _Server((host, int(port)), self)
        self.address = f"{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def shut(self) -> None:
        """Stop listening, and break what is open."""
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


@contextmanager
def door_to(api: str, folder: Path, *names: str, host: str = "127.0.0.1") -> Iterator[Door]:
    """Open a door, with a service account for it in `folder / "account"`.

    Args:
        api: URL of the API behind it, in plain HTTP.
        folder: for keys and the account.
        names: in its certificate, beside its own address.
        host: where it listens.
    """
    authority = Authority()
    write_account(folder / "account", authority)
    with Door(api, authority.leaf(host, *names), folder, host) as door:
        yield door


def write_account(folder: Path, authority: Authority, token: str = TOKEN) -> None:
    """Write what the kubelet mounts into a Pod."""
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(authority.certificate)


def right(method: str, target: str) -> Right:
    """Say what right a request needs, as a Kubernetes API finds it out."""
    address = urlsplit(target)
    query = parse_qs(address.query)
    match address.path.strip("/").split("/"):
        case ["api", _, *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case _:
            return Right("", "", address.path, method)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    named = dict(
        one.split("=", 1) for one in query.get("fieldSelector", [""])[0].split(",") if "=" in one
    )
    name = named.get("metadata.name", "") if namespace == "default" else ""
    reads = "watch" if "watch" in query else "get" if len(rest) > 1 else "list"
    return Right(namespace, group, rest[0], _VERBS.get(method, reads), name)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 32

    def __init__(self, address: tuple[str, int], door: Door) -> None:
        self.door = door
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        plain, client = super().get_request()
        self._open.add(plain)
        return plain, client

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        with self.door.tls.wrap_socket(request, server_side=True) as connection:
            self._open.add(connection)
            _Handler(connection, client_address, self)
            self._open.discard(connection)

    def server_close(self) -> None:
        super().server_close()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went, or that do not trust us."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._treat()

    def do_POST(self) -> None:
        self._treat()

    def do_PATCH(self) -> None:
        self._treat()

    def log_message(self, *_: object) -> None:
        """Say nothing: the door notes."""

    def _treat(self) -> None:
        door, manners = self.server.door, self.server.door.manners
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        needed = right(self.command, self.path)
        door.asked.add(needed)
        door.paths.append(f"{self.command} {self.path}")
        if self._silenced():
            self.close_connection = True
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in manners.tokens:
            self._send(401, _status(401, "Unauthorized"))
        elif manners.rights is not None and needed not in manners.rights:
            words = f"{needed.resource} is forbidden: cannot {needed.verb} in {needed.namespace!r}"
            self._send(403, _status(403, words))
        elif answer := manners.instead(self.path):
            self._send(*answer)
        else:
            self._relay(body)

    def _silenced(self) -> bool:
        held = False
        while self.server.door.manners.silent:
            held = True
            time.sleep(0.05)
        return held

    def _relay(self, body: bytes) -> None:
        behind = http.client.HTTPConnection(self.server.door.upstream, timeout=5)
        kept = {key: self.headers[key] for key in ("Content-Type", "Accept") if key in self.headers}
        try:
            behind.request(self.command, self.path, body or None, kept)
            answer = behind.getresponse()
            self._send(answer.status, answer.read())
        finally:
            behind.close()

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _status(code: int, words: str) -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return json.dumps({**status, "message": words}).encode()


def _context(leaf: Leaf, folder: Path) -> ssl.SSLContext:
    (folder / "tls.crt").write_bytes(leaf.certificate)
    (folder / "tls.key").write_bytes(leaf.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return context
