"""The load test as a person runs it: a real locust process against a real HTTP server."""

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
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.integration

LOADTEST = Path(__file__).parents[2] / "loadtest"
HEADINGS = {
    "mystery": "Mystery books you may like",
    "science-fiction": "Science fiction books you may like",
    "self-help": "Self-help books you may like",
}
TITLES = ("Murder on the Orient Express", "The Hound of the Baskervilles", "The Maltese Falcon")
HURRY = json.dumps({"user_class_name": "Reader", "requests_per_second": 20})
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


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Locust]:
    """Hand out a starter of locust processes."""
    starter = Locust(tmp_path)
    yield starter
    starter.clean()


@pytest.mark.parametrize(
    ("manners", "breaches"),
    [
        pytest.param(Manners(delay=0.3), ["latency"], id="300-ms-late"),
        pytest.param(Manners(freshness="stale"), ["freshness"], id="degraded"),
        pytest.param(Manners(broken_every=10), ["availability"], id="server-errors"),
        pytest.param(Manners(refuses=False), ["correctness"], id="accepts-bad-requests"),
    ],
)
def test_a_breach_fails_the_run_and_is_named(
    locust: Locust, manners: Manners, breaches: list[str]
) -> None:
    """One broken promise ends the process with 1, and the log names this objective only.

    Every request counts, also those under way when the time is up: the slowest are among them.
    """
    verdict = locust.at_shop(manners)

    assert 1 == verdict.code
    assert breaches == verdict.breaches
    assert breaches == [one["name"] for one in verdict.result["objectives"] if not one["met"]]
    assert verdict.served == verdict.result["requests"]


def test_a_good_service_passes_and_every_request_is_counted_once(locust: Locust) -> None:
    """Exit 0; the result has exactly the requests that the service served, in every view."""
    verdict = locust.at_shop(Manners())

    result = verdict.result
    assert (0, []) == (verdict.code, verdict.breaches)
    assert verdict.served == result["requests"]
    assert verdict.served == sum(count for _, count in result["histogram"])
    assert verdict.served == sum(one["requests"] for one in result["per_name"])
    assert verdict.served == sum(one["rps"] for one in result["series"])
    assert ["/", "/?category&user", "/api/v1/recommendations", "bad request"] == [
        one["name"] for one in result["per_name"]
    ]


def test_workers_count_into_one_judgement(locust: Locust) -> None:
    """With --processes 2 the master judges all that both workers saw, to the last request."""
    verdict = locust.at_shop(Manners(freshness="builtin"), *two_workers())

    result = verdict.result
    pages = next(one for one in result["objectives"] if one["name"] == "freshness")
    assert (1, ["freshness"]) == (verdict.code, verdict.breaches)
    assert verdict.served == result["requests"]
    assert (0, result["degraded_pages"]) == (pages["good"], pages["total"])
    assert 10 == max(one["users"] for one in result["series"])


def test_a_dead_host_is_named_first(locust: Locust) -> None:
    """Nobody listens: the first line says so, every objective is breached, the exit is 1."""
    host = f"http://127.0.0.1:{free_port()}"

    verdict = locust.judge(host, run=("--users", "1", "--run-time", "1s"))

    ours = [line for line in verdict.log.splitlines() if "/loadtest: " in line]
    assert 1 == verdict.code
    assert f"{host}/" in ours[0]
    assert "does not answer: ConnectionRefusedError" in ours[0]
    assert f"to {host} got an answer" in ours[1]
    assert ["availability", "latency", "freshness", "correctness"] == verdict.breaches


def test_a_hung_host_does_not_hang_the_load_test(locust: Locust) -> None:
    """A host that accepts and stays silent costs one timeout, and is a breach."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        host = f"http://127.0.0.1:{hung.getsockname()[1]}"
        began = time.monotonic()
        verdict = locust.judge(host, run=("--users", "1", "--run-time", "1s"))

    assert time.monotonic() - began < 15
    assert "availability" in verdict.breaches
    assert 1 == verdict.result["requests"]


def test_ctrl_c_ends_the_run_and_still_judges(locust: Locust) -> None:
    """An interrupted run is judged by what it saw, and writes its result."""
    with shop(Manners(delay=0.3)) as server:
        options = ("--host", server.url, "--users", "3", "--result", "result.json")
        process = locust.start(*options)
        wait_until(lambda: server.served > 3)
        process.send_signal(signal.SIGINT)
        verdict = locust.end(process)

    assert (1, ["latency"]) == (verdict.code, verdict.breaches)
    assert server.served == verdict.result["requests"]


def test_ctrl_c_loses_nothing_of_the_workers(locust: Locust) -> None:
    """Ctrl-C in a terminal reaches the master and its workers at once: every request counts."""
    with shop(Manners(delay=0.3)) as server:
        options = ("--host", server.url, "--users", "4", "--result", "result.json")
        process = locust.start(*options, *two_workers())
        wait_until(lambda: server.served > 10)
        os.killpg(process.pid, signal.SIGINT)
        verdict = locust.end(process)

    assert (1, ["latency"]) == (verdict.code, verdict.breaches)
    assert server.served == verdict.result["requests"]


def test_a_shape_takes_its_peak_and_length_from_the_options(locust: Locust) -> None:
    """--shape spike ends by itself after --run-time, and reaches --users in its middle fifth."""
    run = ("--shape", "spike", "--users", "20", "--run-time", "5s")
    verdict = locust.at_shop(Manners(), run=run)

    users = [one["users"] for one in verdict.result["series"]]
    assert 0 == verdict.code
    assert (2, 20, 2) == (users[0], max(users), users[-1])


def test_a_result_that_cannot_be_written_is_refused_at_once(locust: Locust) -> None:
    """A wrong --result costs no load: one line, exit 2."""
    process = locust.start("--result", "nowhere/result.json")
    _, log = process.communicate(timeout=30)

    assert 2 == process.returncode
    assert "cannot write nowhere/result.json: " in log.splitlines()[-1]


def test_the_web_ui_listens_on_loopback(locust: Locust) -> None:
    """Without options the web UI is there, for this machine alone, with the NodePort as host."""
    port = free_port()
    process = locust.start("--headful", "--web-port", str(port))
    wait_until(lambda: answers(port))
    with urlopen(f"http://127.0.0.1:{port}/") as page:
        assert "http://localhost:30997" in page.read().decode()
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=30)

    assert f"Starting web interface at http://127.0.0.1:{port}," in log
    assert (0, False) == (process.returncode, "BREACH" in log)


def answers(port: int) -> bool:
    """Say whether somebody listens on this port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


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
    for _ in range(800):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("waited for 40 s in vain")
