"""A guard in front of a Kubernetes API: it lets through whom Roles let, and notes who asked what.

What it lets through it sends on to the API itself, by a redirect; clients of Kubernetes follow.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

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
            else:
                self.send_response(307)
                self.send_header("Location", f"{api}{self.path}")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def _refuse(self, code: int, reason: str) -> None:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
            body = json.dumps({**status, "reason": reason, "message": reason}).encode()
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
    """Read what a request wants; of the core API, which is all that is asked here."""
    address = urlsplit(path)
    match address.path.split("/")[3:]:
        case ["namespaces", namespace, resource, *name]:
            pass
        case [resource, *name]:
            namespace = ""
    watches = parse_qs(address.query).get("watch", ["0"])[0] in {"1", "true"}
    return Right(namespace, resource, "watch" if watches else "get" if name else "list")
