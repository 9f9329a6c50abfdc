# ruff: noqa: ANN401 - gRPC's messages, calls and multi-callables are Any: they belong to any service
"""One call over all backends: first try, second try elsewhere, books closed exactly once."""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import grpc

from meshdoctor.mesh.backends import Backend
from meshdoctor.mesh.errors import AbandonedError
from meshdoctor.mesh.reach import Reach
from meshdoctor.telemetry.rpc_client import ClientCall, Metadata, when_ended

_ANOTHER_MAY_HELP: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,  # what a server that stops answers its calls in flight
    }
)
_NOT_WORTH_SECONDS: Final = 0.005


class _Given(NamedTuple):
    """What the caller of a stub's method gave, in gRPC's order."""

    request: Any
    timeout: float | None = None
    metadata: Metadata | None = None
    credentials: grpc.CallCredentials | None = None
    wait_for_ready: bool | None = None  # accepted and not used: waiting hides the cause
    compression: grpc.Compression | None = None


class Method:
    """A method of a stub, callable on any backend.

    Args:
        reach: the backends.
        kind: `unary_unary`, `unary_stream`, `stream_unary` or `stream_stream`.
        path: `/package.Service/Method`.
        codec: request serializer and response deserializer.
    """

    def __init__(self, reach: Reach, kind: str, path: str, codec: tuple[Any, ...]) -> None:
        self.reach = reach
        self.name = path.lstrip("/")
        self._kind = kind
        reach.expect(self.name)
        self._make: Callable[[grpc.Channel], Any] = lambda channel: getattr(channel, kind)(
            path, *codec, _registered_method=True
        )

    def on(self, backend: Backend) -> Any:
        """Return the callable on `backend`."""
        return backend.method(self._kind, self.name, self._make)

    def start(self, given: _Given) -> tuple[Backend, ClientCall | None, Metadata | None, float]:
        """Open the books and pick a backend; return it, the books, metadata and the end.

        The end is the time of `time.monotonic` at which the caller's deadline passes, counted from
        here: a wait for the first lookup is a part of the call.

        Raises:
            NoBackendError: there is nobody to call; the books are closed.
        """
        reach = self.reach
        books = reach.calls.begin(self.name) if reach.calls else None
        seconds = reach.policy.deadline_seconds if given.timeout is None else given.timeout
        reach.budget.earn()
        end = time.monotonic() + seconds
        backend = reach.pick(seconds)
        if backend is None:
            error = reach.nobody()
            if books:
                books.failed(error, error.guess)
            raise error
        return backend, books, books.metadata(given.metadata) if books else given.metadata, end

    def send_once(self, call: Callable[..., Any], given: _Given) -> Any:
        """Send to one backend, without waiting; the books close when the call ends."""
        backend, books, metadata, end = self.start(given)
        seconds = max(end - time.monotonic(), 0)
        try:
            sent = call(self.on(backend))(
                given.request,
                timeout=seconds,
                metadata=metadata,
                credentials=given.credentials,
                compression=given.compression,
            )
        except BaseException as error:  # a message that cannot be written, a channel just closed
            if books:
                books.failed(error if isinstance(error, grpc.RpcError) else AbandonedError())
            raise
        when_ended(sent, lambda ended: self._ended(ended, backend, books, seconds))
        return sent

    def _ended(
        self,
        ended: Any,
        backend: Backend,
        books: ClientCall | None,
        seconds: float,
    ) -> None:
        if ended.code() is grpc.StatusCode.OK:
            backend.breaker.succeeded()
            if books:
                books.ok()
            return
        if ended.code() is not grpc.StatusCode.CANCELLED:  # here the caller may have cancelled
            self.reach.judge(backend, ended, seconds)
        if books:
            books.failed(ended, address=backend.address)


