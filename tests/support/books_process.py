"""`python -m recommendations` as a process, where a marketplace can find it."""

import subprocess
import sys
from typing import Self

import grpc

from tests.support.mesh_net import addresses, free_port
from tests.support.mesh_shop_process import START_SECONDS, kept_environment


class BooksProcess:
    """A recommendations service that runs, on an address and ports of its own.

    Args:
        port: its port; a free one when None.
        environment: variables of RECOMMENDATIONS_, without that prefix. Who sets HEALTH_PORT is
            waited for there.
    """

    def __init__(self, port: int | None = None, **environment: str) -> None:
        (self.host,) = addresses(1)
        self.port = port or free_port(self.host)
        self._asked = int(environment.get("HEALTH_PORT", self.port))
        self.metrics_port = free_port(self.host)
        names = {
            "HOST": self.host,
            "PORT": str(self.port),
            "METRICS_HOST": self.host,
            "METRICS_PORT": str(self.metrics_port),
            "DRAIN_SECONDS": "0",
            **environment,
        }
        self._process = subprocess.Popen(
            (sys.executable, "-m", "recommendations"),
            env={
                **kept_environment(),
                **{f"RECOMMENDATIONS_{name}": value for name, value in names.items()},
            },
            stdout=subprocess.DEVNULL,
        )
        try:
            with self.channel() as channel:
                grpc.channel_ready_future(channel).result(START_SECONDS)
        except grpc.FutureTimeoutError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def channel(self) -> grpc.Channel:
        """Open an ordinary channel to it, as anybody can who reaches the port."""
        return grpc.insecure_channel(f"{self.host}:{self._asked}")

    def end(self) -> None:
        """Send SIGTERM and wait until it has drained."""
        self._process.terminate()
        self._process.wait(START_SECONDS)

    def close(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.wait(START_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()
