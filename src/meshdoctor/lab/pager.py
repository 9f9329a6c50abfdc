"""The lab's pager: takes what Alertmanager sends, and keeps the newest of it.

A server in the lab's own process, like the receiver of traces. It rings nobody.
"""

import sys
import threading
import time
from collections import deque
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Self

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.webhook import Notification, parse

MAX_NOTIFICATIONS = 500
MAX_BODY_BYTES = 256 * 1024
_IDLE_SECONDS = 5.0
_LONGEST_NUMBER = 9
_POLL_SECONDS = 0.05


class Pager:
    """Keeps the newest `limit` notifications."""

    def __init__(self, limit: int = MAX_NOTIFICATIONS) -> None:
        self._kept: deque[Notification] = deque(maxlen=limit)
        self._lock = threading.Lock()

    def add(self, notification: Notification) -> None:
        """Take one; the oldest beyond the limit is forgotten."""
        with self._lock:
            self._kept.append(notification)

    @property
    def notifications(self) -> tuple[Notification, ...]:
        """What is kept, the oldest first."""
        with self._lock:
            return tuple(self._kept)


class PagerServer:
    """An HTTP server around a `Pager`. Use it as a context manager.

    A good message is answered 200, anything else 4xx with a line that says why.
    """

    def __init__(self, host: str, port: int, pager: Pager | None = None) -> None:
        self.pager = pager or Pager()
        self.url = ""
        self._address = (host, port)
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        host, port = self._address
        try:
            self._server = _Server(self._address, self.pager)
        except OSError as error:
            raise LabError(f"cannot take pages on {host}:{port}: {error.strerror}") from error
        self.url = f"http://{host}:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,)).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingTCPServer):
    """A thread a connection; `http.server.HTTPServer` would look its own name up in DNS."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], pager: Pager) -> None:
        self.pager = pager
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a client that hung up; print anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """One message, then the connection ends."""

    server: _Server
    timeout = _IDLE_SECONDS

    def do_POST(self) -> None:
        """Take a message."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return self._answer(HTTPStatus.LENGTH_REQUIRED, "say how long the message is")
        if len(length) > _LONGEST_NUMBER or int(length) > MAX_BODY_BYTES:
            most = f"a message may have {MAX_BODY_BYTES} bytes"
            return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, most)
        try:
            self.server.pager.add(parse(self.rfile.read(int(length)), time.time()))
        except ValueError as error:
            return self._answer(HTTPStatus.BAD_REQUEST, str(error))
        return self._answer(HTTPStatus.OK, "taken")

    def _answer(self, status: HTTPStatus, text: str) -> None:
        body = f"{text}\n".encode()
        with suppress(ConnectionError):  # whoever hung up wants no answer
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal, where the run speaks."""
