"""The local view over HTTP: GET and HEAD on loopback, for the person at this machine."""

import threading
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final

from meshdoctor.lab.boards.site import Page, Site
from meshdoctor.lab.httpserver import Handler, HttpServer

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


class BoardServer(HttpServer):
    """Serves a `Site`. Use it as a context manager.

    Args:
        host: a loopback address.
        port: 0 for any free one.
        site: what is served.
    """

    def __init__(self, host: str, port: int, site: Site) -> None:
        # Drawing holds the interpreter, which the receivers of traces and pages need too.
        drawing = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__((host, port), partial(_Handler, site, drawing), "show dashboards")


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


class _Handler(Handler):
    """Shows one page."""

    def __init__(self, site: Site, drawing: threading.Semaphore, *connection: Any) -> None:  # noqa: ANN401 - socketserver's
        self._site = site
        self._drawing = drawing
        super().__init__(*connection)

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        """Answer with a page."""
        if not local(self.headers.get("Host", "")):
            return self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "ask for localhost")
        if not self._drawing.acquire(timeout=_WAIT_SECONDS):
            return self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages at once; ask again")
        try:
            page = self._site.page(self.path)
        finally:
            self._drawing.release()
        return self._send(page)

    def do_HEAD(self) -> None:  # noqa: N802 - http.server's name
        """Answer like GET, without the body."""
        self.do_GET()

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._send(Page(status, f"<!doctype html><title>{status.phrase}</title>{text}\n", ""))

    def _send(self, page: Page) -> None:
        policy = page.policy or "default-src 'none'"
        policy = f"{policy}; form-action 'none'; frame-ancestors 'none'"
        headers = {**_HEADERS, "Content-Security-Policy": policy}
        self.answer(HTTPStatus(page.status), headers, page.html.encode())
