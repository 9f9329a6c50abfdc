"""The retry budget: second tries are a share of calls, so a broken backend meets no storm."""

import threading


class RetryBudget:
    """Allows `ratio` second tries per call, and a few more at the start.

    Over any N calls at most `reserve + ratio * N` second tries are sent, the form of Linkerd's
    retry budget.

    Args:
        ratio: second tries per call, 0..1.
        reserve: second tries allowed before any call was counted, and the most that is saved up.
    """

    __slots__ = ("_lock", "_ratio", "_reserve", "_tokens")

    def __init__(self, ratio: float = 0.2, reserve: float = 10.0) -> None:
        self._ratio = ratio
        self._reserve = reserve
        self._tokens = reserve if ratio > 0 else 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether a second try would be allowed now."""
        return self._tokens >= 1

    def earn(self) -> None:
        """Count one call."""
        with self._lock:
            self._tokens = min(self._reserve, self._tokens + self._ratio)

    def spend(self) -> bool:
        """Take one second try; False when the budget is used up."""
        with self._lock:
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def give_back(self) -> None:
        """Undo a `spend` whose second try was not sent, for want of a backend."""
        with self._lock:
            self._tokens += 1
