"""The metrics page of the load test: a real locust process, read as Prometheus reads it."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families

from meshdoctor.telemetry.catalogue import (
    LOAD,
    LOAD_DURATION,
    LOAD_FAILURES,
    LOAD_REQUESTS,
    LOAD_USERS,
)
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

HOST = "127.0.0.1"
COUNT = f"{LOAD_DURATION.name}_count"
TEN = ("--users", "10", "--spawn-rate", "10")


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Locust]:
    """Hand out a starter of locust processes."""
    starter = Locust(tmp_path)
    yield starter
    starter.clean()


def ask(
    port: int, path: str = "/metrics", method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Ask the page; return status, headers and body."""
    connection = HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def sums(port: int) -> dict[str, float]:
    """Read the page; add the values up by the sample's name."""
    _status, _headers, body = ask(port)
    totals: dict[str, float] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            totals[sample.name] = totals.get(sample.name, 0) + sample.value
    return totals


def counted(port: int) -> float:
    """Return the requests that the page tells of; 0 while there is no page."""
    return sums(port).get(LOAD_REQUESTS.name, 0) if answers(port) else 0


def playing(port: int) -> float:
    """Return the users that the page tells of."""
    return sums(port)[LOAD_USERS.name]


def with_page(port: int, *options: str) -> tuple[str, ...]:
    """Give the options for a load test with a metrics page."""
    return "--metrics-port", str(port), "--result", "result.json", *options


def listening(process: Popen[str]) -> list[int]:
    """Return the TCP ports that a process listens on (proc_pid_net(5))."""
    sockets = {str(each.readlink()) for each in Path(f"/proc/{process.pid}/fd").iterdir()}
    rows = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
    columns = [row.split() for row in rows]
    return [
        int(row[1].partition(":")[2], 16)
        for row in columns
        if row[3] == "0A" and f"socket:[{row[9]}]" in sockets
    ]


def test_the_page_tells_what_the_run_counts(locust: Locust) -> None:
    """While users run it has them and their requests, failed ones apart; it goes with them."""
    port = free_port()
    with shop(Manners(broken_every=4)) as server:
        process = locust.start(*with_page(port, "--host", server.url, *TEN))
        wait_until(lambda: counted(port) > 40 and playing(port) == 10)
        page = sums(port)
        process.send_signal(signal.SIGINT)
        verdict = locust.end(process)

    assert 10 == page[LOAD_USERS.name]
    assert 0 < page[LOAD_FAILURES.name] < page[LOAD_REQUESTS.name] <= server.served
    assert page[COUNT] == page[LOAD_REQUESTS.name] <= verdict.result["requests"]
    assert page[LOAD_FAILURES.name] <= verdict.result["failures"]
    assert not answers(port)


def test_the_page_is_there_before_the_load_and_through_its_end(locust: Locust) -> None:
    """In the web UI it opens at once and stays; a new run begins at 0 again."""
    port, web = free_port(), free_port()
    with shop(Manners()) as server:
        process = locust.start("--headful", "--web-port", str(web), *with_page(port))
        wait_until(lambda: answers(web))
        assert {LOAD_USERS.name: 0.0} == sums(port)

        start_run(web, server.url)
        wait_until(lambda: counted(port) > 60)
        assert 200 == ask(web, "/stop", "POST")[0]
        wait_until(lambda: playing(port) == 0)
        first = sums(port)
        assert server.served == first[LOAD_REQUESTS.name]

        start_run(web, server.url)
        wait_until(lambda: 0 < counted(port) < first[LOAD_REQUESTS.name])
        assert 200 == ask(web, "/stop", "POST")[0]
        wait_until(lambda: playing(port) == 0)
        assert server.served == first[LOAD_REQUESTS.name] + counted(port)
        process.send_signal(signal.SIGTERM)
        locust.end(process)

    assert not answers(port)


def start_run(web: int, host: str) -> None:
    """Press the start button of the web UI."""
    form = urlencode({"user_count": 10, "spawn_rate": 10, "host": host})
    connection = HTTPConnection(HOST, web, timeout=10)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/swarm", form, kind)
    assert json.load(connection.getresponse())["success"]
    connection.close()


