"""Health alone, in plain text, on a port of its own: for those who ask and speak no TLS.

The kubelet's gRPC probe is one (Kubernetes, "Define a gRPC liveness probe": no TLS, no
authentication). It is the same truth as on the server's port, and nothing else is there.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc

from meshdoctor.mesh.health import Health

Options = tuple[tuple[str, int], ...]


class HealthPort:
    """A gRPC server with nothing but `grpc.health.v1`.

    Args:
        health: the states.
        options: limits, those of the server whose health it is.
    """

    def __init__(self, health: Health, options: Options) -> None:
        self._server = grpc.server(ThreadPoolExecutor(1), options=options)
        health.add_to(self._server)

    def start(self, address: str) -> int:
        """Listen; return the port.

        Raises:
            OSError: the address cannot be listened on; says which.
        """
        bound = listening(address, lambda: self._server.add_insecure_port(address))
        self._server.start()
        return bound

    def stop(self) -> None:
        """End at once."""
        self._server.stop(None).wait()


def listening(address: str, add: Callable[[], int]) -> int:
    """Add a port to a server; return its number.

    Raises:
        OSError: the address cannot be listened on; says which.
    """
    try:
        return add()
    except RuntimeError as error:
        raise OSError(f"cannot listen on {address}: {error}") from error
