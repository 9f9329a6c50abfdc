"""New credentials for backends that are being called: make before break.

A gRPC channel keeps the credentials that it was made with. So each backend gets another channel,
and its calls move there when that one is connected; the old one ends half a minute later, when the
calls in flight on it have. While the new one cannot connect, the old one stays and it is tried
again: a pair that the servers do not take yet must not cost what works. A backend that is thought
broken has nothing to lose and moves at once.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

import grpc

from meshdoctor.mesh.backends import Backend, Backends
from meshdoctor.mesh.breaker import State

_READY_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 5.0


class Renewal:
    """Moves backends to new channels whenever the credentials are new.

    Args:
        backends: all of them.
        connect: makes a channel, with the newest credentials, to an `ip:port`.
        pending: told which addresses could not be moved, each time that these change.
    """

    def __init__(
        self,
        backends: Backends,
        connect: Callable[[str], grpc.Channel],
        pending: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._backends = backends
        self._connect = connect
        self._pending = pending
        self._kept: tuple[str, ...] = ()
        self._again = 0.0

    def looked(self, changed: bool) -> None:  # noqa: FBT001 - called back with what was seen
        """Take note of whether the credentials are new; move who has not been moved."""
        now = time.monotonic()
        self._backends.sweep(now)
        if changed:
            self._backends.outdate()
            self._again = now
        late = self._backends.outdated() if now >= self._again else ()
        if late:
            self._move(late)
            self._again = time.monotonic() + _AGAIN_SECONDS

    def _move(self, late: Iterable[Backend]) -> None:
        # All at once: silent ones must not make the others wait.
        channels = [(backend, self._connect(backend.address)) for backend in late]
        connecting = [(*one, grpc.channel_ready_future(one[1])) for one in channels]
        end = time.monotonic() + _READY_SECONDS
        kept = []
        for backend, channel, ready in connecting:
            broken = backend.breaker.state is not State.CLOSED
            if broken:
                ready.cancel()
            if broken or _is_ready(ready, end):
                self._backends.move(backend, channel, time.monotonic())
            else:
                channel.close()
                kept.append(backend.address)
        if tuple(kept) != self._kept:
            self._kept = tuple(kept)
            self._pending(self._kept)


def _is_ready(future: grpc.Future, end: float) -> bool:  # type: ignore[type-arg]  # not generic at run time
    try:
        future.result(max(end - time.monotonic(), 0))
    except grpc.FutureTimeoutError:
        future.cancel()
        return False
    return True
