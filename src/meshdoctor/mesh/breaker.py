"""A breaker per backend: stop asking who does not answer, then try one call.

Pure: time comes in as an argument, so every transition is a plain test.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """The values of the metric `rpc_client_breaker_state`."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens and for how long.

    Attributes:
        failures: consecutive failures that open it.
        first_pause: seconds until the first trial call.
        longest_pause: each failed trial doubles the pause up to this; it bounds how long a healed
            backend stays unused.
    """

    failures: int = 3
    first_pause: float = 0.25
    longest_pause: float = 1.0


class Breaker:
    """One backend's breaker.

    Args:
        policy: when it opens.
        told: called with each new state, under the breaker's lock; keep it short.
    """

    __slots__ = ("_failures", "_lock", "_pause", "_policy", "_retry_at", "_told", "state")

    def __init__(self, policy: BreakerPolicy, told: Callable[[State], None]) -> None:
        self._policy = policy
        self._told = told
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = policy.first_pause
        self._retry_at = 0.0
        self.state = State.CLOSED
        told(self.state)

    def allows(self, now: float) -> bool:
        """Tell whether a call may be made at `now`; the trial call is given to one caller only."""
        if self._is_closed():
            return True
        with self._lock:
            if self._is_closed():  # the call before may just have closed it
                return True
            if now < self._retry_at:
                return False
            # Whoever takes the trial and dies with it must not keep the backend out for ever.
            self._retry_at = now + self._policy.longest_pause
            self._become(State.HALF_OPEN)
            return True

    def succeeded(self) -> None:
        """Note an answer, whatever its status: the backend is there."""
        if self.state is State.CLOSED and not self._failures:
            return
        with self._lock:
            self._failures = 0
            self._pause = self._policy.first_pause
            self._become(State.CLOSED)

    def failed(self, now: float, *, at_once: bool = False) -> None:
        """Note a call without an answer at `now`; `at_once` opens without waiting for more."""
        with self._lock:
            self._failures += 1
            if self.state is State.HALF_OPEN:
                self._pause = min(self._pause * 2, self._policy.longest_pause)
            elif self.state is State.OPEN or (
                not at_once and self._failures < self._policy.failures
            ):
                return
            self._retry_at = now + self._pause
            self._become(State.OPEN)

    def retire(self) -> None:
        """Tell nobody any more: the backend is gone, and its last calls must not say it is back."""
        with self._lock:
            self._told = _nobody

    def _is_closed(self) -> bool:
        return self.state is State.CLOSED

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._told(state)


def _nobody(_state: State) -> None:
    """Take the state of a breaker that retired."""
