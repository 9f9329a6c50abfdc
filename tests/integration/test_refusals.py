"""Calls that a busy server turns away are in the server's own metrics, whatever they ask for."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from meshdoctor.mesh import MeshServer, ServerPolicy
from meshdoctor.telemetry.context import TraceContext
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.rpc_server import ServerCalls
from tests.support.tally import Tally
from tests.support.tally import until as holds_soon

pytestmark = pytest.mark.integration

SERVICE = "test.Busy"
ASK = f"{SERVICE}/Ask"
LIMIT = 3
PATIENCE = 20.0
OK = grpc.StatusCode.OK
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
CALLS = "rpc_server_call_duration_seconds_count"
SECONDS = "rpc_server_call_duration_seconds_sum"
LABELS = ("rpc_method", "rpc_response_status_code", "error_type")
TRACE = TraceContext(7, 8, sampled=True)


class Busy:
    """A server with one worker and room for three calls, held up at will, and what it tells."""

    def __init__(self, stack: ExitStack) -> None:
        self.tally = Tally()
        self._free = threading.Event()
        self._free.set()
        calls = ServerCalls("busy", Outlets(self.tally.instruments))
        server = MeshServer(ServerPolicy(threads=1, max_concurrent_rpcs=LIMIT), (calls,))
        server.add(self._register, None, SERVICE)
        port = server.start("127.0.0.1", 0)
        stack.callback(server.stop)
        self.channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}"))
        self.ask = self.method(ASK)

    def method(self, name: str) -> Any:  # noqa: ANN401 - bare bytes
        """Give a method by its name, whether the server has it or not."""
        return self.channel.unary_unary(f"/{name}")

    @contextmanager
    def full(self) -> Iterator[None]:
        """Have the server full, for sure, within the block."""
        self._free.clear()
        calls = [self.ask.future(b"?", timeout=PATIENCE) for _call in range(LIMIT)]
        assert holds_soon(lambda: self._refuses(calls), PATIENCE)
        try:
            yield
        finally:
            self._free.set()
        codes = Counter(call.code() for call in calls)
        assert {OK: LIMIT, EXHAUSTED: len(calls) - LIMIT} == codes

    def _refuses(self, calls: list[Any]) -> bool:
        calls.append(self.ask.future(b"?", timeout=PATIENCE))
        # A call that got in is held up, so it does not end.
        return holds_soon(calls[-1].done, 0.5) and calls[-1].code() is EXHAUSTED

    def _register(self, _servicer: object, server: grpc.Server) -> None:
        def hold(request: bytes, _context: grpc.ServicerContext) -> bytes:
            self._free.wait(PATIENCE)
            return request

        handler: Any = grpc.unary_unary_rpc_method_handler(hold)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"Ask": handler}),)
        )


@pytest.fixture
def busy() -> Iterator[Busy]:
    """Give a server that is soon busy."""
    with ExitStack() as stack:
        yield Busy(stack)


def code(method: Any, **named: object) -> grpc.StatusCode:  # noqa: ANN401 - bare bytes
    """Call and return the status."""
    found: grpc.StatusCode = method.future(b"?", timeout=PATIENCE, **named).code()
    return found


def test_a_refused_call_is_one_call_that_took_no_time(busy: Busy) -> None:
    """As many RESOURCE_EXHAUSTED as callers heard, under the method's name, and no seconds."""
    assert OK is code(busy.ask)
    heard: Counter[grpc.StatusCode] = Counter()
    with busy.full():
        before = busy.tally.by(CALLS, *LABELS)
        heard.update(code(busy.ask) for _call in range(20))
        after = busy.tally.by(CALLS, *LABELS)

    refused = f"{ASK} RESOURCE_EXHAUSTED RESOURCE_EXHAUSTED"
    assert {EXHAUSTED: 20} == heard
    assert {**before, refused: before[refused] + 20} == after
    assert {refused: 0.0} == {
        " ".join(sample.labels[label] for label in LABELS): sample.value
        for family in busy.tally.registry.collect()
        for sample in family.samples
        if sample.name == SECONDS and sample.labels["error_type"]
    }


def test_methods_that_callers_make_up_are_one_series(busy: Busy) -> None:
    """A refused call whose method was never served is `_OTHER`, whatever it was called."""
    assert OK is code(busy.ask)
    with busy.full():
        heard = Counter(code(busy.method(f"made.Up/Method{each}")) for each in range(30))

    assert {EXHAUSTED: 30} == heard
    assert {"_OTHER", ASK} == busy.tally.by(CALLS, "rpc_method").keys()
    assert 30 == busy.tally.by(CALLS, "rpc_method")["_OTHER"]


def test_health_checks_of_a_full_server_are_no_refusals(busy: Busy) -> None:
    """They are answered and stay untold, as ever."""
    with busy.full():
        before = busy.tally.by(CALLS, *LABELS)
        health: Any = health_pb2_grpc.HealthStub(busy.channel)
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        told = busy.tally.by(CALLS, *LABELS)

    assert health_pb2.HealthCheckResponse.SERVING == answer.status
    assert before == told


def test_a_refusal_leads_to_its_callers_trace(busy: Busy) -> None:
    """Where the caller's trace is recorded, the refused call's exemplar names it."""
    assert OK is code(busy.ask)
    with busy.full():
        code(busy.ask, metadata=(("traceparent", TRACE.traceparent),))

    assert {TRACE.trace_hex} == {
        sample.exemplar.labels["trace_id"]
        for family in busy.tally.registry.collect()
        for sample in family.samples
        if sample.exemplar is not None and sample.labels["error_type"]
    }
