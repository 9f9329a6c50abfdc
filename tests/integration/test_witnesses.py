"""How a call's books learn what the status does not say: the marker, the probe, the late count."""

import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
import pytest

from meshdoctor.mesh import Resolver
from meshdoctor.mesh.sideprobe import side_probe
from meshdoctor.telemetry import ClientCalls, client_interceptor
from meshdoctor.telemetry.causes import MARKER
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.settle import FailureCounter, Probe
from tests.support.deeds import DO, FAILURE, TALK, DeedsServer
from tests.support.mesh_dns import DnsServer
from tests.support.tally import SECONDS, Tally

pytestmark = pytest.mark.integration

TOO_SHORT = 0.4


def never(target: str) -> str:
    """Stand in for a probe where none may be asked."""
    raise AssertionError(f"a probe was asked about {target}")


class Client:
    """A plain channel with the interceptor, and its books."""

    def __init__(self, address: str, probe: Probe | None = None) -> None:
        self.tally = Tally()
        self.failures = FailureCounter(self.tally.instruments, probe)
        calls = ClientCalls(address, Outlets(self.tally.instruments), self.failures)
        self._raw = grpc.insecure_channel(address)
        channel = grpc.intercept_channel(self._raw, client_interceptor(calls))
        self.do: Any = channel.unary_unary(f"/{DO}")
        self.talk: Any = channel.stream_stream(f"/{TALK}")

    def failure(self, request: bytes, timeout: float = SECONDS) -> Any:  # noqa: ANN401 - gRPC's own
        """Call; return the error."""
        with pytest.raises(grpc.RpcError) as caught:
            self.do(request, timeout=timeout)
        return caught.value

    def close(self) -> None:
        """Give back the channel and the thread."""
        self._raw.close()
        self.failures.close()


@contextmanager
def client(address: str, probe: Probe | None = None) -> Iterator[Client]:
    """Give a client of `address`."""
    made = Client(address, probe)
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[DeedsServer]:
    """Give a server that does as it is told."""
    with DeedsServer() as running:
        yield running


@pytest.fixture
def process() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Give such a server as a process, and its address."""
    command = (sys.executable, "-m", "tests.support.deeds")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield f"127.0.0.1:{int(running.stdout.readline())}", running
        running.kill()


@contextmanager
def silent_address() -> Iterator[str]:
    """Give an address whose listener's queue is full: connection attempts get no answer."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        host, port = listener.getsockname()
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - the standard library's signature
            filler.connect_ex((host, port))
        yield f"{host}:{port}"


def keys(metadata: Any) -> list[str]:  # noqa: ANN401 - gRPC's own
    """Return the keys of gRPC metadata."""
    return [key for key, _value in metadata or ()]


def test_a_handler_at_work_is_known_at_the_deadline(server: DeedsServer) -> None:
    """A handler that outlives the deadline has sent its marker: certain, without any probe."""
    with client(server.address, never) as asking:
        error = asking.failure(b"sleep 1", TOO_SHORT)

        assert grpc.StatusCode.DEADLINE_EXCEEDED is error.code()
        assert [MARKER] == keys(error.initial_metadata())
        assert {"app-deadline": 1} == asking.tally.client().failures


def test_a_quick_answer_carries_no_marker(server: DeedsServer) -> None:
    """Calls that succeed in time pay for no metadata, neither before nor after."""
    with client(server.address) as asking:
        _answer, call = asking.do.with_call(b"ok", timeout=SECONDS)

    assert [] == keys(call.initial_metadata())
    assert [] == keys(call.trailing_metadata())


def test_an_error_keeps_what_the_handler_sent_with_it(server: DeedsServer) -> None:
    """The marker stands behind a handler's own trailing metadata, such as google.rpc.Status."""
    with client(server.address) as asking:
        error = asking.failure(b"rich details")

    assert FAILURE is error.code()
    assert ["grpc-status-details-bin", MARKER] == keys(error.trailing_metadata())


def test_a_handler_may_send_its_own_metadata(server: DeedsServer) -> None:
    """At once it goes out as it is; late it is no error, and the method is spared from then on."""
    places = []
    with client(server.address) as asking:
        for request in (b"own 0", b"own 0.1", b"own 0.1"):
            _answer, call = asking.do.with_call(request, timeout=SECONDS)
            places.append((keys(call.initial_metadata()), keys(call.trailing_metadata())))

    assert [(["own"], []), ([MARKER], ["own"]), (["own"], [])] == places


