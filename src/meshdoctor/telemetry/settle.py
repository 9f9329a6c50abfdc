"""Counting failures exactly once, also those whose cause must first be looked for.

A call that only says DEADLINE_EXCEEDED could be DNS, the network or the handler. A probe can tell,
but takes up to half a second, which no visitor should wait. So such a failure is handed to one
background thread, counted when the probe has answered, and counted as `unknown` rather than not at
all when the thread cannot keep up or the process ends.
"""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from meshdoctor.faults import CAUSES
from meshdoctor.telemetry.causes import Guess
from meshdoctor.telemetry.instruments import Instruments

Probe = Callable[[str], str | None]
"""Takes a call's target, returns a cause, or None when all it can see is healthy."""

_FRESH_SECONDS = 1.0
_CAPACITY = 1024
_DNS = "dns-"


class _Failure(NamedTuple):
    method: str
    target: str
    guess: Guess
    exemplar: dict[str, str] | None


class FailureCounter:
    """Counts `rpc_client_failures_total` and `rpc_client_dns_failures_total`.

    Args:
        instruments: where to count.
        probe: asked for uncertain failures; without one they keep what the text said.
    """

    def __init__(self, instruments: Instruments, probe: Probe | None = None) -> None:
        self._instruments = instruments
        self._probe = probe
        self._waiting: queue.Queue[_Failure | None] = queue.Queue(_CAPACITY)
        self._asked: _Failure | None = None
        self._seen: dict[str, tuple[float, str | None]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        for cause in CAUSES:
            if cause.startswith(_DNS):
                instruments.rpc_client_dns_failures.of(cause)

    def expect(self, method: str) -> None:
        """Show every cause of `method` at 0.

        A counter that comes into being with its first failure has not increased, as far as
        `rate` and `increase` can see, so that failure is lost to every alert (Prometheus,
        practices/instrumentation, "Avoid missing metrics").
        """
        for cause in CAUSES:
            self._instruments.rpc_client_failures.of(method, cause)

    def failed(
        self, method: str, target: str, guess: Guess, exemplar: dict[str, str] | None = None
    ) -> None:
        """Count one failed call, now or as soon as its cause is settled.

        Args:
            method: full name, no leading slash.
            target: where the probe should look.
            guess: what is known of the cause.
            exemplar: leads from the counter to the call's trace, where there is one.
        """
        failure = _Failure(method, target, guess, exemplar)
        if guess.certain or self._probe is None:
            self._count(failure)
            return
        self._ensure_thread()
        try:
            self._waiting.put_nowait(failure)
        except queue.Full:
            self._count(failure)

    def close(self, seconds: float = 1.0) -> None:
        """Count what is still waiting, within about `seconds`; then stop probing."""
        self._probe = None
        if self._thread is None:
            return
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(seconds)
        # Where a probe takes longer than that, its call and those behind it are counted here.
        self._settled()
        with suppress(queue.Empty):
            while True:
                if (left := self._waiting.get_nowait()) is not None:
                    self._count(left)
        self._waiting.put_nowait(None)

    def _count(self, failure: _Failure, settled: str | None = None) -> None:
        cause = settled or failure.guess.cause
        self._instruments.rpc_client_failures.of(failure.method, cause).inc(1, failure.exemplar)
        if cause.startswith(_DNS):
            self._instruments.rpc_client_dns_failures.of(cause).inc(1, failure.exemplar)

    def _ensure_thread(self) -> None:
        # Started on first need, so that nothing runs before a fork or in a service without faults.
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._settle, name="settle", daemon=True)
                self._thread.start()

    def _settle(self) -> None:
        while (failure := self._waiting.get()) is not None:
            self._asked = failure
            self._settled(self._look(failure.target, failure.guess))

    def _settled(self, cause: str | None = None) -> None:
        # Whoever comes first counts: the thread with its probe's answer, or `close` without one.
        with self._lock:
            failure, self._asked = self._asked, None
        if failure is not None:
            self._count(failure, cause)

    def _look(self, target: str, guess: Guess) -> str:
        probe = self._probe
        if probe is None:  # closing
            return guess.cause
        at, cause = self._seen.get(target, (float("-inf"), None))
        if time.monotonic() - at > _FRESH_SECONDS:
            try:
                cause = probe(target)
            except Exception:  # noqa: BLE001 - a stranger's probe must not end the counting
                return guess.cause
            self._seen[target] = (time.monotonic(), cause)
        return cause or guess.when_healthy or guess.cause
