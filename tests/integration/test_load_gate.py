"""The load test as a person runs it: a real locust process against a real HTTP server."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.load_shop import (
    Locust,
    Manners,
    answers,
    free_port,
    shop,
    two_workers,
    wait_until,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


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
    # A second is too short where a busy machine takes it to bring the workers' orders.
    run = ("--users", "10", "--spawn-rate", "10", "--run-time", "4s")
    verdict = locust.at_shop(Manners(freshness="builtin"), *two_workers(), run=run)

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
    """A host that accepts and stays silent costs one timeout, or `judge` fails; it is a breach."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        host = f"http://127.0.0.1:{hung.getsockname()[1]}"
        verdict = locust.judge(host, run=("--users", "1", "--run-time", "1s"))

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
        options = ("--users", "4", "--result", "result.json")
        process = locust.with_workers(server, *options, served=10)
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
