"""A guard in front of a Kubernetes API: it lets through whom Roles let, and notes who asked what.

A watch that it lets through it sends on to the API itself, by a redirect, which clients that watch
follow. Everything else it fetches there, so it stands in front of clients that follow none, too.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import urllib3

from tests.support.rights import Right

TOKEN = "a-token-of-the-service-account"  # noqa: S105 - of this test alone


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard that stands.

    Attributes:
        url: where it stands.
        asked: what was asked of it, allowed or not.
    """

    url: str
    asked: set[Right]


@contextmanager
def guarded(api: str, rights: set[Right]) -> Iterator[Guard]:
    """Stand in front of `api` and let through what is in `rights`, to whoever has the token."""
    asked: set[Right] = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            right = _right(self.path)
            asked.add(right)
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._refuse(401, "Unauthorized")
            elif right not in rights:
                self._refuse(403, "Forbidden")
            elif right.verb == "watch":
                self.send_response(307)
                self.send_header("Location", f"{api}{self.path}")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                found = urllib3.request("GET", f"{api}{self.path}", retries=False)
                self._send(found.status, found.data)

        def _refuse(self, code: int, reason: str) -> None:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
            self._send(code, json.dumps({**status, "reason": reason, "message": reason}).encode())

        def _send(self, code: int, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name there
            """Say nothing: `asked` tells."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield Guard(f"http://127.0.0.1:{server.server_address[1]}", asked)
        finally:
            server.shutdown()
            thread.join()


def _right(path: str) -> Right:
    """Read what a request wants: `/api/VERSION/...` or `/apis/GROUP/VERSION/...`."""
    address = urlsplit(path)
    match address.path.split("/")[3 if path.startswith("/api/") else 4 :]:
        case ["namespaces", namespace, resource, *name]:
            pass
        case [resource, *name]:
            namespace = ""
    if len(name) == len(("name", "subresource")):
        resource = f"{resource}/{name[1]}"
    watches = parse_qs(address.query).get("watch", ["0"])[0] in {"1", "true"}
    return Right(namespace, resource, "watch" if watches else "get" if name else "list")
