"""Sends spans to an OTLP collector from one background thread, and never longer than allowed.

A collector that is down or hung must cost the service nothing: the queue is bounded, a batch that
fails is dropped and counted, and `shutdown` has a deadline (the SDK's took 25-30 s with a dead
collector, the whole grace period of a Pod).
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.spans import FinishedSpan, fill

_QUEUE: Final = 8192
_BATCH: Final = 512
EVERY_SECONDS: Final = 1.0
TIMEOUT_SECONDS: Final = 2.0
"""Between two sendings, and for one of them: who decides on whole traces waits longer than both."""

_LAST_SECONDS: Final = 0.5
_SCOPE: Final = InstrumentationScope(name="meshdoctor")


class OtlpSpans:
    """A `SpanSink` that exports over OTLP/gRPC.

    Args:
        endpoint: `http://host:port` or `https://host:port`, as OTEL_EXPORTER_OTLP_ENDPOINT.
        resource: resource attributes, `service.name` among them.
        instruments: where exported and dropped spans are counted; None counts nowhere.
    """

    def __init__(
        self, endpoint: str, resource: Mapping[str, str], instruments: Instruments | None
    ) -> None:
        self._channel = _channel(endpoint)
        self._resource = Resource(
            attributes=[
                KeyValue(key=key, value=AnyValue(string_value=value))
                for key, value in resource.items()
            ]
        )
        self._instruments = instruments
        for outcome in ("exported", "dropped"):
            self._count(outcome, 0)  # there before the first of them, so that it is an increase
        self._queue: deque[FinishedSpan] = deque()
        self._wake = threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)
        self._thread.start()

    def add(self, span: FinishedSpan) -> None:
        """Queue `span`; when the queue is full or closed it is dropped and counted."""
        if len(self._queue) >= _QUEUE or self._wake.is_set():
            self._count("dropped", 1)
            return
        self._queue.append(span)

    def shutdown(self, seconds: float = TIMEOUT_SECONDS) -> None:
        """Send what is queued, for at most `seconds`; what is left is counted as dropped."""
        self._deadline = time.monotonic() + seconds
        self._wake.set()
        self._thread.join(seconds)
        self._channel.close()  # ends a batch that hangs, so that it is counted, too
        self._thread.join(_LAST_SECONDS)
        self._count("dropped", len(self._queue))
        self._queue.clear()

    def _run(self) -> None:
        stub = TraceServiceStub(self._channel)  # type: ignore[no-untyped-call]
        while not self._wake.wait(EVERY_SECONDS):
            self._send_queued(stub)
        self._send_queued(stub)

    def _send_queued(self, stub: TraceServiceStub) -> None:
        while self._queue and (left := self._deadline - time.monotonic()) > 0:
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            dropped = self._send(stub, batch, min(left, TIMEOUT_SECONDS))
            self._count("dropped", dropped)
            self._count("exported", len(batch) - dropped)

    def _send(self, stub: TraceServiceStub, batch: Sequence[FinishedSpan], seconds: float) -> int:
        """Send a batch; return how many of its spans the collector did not take."""
        try:
            answer = stub.Export(self._request(batch), timeout=seconds)
        except (grpc.RpcError, ValueError):  # text that is no Unicode, a channel just closed
            return len(batch)
        rejected: int = answer.partial_success.rejected_spans
        return max(0, min(rejected, len(batch)))

    def _request(self, batch: Iterable[FinishedSpan]) -> ExportTraceServiceRequest:
        request = ExportTraceServiceRequest()
        resource_spans = request.resource_spans.add(resource=self._resource)
        spans = resource_spans.scope_spans.add(scope=_SCOPE).spans
        for span in batch:
            fill(spans.add(), span)
        return request

    def _count(self, outcome: str, spans: int) -> None:
        if self._instruments is not None:
            self._instruments.telemetry_spans.of(outcome).inc(spans)


def _channel(endpoint: str) -> grpc.Channel:
    scheme, _, address = endpoint.rpartition("://")
    options = (("grpc.client_idle_timeout_ms", 2**31 - 1), ("grpc.max_reconnect_backoff_ms", 5000))
    if scheme == "https":
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(), options)
    return grpc.insecure_channel(address, options)
