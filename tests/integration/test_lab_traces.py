"""The OTLP receiver, fed by the real OpenTelemetry SDK over real gRPC."""

import time
from collections.abc import Iterator

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.model import Trace, group_traces
from meshdoctor.lab.traces import TraceReceiver, is_complete

pytestmark = pytest.mark.integration


@pytest.fixture
def receiver() -> Iterator[TraceReceiver]:
    """A receiver on a free port."""
    with TraceReceiver("127.0.0.1", 0) as receiver:
        yield receiver


def provider(service: str, receiver: TraceReceiver) -> TracerProvider:
    """A service's SDK, set up as services do it."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(receiver.endpoint, insecure=True, timeout=2)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=20_000))
    return provider


def one_trace(receiver: TraceReceiver) -> Trace:
    """What two services tell of one request."""
    front, back = provider("marketplace", receiver), provider("recommendations", receiver)
    tracers = (front.get_tracer("t"), back.get_tracer("t"))
    with (
        tracers[0].start_as_current_span("GET /", kind=SpanKind.SERVER) as root,
        tracers[0].start_as_current_span("call", kind=SpanKind.CLIENT),
        tracers[1].start_as_current_span("call", kind=SpanKind.SERVER) as handler,
    ):
        root.set_attributes({"http.response.status_code": 200, "url.path": "/", "live": True})
        handler.set_status(Status(StatusCode.ERROR, "no such book"))
    front.shutdown()
    back.shutdown()
    (trace,) = group_traces(receiver.store.spans())
    return trace


def test_a_request_through_two_services_is_one_complete_trace(receiver: TraceReceiver) -> None:
    """Services, kinds, parents, attributes and status arrive as they were set."""
    trace = one_trace(receiver)

    assert [
        ("marketplace", "SERVER", "UNSET"),
        ("marketplace", "CLIENT", "UNSET"),
        ("recommendations", "SERVER", "ERROR"),
    ] == [(span.service, span.kind, span.status_code) for span in trace.spans]
    assert is_complete(trace)
    assert trace.failed
    assert "no such book" == trace.spans[-1].status_message
    root = trace.spans[0]
    assert (200, "/", True) == tuple(root.attributes.values())
    assert trace.spans[1:2] == trace.children(root)
    assert 0 < root.duration_ms == trace.duration_ms


def test_no_span_is_lost_in_a_burst(receiver: TraceReceiver) -> None:
    """4,000 spans at once, far above what a run makes in a second, all arrive, and cheaply."""
    service = provider("marketplace", receiver)
    tracer = service.get_tracer("t")
    for _ in range(4000):
        tracer.start_span("GET /").end()
    before = time.process_time()
    service.shutdown()

    assert 4000 == receiver.store.received == len(receiver.store.spans())
    assert time.process_time() - before < 2


def test_a_taken_port_is_one_sentence(receiver: TraceReceiver) -> None:
    """Where something else listens already, the sentence names the address."""
    port = int(receiver.endpoint.rpartition(":")[2])

    with pytest.raises(LabError, match=f"cannot receive traces on 127.0.0.1:{port}"):
        TraceReceiver("127.0.0.1", port).__enter__()
