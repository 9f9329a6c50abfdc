"""The backends of a target: one gRPC channel and one breaker for each address.

gRPC's own round_robin does not say which backend a call went to, so a second try under load can
land on the hung one again, and nothing can be learned per backend. ADR 0002 has the measurement.
"""

import itertools
import json
import math
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

import grpc

from meshdoctor.mesh.breaker import Breaker, BreakerPolicy, State

SERVICE_CONFIG: Final = json.dumps(
    {
        # pick_first would ignore the health service; with it a draining server is left at once.
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},
    }
)
"""gRPC's service config of each backend's channel; never a `timeout` in it (grpc/grpc#34547)."""

CHANNEL_OPTIONS: Final = (
    ("grpc.service_config", SERVICE_CONFIG),
    ("grpc.enable_retries", 0),  # second tries are ours: on another backend, within the budget
    ("grpc.use_local_subchannel_pool", 1),  # a new channel must not inherit an old one's backoff
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 1000),  # also the time a connection may take
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.client_idle_timeout_ms", 2**31 - 1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.http2.ping_timeout_ms", 3_000),  # the option that notices a hung peer
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
"""Channel options of each backend, measured for quick detection and quick recovery."""

_LEAVING_SECONDS: Final = 30.0


class Backend:
    """One address, its channel, its breaker, and the callables made on it so far."""

    __slots__ = ("_callables", "_channel", "address", "breaker", "generation")

    def __init__(
        self, address: str, channel: grpc.Channel, breaker: Breaker, generation: int = 0
    ) -> None:
        self.address = address
        self.breaker = breaker
        self.generation = generation
        self._channel = channel
        self._callables: dict[tuple[str, str], Any] = {}

    def method(self, kind: str, name: str, make: Callable[[grpc.Channel], Any]) -> Any:  # noqa: ANN401 - one of four multi-callables
        """Return the callable of a method, made once per backend."""
        callables = self._callables
        found = callables.get((kind, name))
        if found is None:
            found = callables[kind, name] = make(self._channel)
        return found

    def move(self, channel: grpc.Channel, generation: int) -> grpc.Channel:
        """Use another channel from now on; return the old one, on which calls may be in flight."""
        # In this order: who sees the new callables sees the new channel, and whatever a call in
        # another thread still makes on the old channel goes into the old callables.
        old, self._channel = self._channel, channel
        self._callables = {}
        self.generation = generation
        return old

    def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        self._channel.close()


class Backends:
    """The current backends, picked in turn.

    Args:
        connect: makes a channel to an `ip:port`.
        policy: when breakers open.
        told: called with an address and its breaker's state, None when the backend is gone.
    """

    def __init__(
        self,
        connect: Callable[[str], grpc.Channel],
        policy: BreakerPolicy,
        told: Callable[[str, State | None], None],
    ) -> None:
        self._connect = connect
        self._policy = policy
        self._told = told
        self._turn = itertools.count()
        self._changing = threading.Lock()
        self._closed = False
        self._all: tuple[Backend, ...] = ()
        self._generation = 0
        self._leaving: deque[tuple[float, Backend | grpc.Channel]] = deque()

    def __len__(self) -> int:
        """Return how many backends are known, healthy or not."""
        return len(self._all)

    def update(self, addresses: tuple[str, ...], now: float) -> None:
        """Keep, add and drop backends so that they are `addresses` (`ip:port`).

        A dropped one gets no new call, and half a minute for those in flight: its channel is
        closed at the first update after that. After `close` nothing changes any more.
        """
        with self._changing:
            if self._closed:
                return
            old = {backend.address: backend for backend in self._all}
            self._all = tuple(
                old.pop(address) if address in old else self._make(address) for address in addresses
            )
            self._leave(old.values(), now)

    def pick(self, now: float, other_than: Collection[Backend] = ()) -> Backend | None:
        """Return the next backend whose breaker allows a call at `now`; None when there is none.

        A further try (`other_than` those before) may be the last one, so it goes to a backend whose
        breaker is closed where there is one: trials of broken backends are for first tries.
        """
        backends = self._all
        if other_than:
            backends = tuple(one for one in backends if one not in other_than)
            healthy = tuple(one for one in backends if one.breaker.state is State.CLOSED)
            backends = healthy or backends
        turn = next(self._turn)
        for step in range(len(backends)):
            backend = backends[(turn + step) % len(backends)]
            if backend.breaker.allows(now):
                return backend
            # Who is left out must not leave its whole share to its neighbour.
            next(self._turn)
        return None

    def outdate(self) -> None:
        """Take note that channels which are made from now on are better than those before."""
        self._generation += 1

    def outdated(self) -> tuple[Backend, ...]:
        """Return the backends whose channels were made before the last `outdate`."""
        return tuple(one for one in self._all if one.generation != self._generation)

    def move(self, backend: Backend, channel: grpc.Channel, now: float) -> None:
        """Send a backend's calls over a new channel; those in flight on the old one may end."""
        with self._changing:
            if backend not in self._all:
                channel.close()
                return
            old = backend.move(channel, self._generation)
            self._leaving.append((now + _LEAVING_SECONDS, old))

    def sweep(self, now: float) -> None:
        """Close the channels whose half minute is over at `now`."""
        with self._changing:
            self._close_left(now)

    def close(self) -> None:
        """Close every channel; calls in flight are cancelled."""
        with self._changing:
            self._closed = True
            everyone, self._all = self._all, ()
            self._leave(everyone, math.inf)

    def _leave(self, gone: Iterable[Backend], now: float) -> None:
        for backend in gone:
            backend.breaker.retire()
            self._told(backend.address, None)
            self._leaving.append((now + _LEAVING_SECONDS, backend))
        self._close_left(now)

    def _close_left(self, now: float) -> None:
        while self._leaving and self._leaving[0][0] <= now:
            self._leaving.popleft()[1].close()

    def _make(self, address: str) -> Backend:
        breaker = Breaker(self._policy, lambda state: self._told(address, state))
        return Backend(address, self._connect(address), breaker, self._generation)
