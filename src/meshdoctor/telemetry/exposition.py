"""The metrics page, on a port of its own, cheap under a storm of scrapers.

Rendering holds the interpreter; 20 scrapers at once took a gRPC p50 from 2.5 to 299 ms. So one
rendered page serves everyone for a second, and one thread at a time renders. Answering costs, too:
with that alone, 20 scrapers that asked again at once took 72 % of a core; since they wait for their
turn they take 6 %.
"""

import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

_FRESH_SECONDS: Final = 1.0
_SOCKET_SECONDS: Final = 5.0
_TURN_SECONDS: Final = 0.02
_LONGEST_WAIT_SECONDS: Final = 2.0
_TEXT: Final = "text/plain; charset=utf-8"
_OPENMETRICS: Final = "application/openmetrics-text"

_Encoder = Callable[[CollectorRegistry], bytes]


class CachedPage:
    """The exposition of a registry, at most one second old, in two formats.

    A scraper may ask for any version and any escaping of a format, and each is a format of its own
    to prometheus-client. All names here are plain ones, which read the same in every version and
    escaping, so one page serves all of them: whoever varies the words gets the page in hand.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._pages: dict[str, tuple[float, bytes]] = {}

    def render(self, accept: str) -> tuple[str, bytes]:
        """Return content type and body for an Accept header (OpenMetrics carries exemplars)."""
        encoder, content_type = choose_encoder(_OPENMETRICS if _OPENMETRICS in accept else "")
        with self._lock:
            at, body = self._pages.get(content_type, (float("-inf"), b""))
            if time.monotonic() - at > _FRESH_SECONDS:
                body = encoder(self._registry)
                self._pages[content_type] = (time.monotonic(), body)
        return content_type, body


class Turns:
    """Answers one after the other, so many seconds apart. Who comes alone never waits.

    Args:
        apart: seconds between two answers.
        longest: who would wait longer than these seconds is sent away: a scraper gives up by
            itself some time, and others would queue behind answers that nobody waits for.
    """

    def __init__(
        self, apart: float = _TURN_SECONDS, longest: float = _LONGEST_WAIT_SECONDS
    ) -> None:
        self._apart = apart
        self._longest = longest
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> bool:
        """Wait for a turn; False, at once, when there are too many before."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            if turn - now > self._longest:
                return False
            self._next = turn + self._apart
        time.sleep(turn - now)
        return True


class MetricsServer:
    """Serves `/metrics` from a daemon thread until closed.

    Args:
        registry: what to show.
        host: address to listen on.
        port: port to listen on, 0 for any free one.

    Raises:
        OSError: the port is taken or may not be used.
    """

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        self._server = _Server((host, port), _handler(CachedPage(registry)))
        threading.Thread(
            target=self._server.serve_forever,
            name="metrics",
            kwargs={"poll_interval": 0.2},
            daemon=True,
        ).start()

    @property
    def port(self) -> int:
        """The port in use."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening and give the port back."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32

    def server_bind(self) -> None:
        # HTTPServer looks up its own name here, and DNS may be just what is broken.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's
        """Stay silent about a scraper that hangs up; a page that cannot be made is news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _handler(page: CachedPage) -> type[BaseHTTPRequestHandler]:
    turns = Turns()

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "metrics", ""
        timeout = _SOCKET_SECONDS  # a scraper that sends nothing holds a thread this long at most

        def do_GET(self) -> None:
            if not turns.wait():
                self._answer(503, _TEXT, b"Too many scrapers are waiting for this page.\n")
            elif self.path.partition("?")[0] != "/metrics":
                self._answer(404, _TEXT, b"The metrics are at /metrics.\n")
            else:
                self._answer(200, *page.render(self.headers.get("Accept", "")))

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Scrapes are no news."""

    return Handler
