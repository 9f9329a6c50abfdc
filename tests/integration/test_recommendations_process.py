"""The recommendations service as a process: how it starts, refuses to start, and ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from bookstore.recommendations.v1 import recommendations_pb2_grpc as pb_grpc

pytestmark = pytest.mark.integration

SECONDS = 20.0  # for a start or an end on a busy machine
COMMAND = (sys.executable, "-m", "recommendations")
REQUEST = pb.GetRecommendationsRequest(
    user_id="ada", category=pb.BOOK_CATEGORY_MYSTERY, max_results=16
)


def environment(**changed: str) -> dict[str, str]:
    """Give the service's environment: free ports, a short drain, and what is changed."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "RECOMMENDATIONS_PORT": "0",
        "RECOMMENDATIONS_METRICS_PORT": "0",
        "RECOMMENDATIONS_DRAIN_SECONDS": "0.3",
        **changed,
    }


class Service:
    """The service as a process that said that it serves."""

    def __init__(self, changed: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            COMMAND, env=environment(**changed), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.serving = self.next_line()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.serving['port']}")
        self.stub = pb_grpc.RecommendationsServiceStub(self.channel)

    def next_line(self) -> dict[str, Any]:
        """Wait for the next line of the log."""
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def titles(self) -> list[str]:
        """Ask for all mysteries."""
        answer = self.stub.GetRecommendations(REQUEST, timeout=SECONDS)
        return [book.title for book in answer.books]

    def metrics(self) -> str:
        """Fetch the metrics page."""
        url = f"http://127.0.0.1:{self.serving['metrics_port']}/metrics"
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return str(answer.read(), "utf-8")

    def close(self) -> None:
        """Give process, pipes and port back."""
        self.channel.close()
        self.process.kill()
        self.process.communicate(timeout=SECONDS)


Start = Callable[..., Service]


@pytest.fixture
def start() -> Iterator[Start]:
    """Give a function that starts the service with some variables changed."""
    with ExitStack() as stack:

        def start(**changed: str) -> Service:
            service = Service(changed)
            stack.callback(service.close)
            return service

        yield start