def test_the_marker_outlives_clients_that_leave(server: DeedsServer) -> None:
    """Clients that give up at the very moment of the marker do not end the marking."""
    with client(server.address) as asking:
        for step in range(20):
            call = asking.do.future(b"sleep 0.1")
            time.sleep(0.025 + step % 10 * 0.001)
            call.cancel()
        server.idle()
        error = asking.failure(b"sleep 1", TOO_SHORT)

    assert [MARKER] == keys(error.initial_metadata())


def test_a_frozen_process_is_the_apps_fault(process: tuple[str, subprocess.Popen[str]]) -> None:
    """Stopped, the process takes connections and never answers: no marker, but a probe that can."""
    address, running = process
    with client(address, lambda target: side_probe(Resolver(), target)) as asking:
        asking.do(b"ok", timeout=SECONDS)
        running.send_signal(signal.SIGSTOP)
        error = asking.failure(b"ok", TOO_SHORT)

        assert grpc.StatusCode.DEADLINE_EXCEEDED is error.code()
        assert [] == keys(error.initial_metadata())
        assert {"app-deadline": 1} == asking.tally.client().failures


def test_a_process_killed_at_work_is_a_lost_connection(
    process: tuple[str, subprocess.Popen[str]],
) -> None:
    """The handler had begun, so its marker came; the status is still not the handler's."""
    stuck = threading.Event()

    def nothing_yet() -> Iterator[bytes]:
        stuck.wait(SECONDS)
        yield from ()

    address, running = process
    with client(address, never) as asking:
        call = asking.talk(nothing_yet())
        assert [MARKER] == keys(call.initial_metadata())
        running.kill()

        assert grpc.StatusCode.UNAVAILABLE is call.code()
        assert {"connect-lost": 1} == asking.tally.client().failures
        stuck.set()


def test_a_silent_address_is_a_connection_timeout() -> None:
    """Packets that vanish look like a slow handler to the caller; the probe tells them apart."""
    with (
        silent_address() as address,
        client(address, lambda target: side_probe(Resolver(), target)) as asking,
    ):
        error = asking.failure(b"ok", TOO_SHORT)

        assert grpc.StatusCode.DEADLINE_EXCEEDED is error.code()
        assert {"connect-timeout": 1} == asking.tally.client().failures


def test_silent_dns_is_told_from_a_slow_handler() -> None:
    """At a deadline without marker the probe looks at DNS first, the lowest layer."""
    with DnsServer(behaviour="silent") as dns:
        resolver = Resolver(dns.servers, seconds=0.3)
        where = "nobody.test.svc.cluster.local.:50051"
        calls_probe: Probe = lambda _target: side_probe(resolver, where)  # noqa: E731
        with client(f"dns://{dns.host}:{dns.port}/{where}", calls_probe) as asking:
            asking.failure(b"ok", TOO_SHORT)
            counts = asking.tally.client()

    assert {"dns-timeout": 1} == counts.failures == counts.dns_failures


def test_one_probe_answers_for_a_burst() -> None:
    """Fifty failures at once ask one probe, or a few: an outage makes no storm of lookups."""
    asked: list[str] = []

    def probe(target: str) -> str:
        asked.append(target)
        return "connect-timeout"

    with silent_address() as address, client(address, probe) as asking:
        calls = [asking.do.future(b"ok", timeout=TOO_SHORT) for _ in range(50)]
        for call in calls:
            call.exception()

        assert {"connect-timeout": 50} == asking.tally.client().failures
    assert {address} == set(asked)
    assert 3 >= len(asked)


def test_a_probe_that_raises_loses_no_call() -> None:
    """A stranger's broken probe costs the cause, never the count."""
    with silent_address() as address, client(address, never) as asking:
        for _ in range(3):
            asking.failure(b"ok", 0.05)

        assert {"unknown": 3} == asking.tally.client().failures


def test_failures_still_waiting_are_counted_at_the_end() -> None:
    """Closing does not wait for a stuck probe, and its call and those behind it are counted."""
    stuck, asked = threading.Event(), queue.SimpleQueue[str]()

    def probe(target: str) -> None:
        asked.put(target)
        stuck.wait(SECONDS)

    with silent_address() as address, client(address, probe) as asking:
        for _ in range(3):
            asking.failure(b"ok", 0.05)
        asked.get(timeout=SECONDS)
        start = time.monotonic()
        asking.failures.close(0.2)

        assert 1.0 > time.monotonic() - start
        assert {"unknown": 3} == asking.tally.client().failures
        stuck.set()
        asking.failure(b"ok", 0.05)
        assert {"unknown": 4} == asking.tally.client().failures
