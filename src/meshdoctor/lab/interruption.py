"""Ctrl-C, SIGTERM and SIGHUP as an orderly way out.

A signal handler that raises may strike between a fork and the line that remembers the child, and
the child is lost. So the handler only takes a note, and the lab asks for it where it waits: every
wait of the lab is a loop around `check` or `sleep`.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_SECONDS = 0.05


class Interrupted(Exception):  # noqa: N818 - a wish of the user, no error
    """Someone asked the lab to stop.

    Attributes:
        signal: how they asked.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells report it."""
        return 128 + self.signal.value


class Interruption:
    """Remembers the first signal. Later ones change nothing: stopping is bounded in time."""

    def __init__(self) -> None:
        self._number = 0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle `SIGNALS` while the body runs; only the main thread may do so (signal(2))."""
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def check(self) -> None:
        """Go on, or stop here.

        Raises:
            Interrupted: a signal came.
        """
        if self._number:
            raise Interrupted(self._number)

    def sleep(self, seconds: float) -> None:
        """Wait; raises like `check`, at most 50 ms after the signal."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, _POLL_SECONDS))
        self.check()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if not self._number:
            self._number = number
            os.write(sys.stderr.fileno(), b"\nstopping\n")  # print is not safe in a handler
