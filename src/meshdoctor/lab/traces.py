"""An OTLP receiver over gRPC that keeps the newest spans, and what makes a trace complete.

The protocol is opentelemetry-proto's `TraceService/Export`; the messages are kept as they came and
unfolded when someone asks, so that receiving costs the machine under test next to nothing.
"""

import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.model import CLIENT, SERVER, Span, Trace

MAX_SPANS = 200_000
_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_THREADS = 2
_REFUSED_FROM = 400

Message = trace_service_pb2.ExportTraceServiceRequest


class SpanStore(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what was exported, up to `limit` spans; the oldest messages go first."""

    def __init__(self, limit: int = MAX_SPANS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._messages: deque[tuple[int, Message]] = deque()
        self._kept = 0
        self._received = 0

    def Export(  # noqa: N802 - gRPC's name
        self, request: Message, _context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Take one message from an exporter."""
        self.add(request)
        return trace_service_pb2.ExportTraceServiceResponse()

    def add(self, message: Message) -> None:
        """Keep a message, and forget the oldest ones beyond the limit."""
        count = sum(len(s.spans) for r in message.resource_spans for s in r.scope_spans)
        with self._lock:
            self._messages.append((count, message))
            self._received += count
            self._kept += count
            while self._kept > self._limit:
                self._kept -= self._messages.popleft()[0]

    @property
    def received(self) -> int:
        """How many spans came, forgotten ones included."""
        return self._received

    def spans(self) -> list[Span]:
        """Every span that is kept, in the order of arrival."""
        return [span for message in self._kept_messages() for span in _unfold(message)]

    def newest(self, most: int) -> list[Span]:
        """Spans of the newest messages, about `most` of them, the newest message first."""
        found: list[Span] = []
        for message in reversed(self._kept_messages()):
            if len(found) >= most:
                break
            found.extend(_unfold(message))
        return found

    def of_trace(self, trace_id: str) -> list[Span]:
        """The spans of one trace; only the messages that hold one of them are unfolded."""
        wanted = bytes.fromhex(trace_id)
        return [
            span
            for message in self._kept_messages()
            if _holds(message, wanted)
            for span in _unfold(message)
            if span.trace_id == trace_id
        ]

    def _kept_messages(self) -> list[Message]:
        with self._lock:
            return [message for _, message in self._messages]


class TraceReceiver:
    """A gRPC server around a `SpanStore`. Use it as a context manager."""

    def __init__(self, host: str, port: int, store: SpanStore | None = None) -> None:
        self.store = store or SpanStore()
        self._address = f"{host}:{port}"
        self._host = host
        self.endpoint = ""
        self._server: grpc.Server | None = None

    def __enter__(self) -> Self:
        options = (
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        )
        server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(  # type: ignore[no-untyped-call]
            self.store, server
        )
        try:
            port = server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise LabError(f"cannot receive traces on {self._address}: {error}") from error
        server.start()
        self.endpoint = f"http://{self._host}:{port}"
        self._server = server
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._server:
            self._server.stop(grace=1).wait()


def is_complete(trace: Trace, front: str = "marketplace", back: str = "recommendations") -> bool:
    """Whether nothing that should be in a trace is missing.

    A trace is complete when its one root is the front service's server span, no span's parent is
    missing, and the request can be followed down: at least one client span, and below every client
    span that succeeded a server span of the back service. A client span that failed may have none,
    since the call may never have arrived. A request that the front service refused (HTTP 4xx)
    makes no call, and its root alone is complete.
    """
    root = trace.root
    if root is None or (root.service, root.kind) != (front, SERVER):
        return False
    ids = {span.span_id for span in trace.spans}
    if any(span.parent_id not in ids for span in trace.spans if span is not root):
        return False
    calls = [span for span in trace.spans if (span.service, span.kind) == (front, CLIENT)]
    if not calls:
        return _refused(root)
    served = {s.parent_id for s in trace.spans if (s.service, s.kind) == (back, SERVER)}
    return all(call.failed or call.span_id in served for call in calls)


def _refused(root: Span) -> bool:
    status = root.attributes.get(
        "http.response.status_code", root.attributes.get("http.status_code", 0)
    )
    return isinstance(status, int) and _REFUSED_FROM <= status < _REFUSED_FROM + 100


def _unfold(message: Message) -> list[Span]:
    return [
        _span(span, service)
        for resource_spans in message.resource_spans
        for service in [_service(resource_spans)]
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def _holds(message: Message, trace_id: bytes) -> bool:
    return any(
        span.trace_id == trace_id
        for resource_spans in message.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    )


def _service(resource_spans: trace_pb2.ResourceSpans) -> str:
    return str(_attributes(resource_spans.resource.attributes).get("service.name", ""))


def _span(span: trace_pb2.Span, service: str) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        service=service,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status_code=trace_pb2.Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
        status_message=span.status.message,
        attributes=_attributes(span.attributes),
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, str | int | float | bool]:
    return {
        pair.key: value if isinstance(value, str | int | float | bool) else str(value)
        for pair in pairs
        for value in [getattr(pair.value, pair.value.WhichOneof("value") or "string_value")]
    }
