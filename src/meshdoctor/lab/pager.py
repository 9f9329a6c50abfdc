"""The lab's pager: takes what Alertmanager sends, and keeps the newest of it.

A server in the lab's own process, like the receiver of traces. It rings nobody.
"""

import threading
import time
from collections import deque
from functools import partial
from http import HTTPStatus
from typing import Any

from meshdoctor.lab.httpserver import Handler, HttpServer
from meshdoctor.lab.webhook import Notification, parse

MAX_NOTIFICATIONS = 500
MAX_BODY_BYTES = 256 * 1024
_LONGEST_NUMBER = 9


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


class PagerServer(HttpServer):
    """An HTTP server around a `Pager`. Use it as a context manager.

    A good message is answered 200, anything else 4xx with a line that says why.
    """

    def __init__(self, host: str, port: int, pager: Pager | None = None) -> None:
        self.pager = pager or Pager()
        super().__init__((host, port), partial(_Handler, self.pager), "take pages")


class _Handler(Handler):
    """Takes one message."""

    def __init__(self, pager: Pager, *connection: Any) -> None:  # noqa: ANN401 - socketserver's
        self._pager = pager
        super().__init__(*connection)

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        """Take a message."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return self._say(HTTPStatus.LENGTH_REQUIRED, "say how long the message is")
        if len(length) > _LONGEST_NUMBER or int(length) > MAX_BODY_BYTES:
            most = f"a message may have {MAX_BODY_BYTES} bytes"
            return self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, most)
        try:
            self._pager.add(parse(self.rfile.read(int(length)), time.time()))
        except ValueError as error:
            return self._say(HTTPStatus.BAD_REQUEST, str(error))
        return self._say(HTTPStatus.OK, "taken")

    def _say(self, status: HTTPStatus, text: str) -> None:
        self.answer(status, {"Content-Type": "text/plain; charset=utf-8"}, f"{text}\n".encode())
