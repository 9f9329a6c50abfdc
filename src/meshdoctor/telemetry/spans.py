"""Spans of sampled requests: taken down in microseconds, turned into OTLP later.

The OpenTelemetry SDK's span object and encoder cost about 100 us of CPU a span where this was
measured, a tenth of a whole request each; ADR 0003 has the figures. What is sent is ordinary OTLP,
with the stable semantic conventions, so any collector, Jaeger or Tempo reads it.
"""

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from meshdoctor.telemetry.context import TraceContext

Attribute = tuple[str, str | int]
"""A span attribute: key and value."""

_FLAGS_SAMPLED = 0x01


class SpanKind(IntEnum):
    """OTLP's numbers of the two kinds in use (trace.proto, enum SpanKind)."""

    SERVER = 2
    CLIENT = 3


class FinishedSpan(NamedTuple):
    """One span, closed.

    Attributes:
        context: its own place; `context.span_id` is the span's id.
        parent_id: the span above, 0 for a root.
        name: as OpenTelemetry's conventions build it, e.g. `GET /`.
        kind: server or client.
        start_ns: Unix time in nanoseconds.
        end_ns: Unix time in nanoseconds.
        attributes: few and of few values: encoded once per distinct tuple.
        error: what to show as the status message; None leaves the status unset.
    """

    context: TraceContext
    parent_id: int
    name: str
    kind: SpanKind
    start_ns: int
    end_ns: int
    attributes: tuple[Attribute, ...] = ()
    error: str | None = None


class SpanSink(Protocol):
    """Takes finished spans without waiting."""

    def add(self, span: FinishedSpan) -> None:
        """Keep or drop `span`; never block, never raise."""


def span_times(at: float, seconds: float) -> tuple[int, int]:
    """Return start and end in Unix nanoseconds of what ended `at` and took `seconds`."""
    return int((at - seconds) * 1e9), int(at * 1e9)


def fill(message: trace_pb2.Span, span: FinishedSpan) -> None:
    """Write `span` into an empty OTLP message (trace.proto, message Span)."""
    message.MergeFromString(_unchanging(span.name, span.kind, span.attributes, span.error))
    message.trace_id = span.context.trace_id.to_bytes(16, "big")
    message.span_id = span.context.span_id.to_bytes(8, "big")
    if span.parent_id:
        message.parent_span_id = span.parent_id.to_bytes(8, "big")
    message.start_time_unix_nano = span.start_ns
    message.end_time_unix_nano = span.end_ns


@lru_cache(maxsize=512)
def _unchanging(
    name: str, kind: SpanKind, attributes: tuple[Attribute, ...], error: str | None
) -> bytes:
    # Most spans of a service differ in ids and times only; the rest is encoded once.
    message = trace_pb2.Span(
        name=name,
        kind=trace_pb2.Span.SpanKind.ValueType(kind),
        flags=_FLAGS_SAMPLED,
        attributes=[KeyValue(key=key, value=_value(value)) for key, value in attributes],
    )
    if error is not None:
        message.status.code = trace_pb2.Status.STATUS_CODE_ERROR
        message.status.message = error
    return message.SerializeToString()


def _value(value: str | int) -> AnyValue:
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
