"""A small HTTP server in the lab's own process: for the pager, and for the local view."""

import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Any, Final, Self

from meshdoctor.lab.errors import LabError

_IDLE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05


class HttpServer:
    """Serves on loopback. Use it as a context manager; nothing of it outlives the `with` block.

    Args:
        address: host and port; port 0 takes any free one.
        handler: makes the handler of a connection, as `socketserver` calls it.
        purpose: what it is there for, to complete "cannot ... on HOST:PORT".

    Attributes:
        url: where it listens, once entered.
    """

    def __init__(
        self,
        address: tuple[str, int],
        handler: Callable[..., BaseHTTPRequestHandler],
        purpose: str,
    ) -> None:
        self.url = ""
        self._address = address
        self._handler = handler
        self._purpose = purpose
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        host, port = self._address
        try:
            self._server = _Server(self._address, self._handler)
        except OSError as error:
            message = f"cannot {self._purpose} on {host}:{port}: {error.strerror}"
            raise LabError(message) from error
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


class Handler(BaseHTTPRequestHandler):
    """One answer, then the connection ends."""

    server_version, sys_version = "meshdoctor", ""
    timeout = _IDLE_SECONDS

    def answer(self, status: HTTPStatus, headers: Mapping[str, str], body: bytes) -> None:
        """Send an answer, its body only to those who want one."""
        with suppress(OSError):  # whoever hung up wants none
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal, where the run speaks."""


class _Server(ThreadingTCPServer):
    """A thread a connection; `http.server.HTTPServer` would look its own name up in DNS."""

    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Pass over a client that hung up; print anything else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
