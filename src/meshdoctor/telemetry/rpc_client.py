"""What a gRPC client tells of its calls: each call once, however it ends.

`ClientCalls` is the bookkeeping; `client_interceptor` puts it on any channel of anybody's;
`meshdoctor.mesh` uses the same bookkeeping without gRPC's interceptor layer, which builds a new
callable for every call.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc

from meshdoctor.telemetry.causes import Guess, classify, handler_ran
from meshdoctor.telemetry.context import TRACEPARENT, current, exemplar
from meshdoctor.telemetry.logs import line_ids
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.settle import FailureCounter
from meshdoctor.telemetry.spans import FinishedSpan, SpanKind, span_times

Metadata = tuple[tuple[str, str | bytes], ...]

_DETAILS_SHOWN = 300


class ClientCalls:
    """Keeps the books of all calls of one channel.

    Args:
        target: what the calls are made to, for the side probe.
        outlets: where metrics, spans and lines go.
        failures: counts failures by cause; None counts no causes.
    """

    def __init__(
        self, target: str, outlets: Outlets, failures: FailureCounter | None = None
    ) -> None:
        self.target = target
        self.outlets = outlets
        self.failures = failures
        self.active: dict[str, set[object]] = {}
        """The calls that have not ended, by method."""

    def expect(self, method: str) -> set[object]:
        """Have the series of `method` (full name, no leading slash) there before they count.

        Done by itself at a method's first call; earlier is better, see `FailureCounter.expect`.

        Returns:
            The method's calls that have not ended.
        """
        if self.failures is not None:
            self.failures.expect(method)
        instruments = self.outlets.instruments
        calls = set() if instruments is None else instruments.rpc_client_active.of(method)
        return self.active.setdefault(method, calls)

    def begin(self, method: str) -> "ClientCall":
        """Open the books of one call of `method` (full name, no leading slash)."""
        return ClientCall(self, method)


class ClientCall:
    """The books of one call: opened by `ClientCalls.begin`, closed once by `ok` or `failed`."""

    __slots__ = ("_active", "_calls", "_closed", "_method", "_parent_id", "_start", "context")

    def __init__(self, calls: ClientCalls, method: str) -> None:
        self._calls = calls
        self._method = method
        self._closed = False
        above = current.get()
        # Kept from here: a future ends in gRPC's thread, where another request may be current.
        self._parent_id = above.span_id if above is not None else 0
        self.context = above.child() if above is not None and above.sampled else above
        active = calls.active.get(method)
        self._active = calls.expect(method) if active is None else active
        self._active.add(self)
        self._start = time.perf_counter()

    def metadata(self, given: Metadata | None) -> Metadata | None:
        """Return the metadata to send: what was given and this call's `traceparent`."""
        if self.context is None:
            return given
        return (*(given or ()), (TRACEPARENT, self.context.traceparent))

    def ok(self) -> None:
        """Close the books of a call that ended OK."""
        self._close(grpc.StatusCode.OK)

    def failed(
        self,
        error: Any,  # noqa: ANN401 - a grpc.Call that is also the error
        guess: Guess | None = None,
        address: str | None = None,
    ) -> None:
        """Close the books of a failed call.

        Args:
            error: has `code()`, `details()` and the metadata of a `grpc.Call`.
            guess: the cause, where the caller knows better than the error's text.
            address: the `ip:port` that was called, where the caller knows it: the side probe then
                looks there, not at the channel's target.
        """
        if self._closed:
            return
        code, details = error.code(), error.details() or ""
        if guess is None:
            guess = classify(code, details, ran=_ran(error))
        self._close(code, _Failure(details, guess, address or self._calls.target))

    def _close(self, code: grpc.StatusCode, failure: "_Failure | None" = None) -> None:
        if self._closed:
            return
        self._closed = True
        seconds = time.perf_counter() - self._start
        self._active.discard(self)
        self._calls.outlets.note(self._write, _End(code, seconds, time.time(), failure))

    def _write(self, end: "_End") -> None:
        self._measure(end)
        self._trace(end)
        if end.failure is not None:
            if self._calls.failures is not None:
                self._calls.failures.failed(
                    self._method, end.failure.at, end.failure.guess, exemplar(self.context)
                )
            self._log(end, end.failure)

    def _measure(self, end: "_End") -> None:
        instruments = self._calls.outlets.instruments
        if instruments is not None:
            error = "" if end.failure is None else end.code.name
            instruments.rpc_client_duration.of(self._method, end.code.name, error).observe(
                end.seconds, exemplar(self.context)
            )

    def _trace(self, end: "_End") -> None:
        spans, context = self._calls.outlets.spans, self.context
        if spans is None or context is None or not context.sampled:
            return
        spans.add(
            FinishedSpan(
                context,
                self._parent_id,
                self._method,
                SpanKind.CLIENT,
                *span_times(end.at, end.seconds),
                rpc_attributes(self._method, end.code),
                end.failure and f"{end.code.name}: {end.failure.details[:_DETAILS_SHOWN]}",
            )
        )

    def _log(self, end: "_End", failure: "_Failure") -> None:
        # breaker-open repeats what the failures that opened it have told, at the full rate.
        logger, guess = self._calls.outlets.logger, failure.guess
        if logger is None or guess.cause in {"breaker-open", "caller-error"}:
            return
        logger.warning(
            "rpc.failed",
            rpc_method=self._method,
            rpc_response_status_code=end.code.name,
            cause=guess.cause if guess.certain else "being-probed",
            details=failure.details[:_DETAILS_SHOWN],
            **line_ids(self.context, end.at),
        )


