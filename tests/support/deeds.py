"""A service that does as each request says, with telemetry, in this process or as one of its own.

`python -m tests.support.deeds` prints its port and serves until it is killed.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import grpc

from meshdoctor.mesh import MeshServer, ServerPolicy
from meshdoctor.telemetry import ServerCalls
from meshdoctor.telemetry.outlets import Outlets
from tests.support.tally import Tally, until

SERVICE = "test.Deeds"
DO = f"{SERVICE}/Do"
POUR = f"{SERVICE}/Pour"
GATHER = f"{SERVICE}/Gather"
TALK = f"{SERVICE}/Talk"
FAILURE = grpc.StatusCode.FAILED_PRECONDITION
POLICY = ServerPolicy(threads=8, max_concurrent_rpcs=1000, drain_seconds=0, grace_seconds=2)


class Deeds:
    """The service. A request is a word and, after a space, its value.

    Attributes:
        executed: how many handlers have begun.
    """

    def __init__(self) -> None:
        self.executed = 0
        self._counting = threading.Lock()
        self._words: dict[str, Callable[[str, Any], None]] = {
            "ok": lambda _value, _context: None,
            "sleep": lambda value, _context: time.sleep(float(value)),
            "abort": _abort,
            "code": lambda value, context: context.set_code(grpc.StatusCode[value]),
            "crash": _crash,
            "rich": _abort_with_details,
            "own": _send_own_metadata,
        }

    def do(self, request: bytes, context: Any) -> bytes:  # noqa: ANN401 - code() is not in gRPC's stubs
        """Do one deed; the answer is the metadata that came with the request, as JSON."""
        with self._counting:
            self.executed += 1
        word, _, value = request.decode().partition(" ")
        self._words[word](value, context)
        return json.dumps(list(context.invocation_metadata()), default=repr).encode()

    def pour(self, request: bytes, context: Any) -> Iterator[bytes]:  # noqa: ANN401 - as above
        """Answer three times, then do the deed; `endless` never ends."""
        with self._counting:
            self.executed += 1
        yield from (b"1", b"2", b"3")
        while request == b"endless" and context.is_active():
            yield b"more"
            time.sleep(0.005)
        if request != b"endless":
            self.do(request, context)

    def gather(self, requests: Iterator[bytes], context: Any) -> bytes:  # noqa: ANN401 - as above
        """Do all deeds in turn."""
        return b"".join(self.do(request, context) for request in requests)

    def talk(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:  # noqa: ANN401 - as above
        """Do and answer each deed."""
        for request in requests:
            yield self.do(request, context)


def _abort(value: str, context: grpc.ServicerContext) -> None:
    context.abort(grpc.StatusCode[value], "told to")


def _crash(value: str, _context: grpc.ServicerContext) -> None:
    raise RuntimeError(value)


def _abort_with_details(value: str, context: grpc.ServicerContext) -> None:
    context.set_trailing_metadata((("grpc-status-details-bin", value.encode()),))
    context.abort(FAILURE, "told to")


def _send_own_metadata(value: str, context: grpc.ServicerContext) -> None:
    time.sleep(float(value))
    context.send_initial_metadata((("own", "yes"),))


def register(deeds: Deeds, server: grpc.Server) -> None:
    """Do what a generated `add_DeedsServicer_to_server` would do; messages are bare bytes."""
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Do": grpc.unary_unary_rpc_method_handler(deeds.do),
        "Pour": grpc.unary_stream_rpc_method_handler(deeds.pour),
        "Gather": grpc.stream_unary_rpc_method_handler(deeds.gather),
        "Talk": grpc.stream_stream_rpc_method_handler(deeds.talk),
    }
    generic = grpc.method_handlers_generic_handler(SERVICE, handlers)
    server.add_generic_rpc_handlers((generic,))


class DeedsServer:
    """The service, listening; a context manager.

    Args:
        outlets: where its telemetry goes; only to `tally` when None.
        host: where to listen.
        port: where to listen; any free port for 0.
    """

    def __init__(
        self, outlets: Outlets | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.deeds = Deeds()
        self.tally = Tally()
        outlets = outlets or Outlets(self.tally.instruments)
        self.server = MeshServer(POLICY, (ServerCalls("deeds", outlets),))
        self.server.add(register, self.deeds, SERVICE)
        self.port = self.server.start(host, port)
        self.address = f"{host}:{self.port}"

    def idle(self) -> None:
        """Wait until no handler is at work, so that all of them are counted."""
        until(lambda: not self.tally.active("rpc_server_active_calls"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.server.stop()


if __name__ == "__main__":
    with DeedsServer() as running:
        sys.stdout.write(f"{running.port}\n")
        sys.stdout.flush()
        running.server.wait()
