"""`python -m marketplace` as a process, as the kubelet would start it."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.support.mesh_net import addresses, free_port, until

START_SECONDS = 30.0
_KEPT = ("PATH", "HOME")


def kept_environment() -> dict[str, str]:
    """Give what a service needs of this process's environment, and nothing that steers one."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


class ShopProcess:
    """A marketplace that runs.

    Args:
        ready: whether to wait until it is.
        environment: variables; a name without prefix is one of MARKETPLACE_.
    """

    def __init__(self, *, ready: bool = True, **environment: str) -> None:
        (self.host,) = addresses(1)
        self.port = free_port(self.host)
        self.metrics_port = free_port(self.host)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            (sys.executable, "-m", "marketplace"),
            env=self._environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if ready:
            self._await_ready()

    def get(self, path: str, port: int | None = None, timeout: float = 10.0) -> tuple[int, str]:
        """Ask over a new connection; return status and body."""
        connection = http.client.HTTPConnection(self.host, port or self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def raw(self, request: bytes, patience: float = 10.0) -> bytes:
        """Send bytes and return all that comes until the other side hangs up."""
        answer = b""
        with socket.create_connection((self.host, self.port), patience) as peer:
            # It may answer and hang up before it has heard all; the answer is there to be read.
            with contextlib.suppress(OSError):
                peer.sendall(request)
            # Reset, no more patience: what it said before that counts.
            with contextlib.suppress(OSError):
                while data := peer.recv(65536):
                    answer += data
        return answer

    def memory(self) -> int:
        """Return the resident memory of its processes in bytes."""
        me = str(self.process.pid)
        pids = [me, *Path(f"/proc/{me}/task/{me}/children").read_text(encoding="ascii").split()]
        pages = sum(
            int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) for pid in pids
        )
        return pages * os.sysconf("SC_PAGESIZE")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; return exit code and the seconds that the end took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode, time.monotonic() - begun

    def wait(self) -> tuple[int, str]:
        """Wait until it ends by itself; return exit code and what it said on stderr."""
        _out, said = self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode, said.decode()

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _environment(self, given: dict[str, str]) -> dict[str, str]:
        names = {
            "HOST": self.host,
            "PORT": str(self.port),
            "METRICS_HOST": self.host,
            "METRICS_PORT": str(self.metrics_port),
            "DNS_SERVERS": f"{self.host}:{free_port(self.host)}",
            **given,
        }
        own = {
            name if name.startswith(("OTEL_", "MESHDOCTOR_")) else f"MARKETPLACE_{name}": value
            for name, value in names.items()
        }
        return {**kept_environment(), **own}

    def _await_ready(self) -> None:
        try:
            until(self._is_ready, START_SECONDS)
        except TimeoutError:
            self.process.kill()
            raise RuntimeError(self.wait()[1]) from None

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(self.wait()[1])
        try:
            return self.get("/readyz")[0] == http.HTTPStatus.OK
        except OSError:
            return False