class _Failure(NamedTuple):
    """Why a call failed; `at` is where the side probe should look."""

    details: str
    guess: Guess
    at: str


class _End(NamedTuple):
    """How a call ended: status, seconds it took, Unix time, and why when not OK."""

    code: grpc.StatusCode
    seconds: float
    at: float
    failure: _Failure | None


def rpc_attributes(method: str, code: grpc.StatusCode) -> tuple[tuple[str, str], ...]:
    """Return the attributes of an RPC span (semantic conventions 1.45, rpc spans, gRPC)."""
    attributes = (
        ("rpc.system.name", "grpc"),
        ("rpc.method", method),
        ("rpc.response.status_code", code.name),
    )
    return attributes if code is grpc.StatusCode.OK else (*attributes, ("error.type", code.name))


def _ran(error: Any) -> bool:  # noqa: ANN401 - a grpc.Call, or an error that only has a code
    if not hasattr(error, "initial_metadata"):
        return False
    # The marker behind a status proves that the status is the handler's. The one before it only
    # proves that the handler had begun: the connection may have broken since.
    late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    return handler_ran(error.trailing_metadata(), error.initial_metadata() if late else None)


def when_ended(call: Any, tell: Callable[[Any], None]) -> None:  # noqa: ANN401 - gRPC's call object
    """Call `tell` once when `call` has ended: now if it has, else from gRPC's thread.

    gRPC cancels a call whose object its caller lets go, such as a stream left by `break`. Its own
    `add_done_callback` would keep that object alive, and the stream running on both sides. So the
    end is read from the state behind the object; where a grpcio has none, counting still works.

    Args:
        call: what gRPC returned: a future, a stream, an outcome, an error.
        tell: gets what has `code()`, `details()` and both metadata of the ended call.
    """
    state = getattr(call, "_state", None)
    if state is None or call.done() or not call.add_callback(lambda: tell(_Ended(state))):
        call.add_done_callback(tell)


class _Ended:
    """An ended call without its object."""

    __slots__ = ("_state",)

    def __init__(self, state: Any) -> None:  # noqa: ANN401 - gRPC's own
        self._state = state

    def code(self) -> grpc.StatusCode:
        return self._state.code  # type: ignore[no-any-return]

    def details(self) -> str:
        details = self._state.details
        return details.decode("utf-8", "replace") if isinstance(details, bytes) else details or ""

    def initial_metadata(self) -> Any:  # noqa: ANN401 - as grpc.Call
        return self._state.initial_metadata

    def trailing_metadata(self) -> Any:  # noqa: ANN401 - as grpc.Call
        return self._state.trailing_metadata


class _Abandoned:
    """Stands for a call that was never sent, or that its caller was torn away from."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.CANCELLED

    def details(self) -> str:
        return "the call was not sent, or its caller was interrupted"


class _Details(NamedTuple):
    method: str
    timeout: float | None
    metadata: Metadata | None
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: grpc.Compression | None


class _ClientInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    def __init__(self, calls: ClientCalls) -> None:
        self._calls = calls

    def _intercept(
        self,
        continuation: Callable[[Any, Any], Any],
        details: Any,  # noqa: ANN401 - gRPC passes a tuple of its own
        request: Any,  # noqa: ANN401 - a message or an iterator of them
    ) -> Any:  # noqa: ANN401 - gRPC's call object
        method = details.method
        name = (method.decode() if isinstance(method, bytes) else method).lstrip("/")
        call = self._calls.begin(name)
        sent = _Details(
            details.method,
            details.timeout,
            call.metadata(details.metadata),
            details.credentials,
            getattr(details, "wait_for_ready", None),
            getattr(details, "compression", None),
        )
        try:
            outcome = continuation(sent, request)
        except BaseException as error:
            # A closed channel, a message that cannot be written, an interrupted caller.
            call.failed(error if isinstance(error, grpc.RpcError) else _Abandoned())
            raise
        when_ended(outcome, lambda ended: _finish(call, ended))
        return outcome

    # The four kinds differ in types only.
    intercept_unary_unary = _intercept  # type: ignore[assignment]
    intercept_unary_stream = _intercept  # type: ignore[assignment]
    intercept_stream_unary = _intercept  # type: ignore[assignment]
    intercept_stream_stream = _intercept  # type: ignore[assignment]


def _finish(call: ClientCall, ended: Any) -> None:  # noqa: ANN401 - gRPC's call object
    if ended.code() is grpc.StatusCode.OK:
        call.ok()
    else:
        call.failed(ended)


def client_interceptor(calls: ClientCalls) -> grpc.UnaryUnaryClientInterceptor:
    """Return an interceptor of all four kinds of calls, for `grpc.intercept_channel`."""
    return _ClientInterceptor(calls)
