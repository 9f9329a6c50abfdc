"""Being in another network namespace for a moment, without another process.

A socket belongs to the namespace in which it was made, for good. So one process can have sockets
in all of them, and wait for all of them at once.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = Path("/run/netns")
"""Where `ip netns` keeps them by name."""

_NETWORK = 0x40000000  # CLONE_NEWNET of setns(2); os.setns came with Python 3.12
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def within(space: str) -> Iterator[None]:
    """Have this thread, and no other, in a network namespace.

    Args:
        space: its name; "" stays here.

    Raises:
        OSError: there is none of that name.
    """
    if not space:
        yield
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _move(NAMES / space)
        try:
            yield
        finally:
            _change(home)
    finally:
        os.close(home)


def _move(path: Path) -> None:
    there = os.open(path, os.O_RDONLY)
    try:
        _change(there)
    finally:
        os.close(there)


def _change(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
