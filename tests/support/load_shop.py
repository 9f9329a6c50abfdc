"""A shop to load, of a few lines, and locust processes as a person starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

LOADTEST = Path(__file__).parents[2] / "loadtest"
HEADINGS = {
    "mystery": "Mystery books you may like",
    "science-fiction": "Science fiction books you may like",
    "self-help": "Self-help books you may like",
}
TITLES = ("Murder on the Orient Express", "The Hound of the Baskervilles", "The Maltese Falcon")
HURRY = json.dumps({"user_class_name": "Reader", "requests_per_second": 20})
PATIENCE_SECONDS = 20
RUN = ("--users", "10", "--spawn-rate", "10", "--run-time", "1s")


@dataclass(frozen=True)
class Manners:
    """How the shop behaves; the defaults keep every promise."""

    delay: float = 0.0
    freshness: str = "live"
    broken_every: int = 0
    refuses: bool = True


class Shop(ThreadingHTTPServer):
    """A marketplace of a few lines, with its manners and the number of requests it served."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, manners: Manners) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.manners = manners
        self.lock = threading.Lock()
        self.served = 0

    @property
    def url(self) -> str:
        """Base URL for --host."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Counter(BaseHTTPRequestHandler):
    """Serves one connection of the shop."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Shop

    def do_GET(self) -> None:
        """Answer as the marketplace would, but for the shop's manners."""
        time.sleep(self.server.manners.delay)
        with self.server.lock:
            self.server.served += 1
            served, manners = self.server.served, self.server.manners
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if manners.broken_every and served % manners.broken_every == 0:
            self.reply(500, "text/plain", "out of order")
        elif manners.refuses and is_bad(query):
            problem = {"type": "about:blank", "title": "Bad request", "status": 400}
            self.reply(400, "application/problem+json", json.dumps(problem))
        elif url.path == "/":
            page = f"<h1>{HEADINGS.get(query.get('category', 'mystery'))}</h1>{'<li>'.join(TITLES)}"
            self.reply(200, "text/html; charset=utf-8", page)
        else:
            books = [{"id": "falcon", "title": TITLES[2], "author": "Dashiell Hammett"}]
            answer = query | {"freshness": manners.freshness, "books": books}
            self.reply(200, "application/json", json.dumps(answer))

    def reply(self, status: int, content_type: str, text: str) -> None:
        """Send one answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == 200:
            self.send_header("X-Mesh-Freshness", self.server.manners.freshness)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def is_bad(query: dict[str, str]) -> bool:
    """Say whether the marketplace would refuse this."""
    return (
        query.get("category", "mystery") not in HEADINGS
        or not 1 <= int(query.get("max_results", "3")) <= 50
        or " " in query.get("user_id", "")
    )


@contextmanager
def shop(manners: Manners) -> Iterator[Shop]:
    """Keep a shop open."""
    with Shop(manners) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Verdict:
    """What a locust process left behind."""

    code: int
    log: str
    result: dict[str, Any]
    served: int = 0

    @property
    def breaches(self) -> list[str]:
        """Names of the objectives that the log calls breached."""
        lines = [line.partition("/loadtest: ")[2] for line in self.log.splitlines()]
        return [line.split(":")[0] for line in lines if ": BREACH: " in line]


class Locust:
    """Starts locust processes in a folder of their own, and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start locust with these options."""
        command = [sys.executable, "-m", "locust", "-f", str(LOADTEST), "--headless", *options]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "MESH_"))}
        self.started.append(
            subprocess.Popen(
                [*command, "--only-summary", "--config-users", HURRY],
                cwd=self.folder,
                env=clean,
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        )
        return self.started[-1]

    def at_shop(self, manners: Manners, *options: str, run: Sequence[str] = RUN) -> Verdict:
        """Run a load test against a shop with these manners.

        A machine that stalls for a quarter of a second breaches latency without the shop's help:
        then we look again.
        """
        for _ in range(3):
            with shop(manners) as server:
                verdict = self.judge(server.url, *options, run=run)
            if manners.delay or "latency" not in verdict.breaches:
                break
        return replace(verdict, served=server.served)

    def with_workers(self, server: Shop, *options: str, served: int) -> subprocess.Popen[str]:
        """Start a master with two workers, and wait until the shop has served so many.

        On a machine that stalls for three seconds Locust misses the workers' heartbeats, and the
        run never begins: then we start again.
        """
        for _ in range(3):
            process = self.start("--host", server.url, *options, *two_workers())
            if until(lambda: server.served > served, PATIENCE_SECONDS):
                return process
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            server.served = 0
        pytest.fail("three times the workers did not begin")

    def judge(self, host: str, *options: str, run: Sequence[str] = RUN) -> Verdict:
        """Run a load test to its end."""
        process = self.start("--host", host, "--result", "result.json", *run, *options)
        return self.end(process)

    def end(self, process: subprocess.Popen[str]) -> Verdict:
        """Wait for the end of a process that writes result.json."""
        _, log = process.communicate(timeout=30)
        return Verdict(
            process.returncode, log, json.loads((self.folder / "result.json").read_text())
        )

    def clean(self) -> None:
        """End what still runs."""
        for process in self.started:
            with process, suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def two_workers() -> tuple[str, ...]:
    """Give the options of a distributed run of its own on this machine."""
    port = free_port()
    return "--processes", "2", f"--master-port={port}", f"--master-bind-port={port}"


def free_port() -> int:
    """Find a TCP port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait up to 40 seconds."""
    if not until(condition, 40):
        pytest.fail("waited for 40 s in vain")


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; say whether it came to hold."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
