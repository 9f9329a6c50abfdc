"""The server's side of the mesh: limits, keepalive, health that follows the real state, drain."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection

from meshdoctor.mesh.admission import Admission, CountingPool
from meshdoctor.mesh.health import Health
from meshdoctor.mesh.healthport import HealthPort, listening
from meshdoctor.mesh.tls import ServerTls
from meshdoctor.telemetry.rpc_server import ServerCalls

_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass(frozen=True, slots=True)
class ServerPolicy:
    """How a server serves.

    Attributes:
        threads: handlers at work at once; 2 to 4 were faster than 10 where this was measured.
        max_concurrent_rpcs: calls at work or waiting; the next one gets RESOURCE_EXHAUSTED, a
            health check never.
        max_message_bytes: a larger request gets RESOURCE_EXHAUSTED before it is read; the default
            of 4 MiB lets 60 callers exhaust a 96 MiB Pod.
        reflection: whether anybody may list the server's methods.
        drain_seconds: between "not serving" and the end of new calls, for clients to leave.
        grace_seconds: for calls in flight to end.
        max_connection_age_seconds: after this a connection is asked to come back, so that load
            spreads to new Pods and an expired certificate is noticed.
        min_ping_interval_seconds: clients that ping more often are sent away.
    """

    threads: int = 4
    max_concurrent_rpcs: int = 16
    max_message_bytes: int = 64 * 1024
    reflection: bool = False
    drain_seconds: float = 1.0
    grace_seconds: float = 8.0
    max_connection_age_seconds: float = 300.0
    min_ping_interval_seconds: float = 5.0


class MeshServer:
    """A gRPC server with health service, limits and an orderly end.

    Args:
        policy: how to serve.
        interceptors: outermost first.
        credentials: TLS, from files that may change (`ServerTls`, closed with the server) or for
            good; None talks plain text.
    """

    def __init__(
        self,
        policy: ServerPolicy,
        interceptors: Sequence[grpc.ServerInterceptor] = (),
        credentials: grpc.ServerCredentials | ServerTls | None = None,
    ) -> None:
        self._policy = policy
        self._credentials = credentials
        self._services: list[str] = []
        self._drained = threading.Lock()
        self._health_port: HealthPort | None = None
        self._health = Health()
        self._health.set("", _NOT_SERVING)
        pool = CountingPool(policy.threads)
        self._server = grpc.server(
            pool,
            interceptors=[
                # Whom it refuses the others never see.
                Admission(pool, policy.max_concurrent_rpcs, _books(interceptors)),
                *interceptors,
            ],
            options=_options(policy),
        )
        self._health.add_to(self._server)

    def add(
        self, register: Callable[[Any, grpc.Server], None], servicer: object, name: str
    ) -> None:
        """Add a service.

        Args:
            register: the generated `add_XServicer_to_server`.
            servicer: its implementation.
            name: the service's full name, for health and reflection.
        """
        register(servicer, self._server)
        self._services.append(name)
        self._health.set(name, _NOT_SERVING)

    def start(self, host: str, port: int) -> int:
        """Listen and serve; return the port (that of `port`, or any free one for 0).

        Raises:
            OSError: the address cannot be listened on; says which.
        """
        if self._policy.reflection:
            names = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)
        address = _address(host, port)
        bound = listening(address, lambda: self._listen(address))
        self._server.start()
        self._tell(_SERVING)
        return bound

    def start_health(self, host: str, port: int) -> int:
        """Answer health checks on another port as well, in plain text; return that port.

        For a server with TLS, whose own port the kubelet's probe cannot ask. It says "not serving"
        before `start` and in the drain, and is closed with the server.

        Raises:
            OSError: the address cannot be listened on; says which.
        """
        self._health_port = HealthPort(self._health, _options(self._policy))
        return self._health_port.start(_address(host, port))

    def drain(self) -> None:
        """End without losing a call: say so, wait for clients to leave, finish what runs.

        Blocks for up to `drain_seconds` + `grace_seconds`; a second call waits for the first.
        """
        with self._drained:
            self._tell(_NOT_SERVING)
            time.sleep(self._policy.drain_seconds)
            self._server.stop(self._policy.grace_seconds).wait()
            self._close()

    def stop(self) -> None:
        """End at once; calls in flight are cancelled."""
        self._server.stop(None).wait()
        self._close()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the server has ended; False when `seconds` passed before."""
        return not self._server.wait_for_termination(seconds)

    def _listen(self, address: str) -> int:
        credentials = self._credentials
        if credentials is None:
            return self._server.add_insecure_port(address)
        if isinstance(credentials, ServerTls):
            credentials = credentials.start()
        return self._server.add_secure_port(address, credentials)

    def _close(self) -> None:
        if self._health_port is not None:
            self._health_port.stop()
        if isinstance(self._credentials, ServerTls):
            self._credentials.close()

    def _tell(self, status: int) -> None:
        for name in ("", *self._services):
            self._health.set(name, status)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _books(
    interceptors: Sequence[grpc.ServerInterceptor],
) -> tuple[Callable[[grpc.HandlerCallDetails], None], ...]:
    return tuple(one.refused for one in interceptors if isinstance(one, ServerCalls))


def _options(policy: ServerPolicy) -> tuple[tuple[str, int], ...]:
    return (
        ("grpc.so_reuseport", 0),  # two servers on one port would share calls in silence
        ("grpc.max_receive_message_length", policy.max_message_bytes),
        ("grpc.max_concurrent_streams", 100),
        ("grpc.max_connection_age_ms", int(policy.max_connection_age_seconds * 1000)),
        ("grpc.max_connection_age_grace_ms", int(policy.grace_seconds * 1000)),
        ("grpc.keepalive_permit_without_calls", 1),
        # The macro in gRPC is named ..MIN_RECV_PING..; an option of that name is ignored.
        (
            "grpc.http2.min_ping_interval_without_data_ms",
            int(policy.min_ping_interval_seconds * 1000),
        ),
    )