class UnaryMethod(grpc.UnaryUnaryMultiCallable):  # type: ignore[type-arg]  # not generic at run time
    """A unary method with a deadline, a second try and breakers.

    Args:
        method: what to call.
    """

    def __init__(self, method: Method) -> None:
        self._method = method
        self._twice = method.name in method.reach.policy.idempotent

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call and return the response; arguments as `grpc.UnaryUnaryMultiCallable`.

        Raises:
            grpc.RpcError: the call did not end OK.
        """
        return self._run(_Given(*given, **named), _plainly)

    def with_call(self, *given: Any, **named: Any) -> Any:
        """Call and return the response and its `grpc.Call`.

        Raises:
            grpc.RpcError: the call did not end OK.
        """
        return self._run(_Given(*given, **named), _with_call)

    def future(self, *given: Any, **named: Any) -> Any:
        """Call without waiting, on one backend, without a second try."""
        return self._method.send_once(_as_future, _Given(*given, **named))

    def _run(self, given: _Given, how: Callable[[Any], Callable[..., Any]]) -> Any:
        backend, books, metadata, end = self._method.start(given)
        sent = given._replace(metadata=metadata)
        try:
            outcome, error, backend = self._tries(sent, how, backend, end)
        except BaseException:
            if books:
                books.failed(AbandonedError())
            raise
        if error is None:
            if books:
                books.ok()
            return outcome
        if books:
            books.failed(error, address=backend.address)
        raise error

    def _tries(
        self, sent: _Given, how: Callable[[Any], Callable[..., Any]], backend: Backend, end: float
    ) -> tuple[Any, grpc.RpcError | None, Backend]:
        reach = self._method.reach
        whole = max(end - time.monotonic(), 0)
        first = self._twice and len(reach.backends) > 1 and reach.budget.is_open
        seconds = min(whole, reach.policy.second_try_seconds) if first else whole
        outcome, error = self._try(sent, how, backend, seconds)
        # A second try; and a third where two failed at once and time is left: in a rolling restart
        # one backend is going just as another has come back and is not yet connected.
        tried = [backend]
        while error is not None and (another := self._another(tried, error, end)) is not None:
            tried.append(another)
            outcome, error = self._try(sent, how, another, max(end - time.monotonic(), 0))
        return outcome, error, tried[-1]

    def _try(
        self,
        sent: _Given,
        how: Callable[[Any], Callable[..., Any]],
        backend: Backend,
        seconds: float,
    ) -> tuple[Any, grpc.RpcError | None]:
        try:
            outcome = how(self._method.on(backend))(
                sent.request,
                timeout=seconds,
                metadata=sent.metadata,
                credentials=sent.credentials,
                compression=sent.compression,
            )
        except grpc.RpcError as error:
            self._method.reach.judge(backend, error, seconds)
            return None, error
        backend.breaker.succeeded()
        return outcome, None

    def _another(self, tried: list[Backend], error: Any, end: float) -> Backend | None:
        reach = self._method.reach
        if not self._twice or error.code() not in _ANOTHER_MAY_HELP:
            return None
        if len(reach.backends) <= len(tried) or end - time.monotonic() < _NOT_WORTH_SECONDS:
            return None
        # Asked before a backend is picked: a breaker's one trial must not go to a call that is then
        # denied, or a healed backend waits for the next.
        if not reach.budget.spend():
            reach.count_second_try(self._method.name, "denied")
            return None
        another = reach.backends.pick(time.monotonic(), other_than=tried)
        if another is None:
            reach.budget.give_back()
            return None
        reach.count_second_try(self._method.name, "sent")
        return another


class StreamMethod(
    grpc.UnaryStreamMultiCallable,  # type: ignore[type-arg]  # not generic at run time
    grpc.StreamUnaryMultiCallable,  # type: ignore[type-arg]
    grpc.StreamStreamMultiCallable,  # type: ignore[type-arg]
):
    """A method with a stream on either side: one backend, one try.

    Args:
        method: what to call.
        waits: whether a plain call waits for its one response (`stream_unary`).
    """

    def __init__(self, method: Method, *, waits: bool) -> None:
        self._method = method
        self._waits = waits

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call; return the stream of responses, or the response of a `stream_unary` method."""
        if self._waits:
            return self.future(*given, **named).result()
        return self._method.send_once(_plainly, _Given(*given, **named))

    def with_call(self, *given: Any, **named: Any) -> Any:
        """Call a `stream_unary` method; return its response and its `grpc.Call`."""
        call = self.future(*given, **named)
        return call.result(), call

    def future(self, *given: Any, **named: Any) -> Any:
        """Call a `stream_unary` method without waiting."""
        return self._method.send_once(_as_future, _Given(*given, **named))


def _plainly(on: Any) -> Callable[..., Any]:
    return on  # type: ignore[no-any-return]


def _with_call(on: Any) -> Callable[..., Any]:
    return on.with_call  # type: ignore[no-any-return]


def _as_future(on: Any) -> Callable[..., Any]:
    return on.future  # type: ignore[no-any-return]
