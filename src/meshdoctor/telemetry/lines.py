"""Log lines on their way to standard output, gathered so that no request waits for a write.

A write gives up the interpreter and queues for it again: two lines a request cost a tenth of the
whole request where this was measured. So one thread writes what has come, twenty times a second.
A process that is killed outright loses what came since; every orderly end writes all.
"""

import atexit
import threading
import time
from collections import deque
from contextlib import suppress
from typing import BinaryIO, Final

_GATHER_SECONDS: Final = 0.05
_CAPACITY: Final = 10_000
_STUCK_SECONDS: Final = 0.5


class GatheredLines:
    """Takes lines like a binary file and hands them to `stream` from a thread of its own.

    When nobody takes what is written (a full disk, a stuck pipe), the oldest lines beyond ten
    thousand are lost, and the service goes on.

    Args:
        stream: an open binary file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: deque[bytes] = deque(maxlen=_CAPACITY)
        self._came = threading.Event()
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def write(self, line: bytes) -> None:
        """Take a line; it is written within 50 ms, or at once after `close`."""
        self._lines.append(line)
        if self._closed:
            self._write_all()
        elif not self._came.is_set():
            self._came.set()
            self._ensure_thread()

    def flush(self) -> None:
        """Do nothing: `close` is what makes sure."""

    def close(self) -> None:
        """Write what is left, and from now on every line at once; the stream stays open."""
        self._closed = True
        self._write_all()

    def _ensure_thread(self) -> None:
        # Started by the first line, so that it lives on this side of any fork.
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        while not self._closed:
            self._came.wait()
            time.sleep(_GATHER_SECONDS)
            self._came.clear()
            self._write_all()

    def _write_all(self) -> None:
        # Bounded: where the thread is stuck in a write, an orderly end must not be stuck with it.
        if not self._writing.acquire(timeout=_STUCK_SECONDS):
            return
        try:
            with suppress(OSError, ValueError):  # a full disk; a closed stream
                self._stream.write(b"".join(self._taken()))
                self._stream.flush()
        finally:
            self._writing.release()

    def _taken(self) -> list[bytes]:
        return [self._lines.popleft() for _ in range(len(self._lines))]
