"""Loopback addresses and ports that nobody else has."""

import random
import socket
import time
from collections.abc import Callable

_RANDOM = random.Random()  # noqa: S311 - seeded by the system, for each test worker another


def addresses(count: int) -> tuple[str, ...]:
    """Give `count` loopback addresses, a Pod's each, out of a corner chosen at random."""
    corner = f"127.{_RANDOM.randrange(20, 250)}.{_RANDOM.randrange(1, 250)}"
    return tuple(f"{corner}.{number}" for number in range(1, count + 1))


def free_port(*hosts: str) -> int:
    """Give a port that is free on every one of `hosts`."""
    while True:
        with socket.socket() as first:
            first.bind((hosts[0], 0))
            port = int(first.getsockname()[1])
            if all(_is_free(host, port) for host in hosts[1:]):
                return port


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def until(what: Callable[[], bool], seconds: float) -> float:
    """Wait until `what` holds; return after how many seconds it did.

    Raises:
        TimeoutError: it never did.
    """
    start = time.monotonic()
    while not what():
        if time.monotonic() - start > seconds:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.01)
    return time.monotonic() - start