def refused(**changed: str) -> tuple[int, str, str]:
    """Start the service where it cannot, and return exit code, standard output and error."""
    done = subprocess.run(
        COMMAND,
        env=environment(**changed),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_calls_finish(start: Start, number: signal.Signals) -> None:
    """A call in flight at the signal is answered, the process says each step and exits with 0."""
    service = start(RECOMMENDATIONS_FAULT_DELAY_SECONDS="1")
    call = service.stub.GetRecommendations.future(REQUEST, timeout=SECONDS)
    time.sleep(0.2)  # it is at work now

    service.process.send_signal(number)

    assert service.next_line()["event"] == "server.draining"
    assert 16 == len(call.result().books)
    lines = [service.next_line()["event"] for _ in range(2)]
    assert ["rpc.slow", "server.stopped"] == lines
    assert 0 == service.process.wait(SECONDS)
    assert service.process.stderr is not None
    assert b"" == service.process.stderr.read()


def test_clients_are_told_before_the_door_closes(start: Start) -> None:
    """Between the signal and the end, health says NOT_SERVING while calls are still answered."""
    service = start(RECOMMENDATIONS_DRAIN_SECONDS="1")
    health: Any = health_pb2_grpc.HealthStub(service.channel)
    request = health_pb2.HealthCheckRequest()
    states = (answer.status for answer in health.Watch(request, timeout=SECONDS))
    assert next(states) == health_pb2.HealthCheckResponse.SERVING

    service.process.send_signal(signal.SIGTERM)

    assert next(states) == health_pb2.HealthCheckResponse.NOT_SERVING
    assert len(service.titles()) == 16


def test_a_call_that_never_ends_does_not_hold_the_process(start: Start) -> None:
    """After drain and grace, 0.6 s here, the process ends although a handler sleeps for 30 s."""
    service = start(
        RECOMMENDATIONS_FAULT_DELAY_SECONDS="30",
        RECOMMENDATIONS_GRACE_SECONDS="0.3",
    )
    call = service.stub.GetRecommendations.future(REQUEST, timeout=SECONDS)
    time.sleep(0.2)

    service.process.send_signal(signal.SIGTERM)

    assert call.code() is grpc.StatusCode.UNAVAILABLE
    assert service.process.wait(SECONDS) == 0


def test_all_bad_settings_are_named_at_once() -> None:
    """The process lists every bad variable on standard error, exits with 2, and logs nothing."""
    code, out, err = refused(
        RECOMMENDATIONS_PORT="http",
        RECOMMENDATIONS_THREADS="0",
        RECOMMENDATIONS_FAULT_ERROR_RATIO="2",
        MESHDOCTOR_SLOW_SECONDS="never",
    )

    assert (2, "") == (code, out)
    for name in (
        "RECOMMENDATIONS_PORT",
        "RECOMMENDATIONS_THREADS",
        "RECOMMENDATIONS_FAULT_ERROR_RATIO",
        "MESHDOCTOR_SLOW_SECONDS",
    ):
        assert name in err
    assert "Traceback" not in err


def test_a_bad_catalogue_is_refused(tmp_path: Path) -> None:
    """The process names file and faults, exits with 2, and never listens."""
    path = tmp_path / "books.json"
    path.write_text('{"mystery": [{"id": "dune"}]}')

    code, out, err = refused(RECOMMENDATIONS_CATALOGUE=str(path))

    assert (2, "") == (code, out)
    assert err.splitlines() == [
        (
            f"the catalogue {path} has 6 faults; correct the file, or name another one in"
            " RECOMMENDATIONS_CATALOGUE:"
        ),
        "  mystery, book 1, title: Field required",
        "  mystery, book 1, author: Field required",
        "  mystery, book 1, year: Field required",
        "  mystery: needs at least 12 books (got 1)",
        "  science-fiction: needs at least 12 books (got 0)",
        "  self-help: needs at least 12 books (got 0)",
    ]


@pytest.mark.parametrize("setting", ["RECOMMENDATIONS_PORT", "RECOMMENDATIONS_METRICS_PORT"])
def test_a_taken_port_is_named(setting: str) -> None:
    """The last line of standard error names the port and its setting; the exit code is 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = refused(**{setting: str(port)})

    assert (1, "") == (code, out)
    assert err.splitlines()[-1] == (
        f"cannot listen on 127.0.0.1 port {port}: another process has it, or the address is not"
        f" of this machine; free the port or set {setting}"
    )
    assert "Traceback" not in err


def test_faults_spare_metrics_and_health(start: Start) -> None:
    """A service told to fail fails each call, and its metrics and health do not."""
    service = start(RECOMMENDATIONS_FAULT_ERROR_RATIO="1")

    with pytest.raises(grpc.RpcError) as caught:
        service.titles()

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    health: Any = health_pb2_grpc.HealthStub(service.channel)
    answer = health.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert 'rpc_response_status_code="INTERNAL"' in service.metrics()


@pytest.mark.parametrize(
    "variables", [{"RECOMMENDATIONS_METRICS_PORT": "-1"}, {"MESHDOCTOR_METRICS": "false"}]
)
def test_metrics_can_be_left_out(start: Start, variables: dict[str, str]) -> None:
    """Without metrics there is no port for them, and the service serves."""
    service = start(**variables)

    assert service.serving["metrics_port"] is None
    assert len(service.titles()) == 16


def test_a_malformed_message_is_one_line_of_the_log(start: Start) -> None:
    """Bytes that are no message cannot break the log: one JSON line, and the service goes on."""
    service = start()
    call: Any = service.channel.unary_unary(
        "/bookstore.recommendations.v1.RecommendationsService/GetRecommendations"
    )

    with pytest.raises(grpc.RpcError):
        call(b'\xff\r\n{"event": "forged"}', timeout=SECONDS)

    assert service.next_line()["event"] == "library.log"
    assert len(service.titles()) == 16


def test_replicas_agree(start: Start) -> None:
    """Two processes with different hash seeds give the same visitor the same list."""
    assert start(PYTHONHASHSEED="1").titles() == start(PYTHONHASHSEED="2").titles()
