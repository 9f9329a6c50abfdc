"""What needs an exact order of events, so that no real server can be made to do it."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry

from meshdoctor.mesh import MeshPolicy, Resolver, Target
from meshdoctor.mesh.breaker import BreakerPolicy
from meshdoctor.mesh.calls import Method, UnaryMethod
from meshdoctor.mesh.reach import Reach
from meshdoctor.telemetry import ClientCalls
from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.outlets import Outlets
from meshdoctor.telemetry.settle import FailureCounter

METHOD = "test.Echo/Ask"
DUE_AT_ONCE = BreakerPolicy(first_pause=0.0)
Answer = Callable[[], bytes]


class Refused(grpc.RpcError):
    """What gRPC raises when nobody listens."""

    def code(self) -> grpc.StatusCode:
        """Return the status code."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """Return the status text."""
        return "Connection refused"

    def initial_metadata(self) -> tuple[()]:
        """Return nothing: nobody was there to send any."""
        return ()

    trailing_metadata = initial_metadata


class Line:
    """A channel whose calls end as the test says."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def unary_unary(self, *_method: object, **_options: object) -> Callable[..., bytes]:
        """Return the callable that gRPC would."""
        return lambda *_given, **_named: self.answer()

    def close(self) -> None:
        """Do nothing."""


class Overloaded(Refused):
    """What a busy server answers: it is there, so its breaker stays closed."""

    def code(self) -> grpc.StatusCode:
        """Return the status code."""
        return grpc.StatusCode.RESOURCE_EXHAUSTED


def overloaded() -> bytes:
    """Answer as a server that has enough to do."""
    raise Overloaded


def refuse() -> bytes:
    """Answer as an address where nobody listens."""
    raise Refused


def interrupt() -> bytes:
    """Answer with Ctrl-C in the calling thread."""
    raise KeyboardInterrupt


def two_backends(
    ratio: float, answers: dict[str, Answer], breaker: BreakerPolicy = DUE_AT_ONCE
) -> tuple[Any, CollectorRegistry]:
    """Make a method over the backends that `answers` names, and the registry of its books."""
    registry = CollectorRegistry()
    instruments = Instruments(registry)
    calls = ClientCalls(
        "test:1", Outlets(instruments=instruments), FailureCounter(instruments, None)
    )
    lines: dict[str, Any] = {"127.0.0.1:1": Line(refuse)} | {
        address: Line(answer) for address, answer in answers.items()
    }
    policy = MeshPolicy(retry_ratio=ratio, idempotent={METHOD}, breaker=breaker)
    reach = Reach(Target("127.0.0.1", 1), policy, calls, lines.__getitem__, Resolver(), ())
    reach.backends.update(tuple(answers), 0.0)
    return UnaryMethod(Method(reach, "unary_unary", f"/{METHOD}", ())), registry


def test_a_call_that_may_not_try_again_takes_no_ones_trial() -> None:
    """Without a budget, a healed backend's one trial is not spent on a try that is then denied.

    A pick moves an open breaker to half-open and keeps others away for up to a second; picking
    first and asking the budget afterwards kept healed backends out for that long.
    """
    ask, registry = two_backends(0.0, {"a:1": refuse, "b:1": refuse})
    for _call in range(2):
        with pytest.raises(grpc.RpcError):
            ask(b"")

    states = [
        registry.get_sample_value("rpc_client_breaker_state", {"server_address": address})
        for address in ("a:1", "b:1")
    ]
    assert [2.0, 2.0] == states
    assert 2.0 == registry.get_sample_value(
        "rpc_client_retries_total", {"rpc_method": METHOD, "outcome": "denied"}
    )


def test_a_try_that_finds_nobody_costs_no_budget() -> None:
    """With one backend out for long, the other's failures leave the budget as it was.

    Twenty calls fail without a second try being possible; the reserve of ten still pays for ten.
    """
    answers: dict[str, Answer] = {"a:1": overloaded, "b:1": refuse}
    ask, registry = two_backends(0.2, answers, BreakerPolicy(first_pause=1000, longest_pause=1000))
    for _call in range(20):
        with pytest.raises(grpc.RpcError):
            ask(b"")

    sent, denied = (
        registry.get_sample_value(
            "rpc_client_retries_total", {"rpc_method": METHOD, "outcome": outcome}
        )
        for outcome in ("sent", "denied")
    )
    assert (1.0, 0.0) == (sent, denied)


def test_an_interrupted_caller_leaves_closed_books() -> None:
    """Ctrl-C while a call waits is passed on, counted once, and leaves no call in flight."""
    ask, registry = two_backends(0.2, {"a:1": interrupt, "b:1": interrupt})
    with pytest.raises(KeyboardInterrupt):
        ask(b"")

    assert 0.0 == registry.get_sample_value("rpc_client_active_calls", {"rpc_method": METHOD})
    assert 1.0 == registry.get_sample_value(
        "rpc_client_failures_total", {"rpc_method": METHOD, "cause": "cancelled"}
    )
