"""How long this machine keeps a thread waiting that wants to run, while something is timed."""

import threading
import time
from types import TracebackType
from typing import Final, Self

_NAP_SECONDS: Final = 0.005


class Stalls:
    """Naps all the while and remembers how late it woke at worst: `with Stalls() as stalls: ...`.

    A claim about our own time takes this as the machine's share. On a calm machine it is a
    millisecond or two; beside a compiler it is tens of them, and no claim of ours.

    Attributes:
        worst: seconds.
    """

    def __init__(self) -> None:
        self.worst = 0.0
        self._ended = threading.Event()
        self._sleeper = threading.Thread(target=self._nap, name="stalls")

    def __enter__(self) -> Self:
        self._sleeper.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._sleeper.join()

    def _nap(self) -> None:
        while not self._ended.is_set():
            begin = time.monotonic()
            time.sleep(_NAP_SECONDS)
            self.worst = max(self.worst, time.monotonic() - begin - _NAP_SECONDS)
