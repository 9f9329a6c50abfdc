"""What makes a trace complete, and that the store is bounded."""

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from meshdoctor.lab.model import Span, group_traces
from meshdoctor.lab.traces import SpanStore, is_complete


def span(
    span_id: str,
    parent_id: str,
    service: str,
    kind: str,
    *,
    status: str = "UNSET",
    http_status: int = 200,
) -> Span:
    """A span of the one trace that these tests are about."""
    return Span(
        trace_id="t",
        span_id=span_id,
        parent_id=parent_id,
        name=span_id,
        kind=kind,
        service=service,
        start_ns=len(span_id),
        end_ns=10,
        status_code=status,
        status_message="",
        attributes={"http.response.status_code": http_status},
    )


FRONT = span("a", "", "marketplace", "SERVER")
CALL = span("bb", "a", "marketplace", "CLIENT")
SERVED = span("ccc", "bb", "recommendations", "SERVER")
FAILED_CALL = span("bb", "a", "marketplace", "CLIENT", status="ERROR")
SECOND_CALL = span("dd", "a", "marketplace", "CLIENT")
INNER = span("ee", "a", "marketplace", "INTERNAL")
CALL_BELOW_INNER = span("ff", "ee", "marketplace", "CLIENT")


@pytest.mark.parametrize(
    ("spans", "complete"),
    [
        ([FRONT, CALL, SERVED], True),
        ([FRONT, INNER, CALL_BELOW_INNER, span("g", "ff", "recommendations", "SERVER")], True),
        ([FRONT, FAILED_CALL, SECOND_CALL, span("g", "dd", "recommendations", "SERVER")], True),
        ([FRONT, FAILED_CALL], True),
        ([span("a", "", "marketplace", "SERVER", http_status=422)], True),
        ([FRONT, CALL], False),
        ([FRONT, SERVED], False),
        ([CALL, SERVED], False),
        ([FRONT], False),
        ([span("a", "", "marketplace", "SERVER", http_status=500)], False),
        ([FRONT, CALL_BELOW_INNER, span("g", "ff", "recommendations", "SERVER")], False),
        ([FRONT, FRONT, CALL, SERVED], False),
        ([span("c", "", "recommendations", "SERVER")], False),
    ],
    ids=[
        "followed down to the backend",
        "with a span between",
        "first try lost, second answered",
        "the only call failed",
        "refused at the edge, so no call",
        "the backend's span is missing",
        "the call is missing",
        "the root is missing",
        "an answer without any call",
        "a server error is no refusal",
        "a parent in the middle is missing",
        "two roots",
        "a root of another service",
    ],
)
def test_completeness(spans: list[Span], *, complete: bool) -> None:
    """A trace is complete when nothing is missing that must be there."""
    (trace,) = group_traces(spans)

    assert complete == is_complete(trace)


def message(*names: str) -> ExportTraceServiceRequest:
    """An OTLP message with spans of these names."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for name in names:
        scope.spans.add(name=name, trace_id=b"\0" * 16, span_id=b"\0" * 8)
    return request


def test_the_store_keeps_the_newest_spans() -> None:
    """At its limit the store forgets the oldest messages, and still knows how many came."""
    store = SpanStore(limit=3)
    for names in (("a", "b"), ("c",), ("d", "e")):
        store.add(message(*names))

    assert ["c", "d", "e"] == [each.name for each in store.spans()]
    assert 5 == store.received
