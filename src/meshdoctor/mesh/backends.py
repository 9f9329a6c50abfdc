"""The backends of a target: one gRPC channel and one breaker for each address.

gRPC's own round_robin does not say which backend a call went to, so a second try under load can
land on the hung one again, and nothing can be learned per backend. ADR 0002 has the measurement.
"""

import itertools
import json
from collections.abc import Callable
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


class Backend:
    """One address, its channel, its breaker, and the callables made on it so far."""

    __slots__ = ("_callables", "_channel", "address", "breaker")

    def __init__(self, address: str, channel: grpc.Channel, breaker: Breaker) -> None:
        self.address = address
        self.breaker = breaker
        self._channel = channel
        self._callables: dict[tuple[str, str], Any] = {}

    def method(self, kind: str, name: str, make: Callable[[grpc.Channel], Any]) -> Any:  # noqa: ANN401 - one of four multi-callables
        """Return the callable of a method, made once per backend."""
        found = self._callables.get((kind, name))
        if found is None:
            found = self._callables[kind, name] = make(self._channel)
        return found

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
        self._all: tuple[Backend, ...] = ()
        self._leaving: tuple[Backend, ...] = ()

    def __len__(self) -> int:
        """Return how many backends are known, healthy or not."""
        return len(self._all)

    def update(self, addresses: tuple[str, ...]) -> None:
        """Keep, add and drop backends so that they are `addresses` (`ip:port`).

        A dropped one is closed at the next update, seconds later: calls in flight may end first.
        """
        for gone in self._leaving:
            gone.close()
        old = {backend.address: backend for backend in self._all}
        self._all = tuple(
            old.pop(address) if address in old else self._make(address) for address in addresses
        )
        self._leaving = tuple(old.values())
        for backend in self._leaving:
            self._told(backend.address, None)

    def pick(self, now: float, other_than: Backend | None = None) -> Backend | None:
        """Return the next backend whose breaker allows a call at `now`; None when there is none."""
        backends = self._all
        turn = next(self._turn)
        for step in range(len(backends)):
            backend = backends[(turn + step) % len(backends)]
            if backend is not other_than and backend.breaker.allows(now):
                return backend
        return None

    def close(self) -> None:
        """Close every channel; calls in flight are cancelled."""
        self.update(())
        self.update(())

    def _make(self, address: str) -> Backend:
        breaker = Breaker(self._policy, lambda state: self._told(address, state))
        return Backend(address, self._connect(address), breaker)
