"""A stand-in for Prometheus: a real HTTP server with answers made up for the tests.

The real one answers in tests/integration/test_boards.py; this one can be slow, or wrong.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from meshdoctor.lab.promquery import Prometheus


@dataclass(slots=True)
class Answers:
    """What it says.

    Attributes:
        series: by expression: labels and the value at every moment.
        exemplars: of every expression: trace id and value.
        alerts: what /api/v1/alerts lists.
        seconds: how long each answer takes.
        asked: what it was asked, as (path, parameters).
    """

    series: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)
    exemplars: list[tuple[str, float]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def say(self, path: str, query: Mapping[str, str]) -> object:
        """Return the `data` of an answer."""
        if path.endswith("/query_exemplars"):
            return [
                {
                    "seriesLabels": {},
                    "exemplars": [
                        {"labels": {"trace_id": each}, "value": str(value), "timestamp": at}
                        for each, value in self.exemplars
                    ],
                }
                for at in (float(query["start"]) + 5,)
            ]
        if path.endswith("/alerts"):
            return {"alerts": self.alerts}
        if path.endswith("/targets"):
            return {"activeTargets": []}
        return {"result": list(self._result(query))}

    def _result(self, query: Mapping[str, str]) -> Iterator[dict[str, object]]:
        start, end = float(query.get("start", 0)), float(query.get("end", 0))
        step = float(query.get("step", 1))
        moments = [start + index * step for index in range(int((end - start) / step) + 1)]
        for labels, value in self.series.get(query["query"], []):
            values = [[moment, value] for moment in moments]
            yield {"metric": labels, "values": values, "value": values[-1]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts, answers = urlsplit(self.path), self.server.answers
        query = dict(parse_qsl(parts.query))
        answers.asked.append((parts.path, query))
        time.sleep(answers.seconds)
        body = json.dumps({"status": "success", "data": answers.say(parts.path, query)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def stand_in(answers: Answers) -> Iterator[Prometheus]:
    """Serve answers; a client for them."""
    server = _Server(answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield Prometheus(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def gone() -> Prometheus:
    """A client for a Prometheus that does not listen any more."""
    server = _Server(Answers())
    port = server.server_address[1]
    server.server_close()
    return Prometheus(f"http://127.0.0.1:{port}")
