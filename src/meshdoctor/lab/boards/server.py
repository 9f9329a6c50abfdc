"""The local view over HTTP: GET and HEAD on loopback, for the person at this machine."""

import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Final, Self

from meshdoctor.lab.boards.site import Page, Site
from meshdoctor.lab.errors import LabError

_IDLE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05
_AT_ONCE: Final = 4
_WAIT_SECONDS: Final = 2.0

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Type": "text/html; charset=utf-8",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class BoardServer:
    """Serves a `Site`. Use it as a context manager; nothing of it outlives the `with` block.

    Args:
        host: a loopback address.
        port: 0 for any free one.
        site: what is served.
    """

    def __init__(self, host: str, port: int, site: Site) -> None:
        self._address = (host, port)
        self._site = site
        self._server: _Server | None = None
        self.url = ""

    def __enter__(self) -> Self:
        host, port = self._address
        try:
            self._server = _Server(self._address, self._site)
        except OSError as error:
            raise LabError(f"cannot show dashboards on {host}:{port}: {error.strerror}") from error
        self.url = f"http://{host}:{self._server.server_address[1]}/"
        threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="boards"
        ).start()
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


def local(host: str) -> bool:
    """Whether a Host header names this machine.

    A page of somebody else's name that leads here (DNS rebinding) would make a visitor's browser
    read ours for it; its Host header still has that name.

    Args:
        host: as sent, with or without a port. Any port is fine: one may be forwarded.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


class _Server(ThreadingTCPServer):
    """A thread a connection; `http.server.HTTPServer` would look its own name up in DNS."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], site: Site) -> None:
        self.site = site
        # Drawing holds the interpreter, which the receivers of traces and pages need too.
        self.drawing = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a client that hung up; print anything else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """One page, then the connection ends."""

    server: _Server
    server_version, sys_version = "meshdoctor", ""
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        """Answer with a page."""
        if not local(self.headers.get("Host", "")):
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "ask for localhost")
        if not self.server.drawing.acquire(timeout=_WAIT_SECONDS):
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages at once; ask again")
        try:
            page = self.server.site.page(self.path)
        finally:
            self.server.drawing.release()
        return self._send(page)

    def do_HEAD(self) -> None:
        """Answer like GET, without the body."""
        self.do_GET()

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._send(Page(status, f"<!doctype html><title>{status.phrase}</title>{text}\n", ""))

    def _send(self, page: Page) -> None:
        body = page.html.encode()
        policy = page.policy or "default-src 'none'"
        with suppress(OSError):  # whoever hung up wants no answer
            self.send_response_only(page.status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header(
                "Content-Security-Policy",
                f"{policy}; form-action 'none'; frame-ancestors 'none'",
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal, where the run speaks."""
