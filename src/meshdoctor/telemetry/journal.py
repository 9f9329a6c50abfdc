"""A request leaves a note; a thread of its own writes it up.

Measuring, span-making and logging need a few microseconds each in a tight loop, and several times
that between the lines of a request, where nothing of theirs is in the processor's caches. So the
path of a request only appends to a queue, and twenty times a second what has come is written up in
one go. Nothing is lost by it: who reads the metrics has the notes written first, and so has an
orderly end.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry, Metric

_GATHER_SECONDS: Final = 0.05
_MOST: Final = 10_000

T = TypeVar("T")


class Journal:
    """Takes notes and writes them up, each once and in order.

    Args:
        registry: reading it writes up all notes first, so that no count is ever behind. Register
            metrics after making the journal.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._notes: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._came = threading.Event()
        self._writing = threading.RLock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        if registry is not None:
            registry.register(_First(self))

    def note(self, write: Callable[[T], None], record: T) -> None:
        """Have `write(record)` called soon, by another thread."""
        self._notes.append((write, record))
        if not self._came.is_set():
            self._came.set()
            self._ensure_thread()
        elif len(self._notes) > _MOST:
            self.write_up()  # whoever makes more notes than can be written up pays for it

    def write_up(self) -> None:
        """Write up all notes that have come so far, here and now."""
        with self._writing:
            for _ in range(len(self._notes)):
                write, record = self._notes.popleft()
                try:
                    write(record)
                except Exception:
                    # A note that cannot be written must not keep the others from it.
                    logging.getLogger(__name__).exception("a note was lost")

    def _ensure_thread(self) -> None:
        # Started by the first note, so that it lives on this side of any fork.
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._came.wait()
            time.sleep(_GATHER_SECONDS)
            self._came.clear()
            self.write_up()


class _First:
    """A collector without metrics that is asked before all others."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def collect(self) -> Iterable[Metric]:
        self._journal.write_up()
        return ()
