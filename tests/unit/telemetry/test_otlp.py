"""The exporter: what is made is exported or dropped, to the span, and no collector costs more."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from meshdoctor.lab.traces import TraceReceiver
from meshdoctor.telemetry.context import TraceContext, new_root
from meshdoctor.telemetry.otlp import OtlpSpans
from meshdoctor.telemetry.spans import FinishedSpan, SpanKind
from tests.support.mesh_net import free_port
from tests.support.tally import Tally, until

Answer = trace_service_pb2.ExportTraceServiceResponse
RESOURCE = {"service.name": "shop", "service.instance.id": "a,b=c"}
QUEUE = 8192
BATCH = 512


def a_span(name: str = "GET /", context: TraceContext | None = None) -> FinishedSpan:
    """Make a span."""
    return FinishedSpan(
        context or new_root(1.0),
        0xA,
        name,
        SpanKind.CLIENT,
        1_000,
        2_000,
        (("http.route", "/"), ("http.response.status_code", 500)),
        "HTTP 500",
    )


class Exporter:
    """An exporter, and its own count of what became of the spans."""

    def __init__(self, endpoint: str) -> None:
        self.tally = Tally()
        self.spans = OtlpSpans(endpoint, RESOURCE, self.tally.instruments)

    @property
    def outcomes(self) -> dict[str, int]:
        """Spans by outcome."""
        return self.tally.by("telemetry_spans_total", "outcome")

    def add(self, count: int) -> float:
        """Add spans; return the seconds of the slowest."""
        slowest = 0.0
        for _ in range(count):
            span, start = a_span(), time.perf_counter()
            self.spans.add(span)
            slowest = max(slowest, time.perf_counter() - start)
        return slowest

    def shutdown(self, seconds: float) -> float:
        """Shut down; return how long it took."""
        start = time.monotonic()
        self.spans.shutdown(seconds)
        return time.monotonic() - start


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Answers as it is told."""

    def __init__(self, answer: Callable[[], Answer]) -> None:
        self._answer = answer

    def Export(self, _request: Any, _context: grpc.ServicerContext) -> Answer:  # noqa: N802, ANN401 - gRPC's own
        """Take one message."""
        return self._answer()


@contextmanager
def collector(answer: Callable[[], Answer]) -> Iterator[str]:
    """Give the endpoint of a collector that answers so."""
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(  # type: ignore[no-untyped-call]
        Collector(answer), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop(None).wait()


def test_a_span_arrives_as_it_was() -> None:
    """Ids, times, kind, attributes, status and resource reach an OTLP receiver unchanged."""
    context = TraceContext(0xABC, 0xDEF, sampled=True)
    with TraceReceiver("127.0.0.1", 0) as receiver:
        exporter = Exporter(receiver.endpoint)
        exporter.spans.add(a_span(context=context))
        exporter.shutdown(2.0)
        (span,) = receiver.store.spans()

    assert (context.trace_hex, context.span_hex, f"{0xA:016x}") == (
        span.trace_id,
        span.span_id,
        span.parent_id,
    )
    assert ("GET /", "CLIENT", 1_000, 2_000) == (span.name, span.kind, span.start_ns, span.end_ns)
    assert ("ERROR", "HTTP 500", "shop") == (span.status_code, span.status_message, span.service)
    assert {"http.route": "/", "http.response.status_code": 500} == span.attributes
    assert {"exported": 1} == exporter.outcomes


def test_spans_leave_by_themselves() -> None:
    """Without any shutdown a span is on its way within about a second, in batches."""
    with TraceReceiver("127.0.0.1", 0) as receiver:
        exporter = Exporter(receiver.endpoint)
        exporter.add(2 * BATCH + 1)

        assert until(lambda: 2 * BATCH + 1 == receiver.store.received)
        exporter.shutdown(2.0)
        assert {"exported": 2 * BATCH + 1} == exporter.outcomes


def test_without_a_collector_nothing_waits_and_all_is_counted() -> None:
    """Nobody listens: adding never blocks, the queue is bounded, every span counts as dropped."""
    exporter = Exporter(f"http://127.0.0.1:{free_port('127.0.0.1')}")
    slowest = exporter.add(2 * QUEUE)

    assert 0.5 > slowest
    assert QUEUE - 4 * BATCH <= exporter.outcomes["dropped"]
    assert 2.5 > exporter.shutdown(1.0)
    assert {"dropped": 2 * QUEUE} == exporter.outcomes


def test_a_collector_that_never_answers_delays_no_exit() -> None:
    """It accepts and stays silent: the shutdown keeps to its time, with a batch under way."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        exporter = Exporter(f"http://127.0.0.1:{listener.getsockname()[1]}")
        exporter.add(3 * BATCH)
        time.sleep(1.2)  # the first batch is on its way and would take two seconds

        assert 1.5 > exporter.shutdown(0.3)
        assert {"dropped": 3 * BATCH} == exporter.outcomes


def test_a_collector_that_hangs_in_its_handler_delays_no_exit() -> None:
    """Connected and stuck: what was sent and not confirmed counts as dropped."""
    stuck = threading.Event()

    def hang() -> Answer:
        stuck.wait(5)
        return Answer()

    with collector(hang) as endpoint:
        exporter = Exporter(endpoint)
        exporter.add(2 * BATCH)
        took = exporter.shutdown(0.3)
        stuck.set()

    assert 1.5 > took
    assert {"dropped": 2 * BATCH} == exporter.outcomes


def test_spans_after_the_shutdown_are_counted_too() -> None:
    """Who ends late adds to the dropped, not to a queue that nobody empties."""
    with TraceReceiver("127.0.0.1", 0) as receiver:
        exporter = Exporter(receiver.endpoint)
        exporter.add(3)
        exporter.shutdown(2.0)
        exporter.add(2)

    assert {"exported": 3, "dropped": 2} == exporter.outcomes


@pytest.mark.parametrize(
    ("rejected", "expected"),
    [
        (3, {"exported": 7, "dropped": 3}),
        (99, {"dropped": 10}),
        (-1, {"exported": 10}),
    ],
)
def test_what_the_collector_rejects_is_dropped(rejected: int, expected: dict[str, int]) -> None:
    """OTLP's partial success says how many spans were refused; nonsense in it does no harm."""
    partial = trace_service_pb2.ExportTracePartialSuccess(rejected_spans=rejected)
    with collector(lambda: Answer(partial_success=partial)) as endpoint:
        exporter = Exporter(endpoint)
        exporter.add(10)
        exporter.shutdown(2.0)

    assert expected == exporter.outcomes


def test_text_that_cannot_be_sent_ends_no_exporter() -> None:
    """A span that OTLP cannot hold is dropped with its batch; the next ones are exported."""
    with TraceReceiver("127.0.0.1", 0) as receiver:
        exporter = Exporter(receiver.endpoint)
        exporter.spans.add(a_span("\ud800"))
        assert until(lambda: {"dropped": 1} == exporter.outcomes)
        exporter.add(5)
        exporter.shutdown(2.0)

    assert {"exported": 5, "dropped": 1} == exporter.outcomes


def test_many_threads_lose_no_span() -> None:
    """Eight threads add at once while batches leave: exported plus dropped is what was added."""
    with TraceReceiver("127.0.0.1", 0) as receiver:
        exporter = Exporter(receiver.endpoint)
        threads = [threading.Thread(target=exporter.add, args=(500,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        exporter.shutdown(3.0)

        assert 4_000 == sum(exporter.outcomes.values())
        assert exporter.outcomes["exported"] == receiver.store.received
        assert 4_000 == len({span.span_id for span in receiver.store.spans()})
