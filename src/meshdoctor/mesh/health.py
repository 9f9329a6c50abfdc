"""The health service (grpc/grpc doc/health-checking.md), which nobody can bring to a stop.

The servicer of grpcio-health-checking sends to watchers while it holds its lock, and takes the same
lock in gRPC's one event thread when a watcher leaves. A client that hangs up in that moment stops
the whole server for ever, and every connection that reaches its greatest age is such a moment:
here it took 0.5 to 2 minutes at one connection each 0.3 s (grpc/grpc#43403). So this one holds no
lock that the event thread needs while it sends, and each send has a thread of its own: a peer that
reads nothing holds up nobody but itself.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_UNKNOWN: Final = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN

_Send = Callable[[health_pb2.HealthCheckResponse], None]


class Health:
    """The states of a server's services, told to who asks and to who watches."""

    def __init__(self) -> None:
        self._states: dict[str, int] = {}
        self._watchers: set[_Watcher] = set()
        self._changing = threading.Lock()  # nothing is sent while it is held
        # Health is answered while every worker is busy.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="health")

    @property
    def watchers(self) -> int:
        """How many watches are open."""
        return len(self._watchers)

    def add_to(self, server: grpc.Server) -> None:
        """Add the service to `server`."""
        servicer: Any = health_pb2_grpc.HealthServicer()
        servicer.Check = self._in_own_thread(self._check)
        servicer.Watch = self._in_own_thread(self._watch)
        # The handler gets a function to send with, and no thread waits until the watcher leaves.
        servicer.Watch.experimental_non_blocking = True
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)

    def set(self, service: str, state: int) -> None:
        """Change a service's state ("" is the server's own) and tell its watchers, not waiting.

        Args:
            service: full name.
            state: a value of `HealthCheckResponse.ServingStatus`.
        """
        with self._changing:
            self._states[service] = state
            watchers = [watcher for watcher in self._watchers if watcher.service == service]
        for watcher in watchers:
            self._tell(watcher)

    def _check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        state = self._state(request.service)
        if state == _UNKNOWN:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            return health_pb2.HealthCheckResponse()
        return _response(state)

    def _watch(
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.ServicerContext,
        send: _Send,
    ) -> None:
        watcher = _Watcher(request.service, send)

        def forget() -> None:
            with self._changing:
                self._watchers.discard(watcher)

        with self._changing:
            self._watchers.add(watcher)
        if context.add_callback(forget):
            self._tell(watcher)
        else:
            forget()  # it has left already, and nobody will call

    def _tell(self, watcher: "_Watcher") -> None:
        threading.Thread(
            target=watcher.tell, args=(self._state,), name="health-watch", daemon=True
        ).start()

    def _state(self, service: str) -> int:
        return self._states.get(service, _UNKNOWN)

    def _in_own_thread(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        def handle(*given: Any) -> Any:  # noqa: ANN401 - as gRPC calls a handler
            return answer(*given)

        handle.experimental_thread_pool = self._pool  # type: ignore[attr-defined]
        return handle


class _Watcher:
    """One open `Watch`: told each new state once, and the last one last."""

    def __init__(self, service: str, send: _Send) -> None:
        self.service = service
        self._send = send
        self._turn = threading.Lock()
        self._told: int | None = None

    def tell(self, state_of: Callable[[str], int]) -> None:
        """Send the state that holds now, unless it was sent already; wait until it has left."""
        with self._turn:
            state = state_of(self.service)
            if state != self._told:
                self._told = state
                self._send(_response(state))


def _response(state: int) -> health_pb2.HealthCheckResponse:
    return health_pb2.HealthCheckResponse(
        status=health_pb2.HealthCheckResponse.ServingStatus.ValueType(state)
    )
