"""What a gRPC server tells of its calls, and the marker by which a client knows that it ran."""

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

import grpc

from meshdoctor.telemetry.causes import CALLERS_FAULTS, MARKER
from meshdoctor.telemetry.context import TRACEPARENT, TraceContext, current, exemplar, parse
from meshdoctor.telemetry.logs import line_ids
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.rpc_client import Metadata, rpc_attributes
from meshdoctor.telemetry.spans import FinishedSpan, SpanKind, span_times

_UNTOLD: Final = ("grpc.health.v1.Health/", "grpc.reflection.")
_OTHER: Final = "_OTHER"
_MARKER_AFTER_SECONDS: Final = 0.03
_NO_FAULT_OF_OURS: Final = CALLERS_FAULTS | {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED}
"""Statuses that are no error of the server (semantic conventions 1.45, gRPC server spans)."""


class ServerCalls(grpc.ServerInterceptor):
    """Counts, times and traces every call of a server; health and reflection stay untold.

    Args:
        service: the service's name, the value of the marker.
        outlets: where metrics, spans and lines go.
    """

    def __init__(self, service: str, outlets: Outlets) -> None:
        self.outlets = outlets
        self.marker = ((MARKER, service),)
        self.late = LateMarker(self.marker)
        self._wrapped: dict[str, tuple[object, Any]] = {}

    def intercept_service(
        self,
        continuation: Callable[[Any], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - grpc.RpcMethodHandler or None
        """Wrap the handler that gRPC found; wrapped once per method, not once per call."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method.lstrip("/")
        if handler is None or method.startswith(_UNTOLD):
            return handler
        known, wrapped = self._wrapped.get(method, (None, None))
        if known is not handler:
            wrapped = _wrap(self, method, handler)
            self._wrapped[method] = (handler, wrapped)
        return wrapped

    def refused(self, details: grpc.HandlerCallDetails) -> None:
        """Count a call that was turned away with RESOURCE_EXHAUSTED before it came to a handler.

        Its time is 0, because no handler took any. A method that has never been served is
        `_OTHER`: before its handler is looked for, a method is whatever the caller made up
        (semantic conventions 1.45, `rpc.method`).
        """
        method = details.method.lstrip("/")
        known = method if method in self._wrapped else _OTHER
        self.outlets.note(self._write_refusal, (known, _caller(details.invocation_metadata)))

    def _write_refusal(self, refusal: tuple[str, TraceContext | None]) -> None:
        if self.outlets.instruments is not None:
            method, caller = refusal
            name = grpc.StatusCode.RESOURCE_EXHAUSTED.name
            self.outlets.instruments.rpc_server_duration.of(method, name, name).observe(
                0, exemplar(caller)
            )


class LateMarker:
    """Tells a waiting client that the handler runs, but only when it takes long.

    Initial metadata sent at once costs 0.1-0.2 ms a call. A client only needs it when its deadline
    is near, so one thread sends it for calls older than 30 ms; a fast call pays an append.

    Initial metadata can be sent once. A slow handler that wants to send its own and finds the
    marker gone out has it moved to the trailing metadata, and its method is spared from then on.
    """

    def __init__(self, marker: tuple[tuple[str, str], ...]) -> None:
        self._marker = marker
        self._running: deque[_ServerCall] = deque()
        self._spared: set[str] = set()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, call: "_ServerCall") -> None:
        """Send the marker if `call` still runs 30 ms after its start."""
        if call.method in self._spared:
            return
        self._running.append(call)
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="marker", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_MARKER_AFTER_SECONDS)
            due = time.perf_counter() - _MARKER_AFTER_SECONDS
            while self._running and self._running[0].start <= due:
                call = self._running.popleft()
                context = call.context
                if context is not None and context.is_active():
                    self._mark(call.method, context)

    def _mark(self, method: str, context: grpc.ServicerContext) -> None:
        its_own = weakref.proxy(context)  # no cycle: a call's end frees it at once

        def too_late(initial_metadata: Metadata) -> None:
            self._spared.add(method)
            _add_trailing(its_own, initial_metadata)

        send = context.send_initial_metadata
        # The handler may have sent its own metadata, the client may have left this very moment,
        # another interceptor may have put its own context here: a call less is marked.
        with suppress(AttributeError, ValueError, grpc.RpcError):
            context.send_initial_metadata = too_late  # type: ignore[method-assign]
            send(self._marker)


def _add_trailing(context: grpc.ServicerContext, metadata: Metadata) -> None:
    # What the handler has put there, such as google.rpc.Status, stays.
    context.set_trailing_metadata((*(context.trailing_metadata() or ()), *metadata))


class _ServerCall:
    __slots__ = ("_calls", "_place", "_up", "context", "method", "start")

    def __init__(self, calls: ServerCalls, method: str, context: grpc.ServicerContext) -> None:
        self._calls = calls
        self.method = method
        self.context: grpc.ServicerContext | None = context
        self._up = _caller(context.invocation_metadata())
        self._place = self._up.child() if self._up is not None and self._up.sampled else self._up
        current.set(self._place)  # gRPC runs each call in a contextvars.Context of its own
        if calls.outlets.instruments is not None:
            calls.outlets.instruments.rpc_server_active.of(method).add(self)
        self.start = time.perf_counter()
        calls.late.watch(self)

    def end(self, context: grpc.ServicerContext, crash: BaseException | None = None) -> None:
        seconds = time.perf_counter() - self.start
        # gRPC counts a stream as open for as long as anybody holds its context.
        self.context = None
        code = _code(context, crash)
        if code is not grpc.StatusCode.OK:
            # Trailing, so free for calls that succeed: "this error is the handler's own".
            _add_trailing(context, self._calls.marker)
        outlets = self._calls.outlets
        if outlets.instruments is not None:
            outlets.instruments.rpc_server_active.of(self.method).discard(self)
        outlets.note(self._write, _Ended(code, seconds, time.time()))

    def _write(self, ended: "_Ended") -> None:
        self._measure(ended)
        self._trace(ended)
        self._log(ended)

    def _measure(self, ended: "_Ended") -> None:
        instruments = self._calls.outlets.instruments
        if instruments is not None:
            error = "" if ended.code is grpc.StatusCode.OK else ended.code.name
            instruments.rpc_server_duration.of(self.method, ended.code.name, error).observe(
                ended.seconds, exemplar(self._place)
            )

    def _trace(self, ended: "_Ended") -> None:
        spans = self._calls.outlets.spans
        if spans is None or self._place is None or not self._place.sampled:
            return
        spans.add(
            FinishedSpan(
                self._place,
                self._up.span_id if self._up else 0,
                self.method,
                SpanKind.SERVER,
                *span_times(ended.at, ended.seconds),
                rpc_attributes(self.method, ended.code),
                None if ended.code in _NO_FAULT_OF_OURS else ended.code.name,
            )
        )

    def _log(self, ended: "_Ended") -> None:
        outlets, level = self._calls.outlets, logging.INFO
        if ended.code not in _NO_FAULT_OF_OURS:
            level = logging.ERROR
        elif ended.seconds >= outlets.slow_seconds:
            level = logging.WARNING
        elif self._place is None or not self._place.sampled:
            return
        if outlets.logger is not None:
            outlets.logger.log(
                level,
                "rpc.slow" if level == logging.WARNING else "rpc.handled",
                rpc_method=self.method,
                rpc_response_status_code=ended.code.name,
                seconds=round(ended.seconds, 4),
                **line_ids(self._place, ended.at),
            )


class _Ended(NamedTuple):
    """How a call ended: status, seconds the handler took, Unix time."""

    code: grpc.StatusCode
    seconds: float
    at: float


def _caller(metadata: Any) -> TraceContext | None:  # noqa: ANN401 - gRPC's own pairs
    for key, value in metadata or ():
        if key == TRACEPARENT and isinstance(value, str):
            return parse(value)
    return None


def _code(context: Any, crash: BaseException | None) -> grpc.StatusCode:  # noqa: ANN401 - code() is not in gRPC's stubs
    code = context.code()
    if isinstance(code, grpc.StatusCode):
        return code
    if crash is not None and not isinstance(crash, GeneratorExit):
        return grpc.StatusCode.UNKNOWN
    return grpc.StatusCode.OK if context.is_active() else grpc.StatusCode.CANCELLED


def _wrap(calls: ServerCalls, method: str, handler: Any) -> Any:  # noqa: ANN401 - grpc.RpcMethodHandler
    for name, make, around in (
        ("unary_unary", grpc.unary_unary_rpc_method_handler, _around_unary),
        ("stream_unary", grpc.stream_unary_rpc_method_handler, _around_unary),
        ("unary_stream", grpc.unary_stream_rpc_method_handler, _around_stream),
        ("stream_stream", grpc.stream_stream_rpc_method_handler, _around_stream),
    ):
        if (inner := getattr(handler, name)) is not None:
            return make(
                around(calls, method, inner),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
    return handler


def _around_unary(
    calls: ServerCalls, method: str, inner: Callable[[Any, grpc.ServicerContext], Any]
) -> Callable[[Any, grpc.ServicerContext], Any]:
    def handle(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
        call = _ServerCall(calls, method, context)
        try:
            response = inner(request, context)
        except BaseException as crash:
            call.end(context, crash)
            raise
        call.end(context)
        return response

    return handle


def _around_stream(
    calls: ServerCalls, method: str, inner: Callable[[Any, grpc.ServicerContext], Iterator[Any]]
) -> Callable[[Any, grpc.ServicerContext], Iterator[Any]]:
    def handle(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ANN401 - any message
        call = _ServerCall(calls, method, context)
        try:
            yield from inner(request, context)
        except BaseException as crash:
            call.end(context, crash)
            raise
        call.end(context)

    return handle
