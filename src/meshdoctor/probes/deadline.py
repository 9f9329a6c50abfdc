"""A moment at which a probe gives up, whatever it is waiting for."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class TooLateError(Exception):
    """The work was not done in time; the text says how long that was."""


class Deadline:
    """A moment at which to give up."""

    def __init__(self, seconds: float) -> None:
        """Begin now.

        Args:
            seconds: from now on.
        """
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then, more than 0.

        Raises:
            TooLateError: there are none left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TooLateError(f"no whole answer within {self.seconds:g} s")
        return left


def within(deadline: Deadline, work: Callable[[], T]) -> T:
    """Do work in a thread of its own and wait for it no longer than the deadline.

    The resolver of the C library knows no deadline, and a peer that sends a byte now and then
    outwits the timeout of a socket: only somebody beside them can keep the time. Work that is
    late is left behind; its thread does not keep the process alive.

    Args:
        deadline: when to give up.
        work: what to do.

    Returns:
        What the work returns.

    Raises:
        TooLateError: it is not done yet.
        Exception: whatever the work raises.
    """
    done = begin(work)
    wait((done,), deadline.left())
    if not done.done():
        raise TooLateError(f"no whole answer within {deadline.seconds:g} s")
    return done.result()


def together(works: Sequence[Callable[[], T]]) -> list[T]:
    """Do several things at once, each of which keeps a deadline of its own.

    Ctrl-C is heard while they run: no thread keeps the process alive.

    Args:
        works: what to do.

    Returns:
        What they return, in their order.

    Raises:
        Exception: what the first of them raises.
    """
    return [each.result() for each in [begin(work) for work in works]]


def begin(work: Callable[[], T]) -> Future[T]:
    """Do work in a thread of its own, which does not keep the process alive.

    Args:
        work: what to do.

    Returns:
        What will come of it.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            done.set_exception(error)

    Thread(target=run, daemon=True).start()
    return done