def test_the_master_tells_for_its_workers(locust: Locust) -> None:
    """With --processes 2 one page has the users and requests of both; the workers open none."""
    port = free_port()
    with shop(Manners()) as server:
        process = locust.with_workers(server, *with_page(port, *TEN), served=40)
        wait_until(lambda: counted(port) > 40 and playing(port) == 10)
        page = sums(port)
        os.killpg(process.pid, signal.SIGINT)
        verdict = locust.end(process)

    assert 10 == page[LOAD_USERS.name]
    assert page[COUNT] == page[LOAD_REQUESTS.name] <= verdict.result["requests"]
    assert 1 == verdict.log.count("metrics for Prometheus")


def test_the_page_is_prometheus_text(locust: Locust) -> None:
    """The text format that every Prometheus reads, whatever it asks for; GET and one path alone."""
    port = free_port()
    locust.start(*with_page(port, "--headful", "--web-port", str(free_port())))
    wait_until(lambda: answers(port))

    status, headers, body = ask(port, Accept="application/openmetrics-text;version=1.0.0,*/*;q=0.1")
    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (status, headers["Content-Type"])
    assert len(LOAD) == len(list(text_string_to_metric_families(body.decode())))
    assert [404, 405] == [ask(port, "/")[0], ask(port, method="POST")[0]]


@pytest.mark.parametrize("distributed", [False, True], ids=["local", "distributed"])
def test_a_taken_port_is_refused_before_any_load(locust: Locust, *, distributed: bool) -> None:
    """One sentence with port, host and what to do; exit 2, and the service was asked nothing."""
    with shop(Manners()) as server, socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        options = ("--host", server.url, *(two_workers() if distributed else ()))
        process = locust.start(*with_page(port, *options))
        _, log = process.communicate(timeout=30)

    told = [line for line in log.splitlines() if line.startswith("locust: error: ")]
    assert (2, 0) == (process.returncode, server.served)
    assert [
        (
            f"locust: error: port {port} on {HOST} cannot be used for the metrics page: "
            "Address already in use; choose another with --metrics-port and --metrics-host"
        )
    ] == told
    assert "Traceback" not in log


@pytest.mark.parametrize("port", ["9x", "65536", "-1"])
def test_what_is_no_port_is_refused(locust: Locust, port: str) -> None:
    """A wrong --metrics-port costs no load: one line, exit 2."""
    process = locust.start(f"--metrics-port={port}")
    _, log = process.communicate(timeout=30)

    assert 2 == process.returncode
    assert f"{port} is no port: give 1 to 65535, or 0 for no page" in log.splitlines()[-1]


@pytest.mark.parametrize("options", [(), ("--metrics-port", "0"), ("--metrics-port=",)])
def test_nobody_gets_a_page_unasked(locust: Locust, options: tuple[str, ...]) -> None:
    """Without a port, or with 0, the load test listens nowhere."""
    with shop(Manners()) as server:
        process = locust.start("--host", server.url, "--users", "1", *options)
        wait_until(lambda: server.served > 0)
        ports = listening(process)

    assert [] == ports


def test_the_page_is_for_this_machine_alone_unless_told(locust: Locust) -> None:
    """It listens on 127.0.0.1; another address is said with --metrics-host."""
    port, other = free_port(), "127.0.0.3"
    web = ("--headful", "--web-port", str(free_port()))
    locust.start(*web, "--metrics-port", str(port), "--metrics-host", "")
    wait_until(lambda: answers(port))
    assert not answers(port, other)

    locust.start(
        "--headful",
        "--web-port",
        str(free_port()),
        "--metrics-port",
        str(port),
        "--metrics-host",
        other,
    )
    wait_until(lambda: answers(port, other))


def test_the_page_answers_while_200_users_run(locust: Locust) -> None:
    """Its greenlet gets its turn among 200 busy users, and costs them no request."""
    port = free_port()
    with shop(Manners(delay=0.05)) as server:
        options = ("--host", server.url, "--users", "200", "--spawn-rate", "100")
        process = locust.start(*with_page(port, *options))
        wait_until(lambda: answers(port) and playing(port) == 200)
        pages = [sums(port) for _ in range(20)]
        process.send_signal(signal.SIGINT)
        verdict = locust.end(process)

    assert {200} == {page[LOAD_USERS.name] for page in pages}
    assert server.served == verdict.result["requests"]
    assert "availability" not in verdict.breaches
