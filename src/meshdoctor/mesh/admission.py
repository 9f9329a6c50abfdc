"""How many calls a server takes at once, without turning its health checks away.

grpcio's `maximum_concurrent_rpcs` counts every call, so a busy server answers RESOURCE_EXHAUSTED to
the kubelet as well: the Pod is taken out, and the others get its load. Here the limit counts the
calls of the worker pool alone; health checks run outside it, see `health`.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NoReturn

import grpc
from grpc_health.v1 import health

_REFUSAL: Final = "the server is busy: it has as many calls as it takes at once"


class CountingPool(ThreadPoolExecutor):
    """A pool that knows how many calls are at work or waiting in it."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="rpc")
        self._counting = threading.Lock()
        self.calls = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as the base class
        """Submit as usual; the call counts until it is done."""
        with self._counting:
            self.calls += 1
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._done)
        return future

    def _done(self, _future: "Future[Any]") -> None:
        with self._counting:
            self.calls -= 1


class Admission(grpc.ServerInterceptor):
    """Refuses calls beyond a limit, at once and without a worker; must be the outermost.

    Args:
        pool: where admitted calls run.
        limit: calls at work or waiting; the next one gets RESOURCE_EXHAUSTED.
        told: each is called with what is known of a call that is refused.
    """

    def __init__(
        self,
        pool: CountingPool,
        limit: int,
        told: Sequence[Callable[[grpc.HandlerCallDetails], None]] = (),
    ) -> None:
        self._pool = pool
        self._limit = limit
        self._told = told
        # A handler that takes a stream is started before any message is read, so this one needs
        # neither a worker nor the request; on the wire a refusal looks the same for every kind.
        self._refuse: grpc.RpcMethodHandler[Any, Any] = grpc.stream_stream_rpc_method_handler(
            _refusing(_Inline())
        )

    def intercept_service(
        self,
        continuation: Callable[[Any], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:  # noqa: ANN401 - grpc.RpcMethodHandler or None
        """Pass on a call that may run; health always may."""
        if self._pool.calls < self._limit or _is_health(handler_call_details.method):
            return continuation(handler_call_details)
        for tell in self._told:
            tell(handler_call_details)
        return self._refuse


def _is_health(method: str) -> bool:
    return method.startswith(f"/{health.SERVICE_NAME}/")


def _refusing(pool: ThreadPoolExecutor) -> Callable[[Any, grpc.ServicerContext], NoReturn]:
    def refuse(_requests: object, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, _REFUSAL)

    refuse.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return refuse


class _Inline(ThreadPoolExecutor):
    """Runs what is submitted at once, in the submitting thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as the base class
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future
