"""Who can be reached right now, and what calls have learned about it."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import grpc

from meshdoctor.mesh.backends import Backend, Backends
from meshdoctor.mesh.breaker import State
from meshdoctor.mesh.budget import RetryBudget
from meshdoctor.mesh.discovery import Discovery
from meshdoctor.mesh.errors import NoBackendError
from meshdoctor.mesh.policy import MeshPolicy
from meshdoctor.mesh.resolver import Answer, Resolver
from meshdoctor.mesh.target import Target
from meshdoctor.telemetry.causes import Guess, handler_ran
from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.rpc_client import ClientCalls

_SECOND_TRIES: Final = ("sent", "denied")
_ENOUGH: Final = 0.9  # what is left of a deadline is always a little less than was meant


class Reach:
    """The backends of a target, kept up to date by discovery and judged by calls.

    Args:
        target: what to reach.
        policy: how calls are made.
        calls: the books; None keeps none.
        connect: makes a channel to an `ip:port`.
        resolver: how to look the target up.
        fallback: addresses to use while DNS has never answered.
    """

    def __init__(
        self,
        target: Target,
        policy: MeshPolicy,
        calls: ClientCalls | None,
        connect: Callable[[str], grpc.Channel],
        resolver: Resolver,
        fallback: Sequence[str],
    ) -> None:
        self.policy = policy
        self.calls = calls
        self.budget = RetryBudget(policy.retry_ratio)
        self._target = target
        self._closed = False
        self._instruments = calls.outlets.instruments if calls else None
        observer = _Observer(target, self._instruments)
        self.backends = Backends(connect, policy.breaker, observer.breaker)
        self._discovery = Discovery(target, resolver, tuple(fallback), self._found, observer.lookup)

    def pick(self, seconds: float) -> Backend | None:
        """Return a backend to call, waiting up to `seconds` for the very first lookup."""
        if not len(self.backends):
            self._discovery.wait_first(seconds)
        return self.backends.pick(time.monotonic())

    def nobody(self) -> NoBackendError:
        """Return the error that says why there is no backend to call."""
        if self._closed:
            return NoBackendError("the channel is closed", Guess("cancelled"))
        if len(self.backends):
            return NoBackendError("no backend is thought able to answer", Guess("breaker-open"))
        # A lookup that has not ended yet is, for this call, one that got no answer.
        cause = self._discovery.cause or "dns-timeout"
        return NoBackendError(f"no address is known for {self._target.host}", Guess(cause))

    def judge(self, backend: Backend, error: Any, seconds: float) -> None:  # noqa: ANN401 - a grpc.Call that is also the error
        """Note on a backend's breaker what a call that failed within `seconds` says of it."""
        code = error.code()
        if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}:
            # Trailing: a handler that had begun (initial) may have been killed at work.
            ran = handler_ran(error.trailing_metadata())
            backend.breaker.failed(time.monotonic(), at_once=not ran)
            self._discovery.hurry()
        elif code is not grpc.StatusCode.DEADLINE_EXCEEDED:
            backend.breaker.succeeded()
        elif seconds > self.policy.second_try_seconds * _ENOUGH:
            # A caller in more of a hurry than that says nothing about the backend.
            backend.breaker.failed(time.monotonic())

    def expect(self, method: str) -> None:
        """Have the series of `method` there before they count, see `FailureCounter.expect`."""
        if self.calls is not None:
            self.calls.expect(method)
        if self._instruments is not None and method in self.policy.idempotent:
            for outcome in _SECOND_TRIES:
                self._instruments.rpc_client_retries.of(method, outcome)

    def count_second_try(self, method: str, outcome: str) -> None:
        """Count a second try that was `sent`, or `denied` by the budget."""
        if self._instruments is not None:
            self._instruments.rpc_client_retries.of(method, outcome).inc()

    def close(self) -> None:
        """Stop looking up and close every backend's channel."""
        self._closed = True
        self._discovery.close()
        self.backends.close()

    def _found(self, addresses: tuple[str, ...]) -> None:
        self.backends.update(
            tuple(self._target.at(address) for address in addresses), time.monotonic()
        )


class _Observer:
    """Tells the metrics what discovery and breakers do."""

    def __init__(self, target: Target, instruments: Instruments | None) -> None:
        self._name = target.host
        self._instruments = instruments
        if instruments is not None and not target.is_address:
            instruments.dns_lookup_duration.of(self._name, "")

    def lookup(self, answer: Answer) -> None:
        if self._instruments is not None:
            self._instruments.dns_lookup_duration.of(self._name, answer.cause or "").observe(
                answer.seconds
            )

    def breaker(self, address: str, state: State | None) -> None:
        if self._instruments is None:
            return
        if state is None:
            self._instruments.rpc_client_breaker.forget(address)
        else:
            self._instruments.rpc_client_breaker.of(address).set(state)
