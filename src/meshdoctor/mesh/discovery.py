"""Keeps the list of a target's addresses, in a thread of its own, through any DNS outage.

The last good addresses stay in use for as long as DNS cannot name better ones: a Pod that lives
does not stop answering because CoreDNS does. Where there never was an answer, fallback addresses
(such as the Service's ClusterIP from the environment) are used.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from meshdoctor.mesh.resolver import Answer, Resolver
from meshdoctor.mesh.target import Target

_REFRESH_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 1.0
_HURRY_SECONDS: Final = 0.25


class Discovery:
    """Looks a target up, again and again, and tells who listens.

    Args:
        target: what to look up; an IP address needs no lookup and no thread.
        resolver: how to look up.
        fallback: addresses to use until the first answer, when that is a failure.
        found: called from the thread with the addresses to use, after each lookup.
        looked: called from the thread with each answer, for the metrics.
    """

    def __init__(
        self,
        target: Target,
        resolver: Resolver,
        fallback: tuple[str, ...],
        found: Callable[[tuple[str, ...]], None],
        looked: Callable[[Answer], None],
    ) -> None:
        self._target = target
        self._resolver = resolver
        self._fallback = fallback
        self._found = found
        self._looked = looked
        self._known: tuple[str, ...] = ()
        self._closed = False
        self._wake = threading.Event()
        self._answered = threading.Event()
        self.cause: str | None = None
        """Why the last lookup failed; None when it did not."""
        if target.is_address:
            found((target.host,))
            self._answered.set()
        else:
            self._thread = threading.Thread(target=self._run, name="discovery", daemon=True)
            self._thread.start()

    def wait_first(self, seconds: float) -> None:
        """Wait until the first lookup has ended, well or not."""
        self._answered.wait(seconds)

    def hurry(self) -> None:
        """Look up soon: a backend has just failed, perhaps it has moved."""
        self._wake.set()

    def close(self) -> None:
        """End the thread, after the lookup it may be in."""
        self._closed = True
        self._wake.set()

    def _run(self) -> None:
        while not self._closed:
            self._look()
            self._answered.set()
            self._wake.wait(_RETRY_SECONDS if self.cause else _REFRESH_SECONDS)
            if self._wake.is_set() and not self._closed:
                # However many calls fail, DNS is asked four times a second at most.
                self._wake.clear()
                time.sleep(_HURRY_SECONDS)

    def _look(self) -> None:
        answer = self._resolver.lookup(self._target.host)
        self.cause = answer.cause
        self._looked(answer)
        self._known = answer.addresses or self._known or self._fallback
        self._found(self._known)
