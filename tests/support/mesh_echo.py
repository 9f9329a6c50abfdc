"""A service that answers with its own name, in this process or as one of its own.

`python -m tests.support.mesh_echo HOST PORT` serves until SIGTERM.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Self

import grpc

from meshdoctor.mesh import MeshServer, ServerPolicy, ServerTls

SERVICE = "test.Echo"
ASK = f"{SERVICE}/Ask"
SERVER_POLICY = ServerPolicy(drain_seconds=0.3, grace_seconds=2.0)
_START_SECONDS = 30.0


class Echo:
    """The service: each answer is the name of who gave it.

    Attributes:
        executed: how many calls reached the handler.
        peers: the far ends of the connections that they came over.
        seconds: how late the calls that come next are answered.
        code: the status they get, when it is not OK.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.executed = 0
        self.peers: set[str] = set()
        self.seconds = 0.0
        self.code: grpc.StatusCode | None = None
        self._counting = threading.Lock()

    def ask(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer one call as told."""
        with self._counting:
            self.executed += 1
            self.peers.add(context.peer())
        code = self.code
        time.sleep(self.seconds)
        if code is not None:
            context.abort(code, "told to fail")
        return self.name.encode()

    def split(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer the name once for each byte of the request."""
        for _byte in request:
            yield self.ask(request, context)

    def join(self, requests: Iterator[bytes], _context: grpc.ServicerContext) -> bytes:
        """Answer all requests in one."""
        return b"".join(requests)

    def each(self, requests: Iterator[bytes], _context: grpc.ServicerContext) -> Iterator[bytes]:
        """Answer each request with itself."""
        yield from requests


def register(echo: Echo, server: grpc.Server) -> None:
    """Do what a generated `add_EchoServicer_to_server` would do; messages are bare bytes."""
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                SERVICE,
                {
                    "Ask": grpc.unary_unary_rpc_method_handler(echo.ask),
                    "Split": grpc.unary_stream_rpc_method_handler(echo.split),
                    "Join": grpc.stream_unary_rpc_method_handler(echo.join),
                    "Each": grpc.stream_stream_rpc_method_handler(echo.each),
                },
            ),
        )
    )


class EchoServer:
    """A server in this process, listening."""

    def __init__(
        self,
        host: str,
        port: int = 0,
        policy: ServerPolicy = SERVER_POLICY,
        interceptors: Sequence[grpc.ServerInterceptor] = (),
        credentials: ServerTls | None = None,
    ) -> None:
        self.echo = Echo(host)
        self.server = MeshServer(policy, interceptors, credentials)
        self.server.add(register, self.echo, SERVICE)
        self.host = host
        self.port = self.server.start(host, port)
        self.address = f"{host}:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.server.stop()


class EchoProcess:
    """A server in a process of its own, which can be killed and frozen."""

    def __init__(self, host: str, port: int) -> None:
        self._command = (sys.executable, "-m", "tests.support.mesh_echo", host, str(port))
        self.host = host
        self._process = self._spawn()
        self._await_ready()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()
        self._process.communicate()

    def restart(self) -> None:
        """Start it again after `kill`, on the same address; return when it serves."""
        self._process = self._spawn()
        self._await_ready()

    def close(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self._process.poll() is None:
            self.kill()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdout=subprocess.PIPE)

    def _await_ready(self) -> None:
        watchdog = threading.Timer(_START_SECONDS, self._process.kill)
        watchdog.start()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        watchdog.cancel()
        if line != b"ready\n":
            raise RuntimeError(f"{self._command} did not start")


def main(host: str, port: str) -> None:
    """Serve until SIGTERM, then drain."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = EchoServer(host, int(port)).server
    print("ready", flush=True)  # noqa: T201 - what the parent waits for
    signal.sigwait({signal.SIGTERM})
    server.drain()


if __name__ == "__main__":
    main(*sys.argv[1:])
