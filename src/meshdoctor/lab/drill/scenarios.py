"""What is done to the mesh, as data. A scenario is called by the code of its fault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from meshdoctor.faults import CAUSES
from meshdoctor.lab.crew import end_all
from meshdoctor.lab.loopback import Mesh

Deed = Callable[[Mesh], None]

_CALLS_FAIL: Final = "RecommendationsUnavailableRate"
_LOOKUPS_FAIL: Final = "DnsFailureRatioHigh"
_NO_ADDRESS: Final = "ServiceWithoutAddress"
_SLOW: Final = {"RECOMMENDATIONS_FAULT_DELAY_SECONDS": "1"}
# Each backend serves one call at a time, 12.5 a second: 60 users are more than three of them can.
_BUSY: Final = {
    "RECOMMENDATIONS_MAX_CONCURRENT_RPCS": "1",
    "RECOMMENDATIONS_FAULT_DELAY_SECONDS": "0.08",
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to hurt the mesh.

    Attributes:
        fault: its code in `meshdoctor.faults`.
        says: what is done, in words.
        hurt: does it; the fault counts from the moment before.
        heal: undoes it; health counts from the moment after.
        alert: the page that has to come; empty when none may.
        users: of the load, each one request a second.
    """

    fault: str
    says: str
    hurt: Deed
    heal: Deed
    alert: str
    users: int = 20

    @property
    def causes(self) -> frozenset[str]:
        """The causes that the page may name: those that can stand for the fault."""
        return frozenset(code for code, cause in CAUSES.items() if self.fault in cause.faults)


def _kill(mesh: Mesh) -> None:
    for backend in mesh.recommendations:
        backend.kill()


def _restart(mesh: Mesh, env: Mapping[str, str]) -> None:
    """Bring the backends back, all at once, with this beside their usual environment."""
    end_all(*mesh.recommendations)
    for backend, usual in zip(mesh.recommendations, mesh.topology.recommendations, strict=True):
        backend.program = replace(usual, env={**usual.env, **env})
        backend.start()
    for backend in mesh.recommendations:
        backend.wait_ready()


def _restart_with(env: Mapping[str, str]) -> Deed:
    return lambda mesh: _restart(mesh, env)


def _stop(mesh: Mesh) -> None:
    for backend in mesh.recommendations:
        backend.stop()


def _cont(mesh: Mesh) -> None:
    for backend in mesh.recommendations:
        backend.cont()


def _dns(behaviour: str) -> Deed:
    return lambda mesh: mesh.set_dns(behaviour)


_heal_dns = _dns("answer")
_as_usual = _restart_with({})

SCENARIOS: Final = (
    Scenario("app-down", "all backends killed", _kill, _as_usual, _CALLS_FAIL),
    Scenario("app-hung", "all backends frozen", _stop, _cont, _CALLS_FAIL),
    Scenario("app-slow", "answers 1 s late", _restart_with(_SLOW), _as_usual, _CALLS_FAIL),
    Scenario("dns-nxdomain", "the name is gone", _dns("nxdomain"), _heal_dns, _NO_ADDRESS),
    Scenario("dns-timeout", "DNS is silent", _dns("silent"), _heal_dns, _LOOKUPS_FAIL),
    Scenario(
        "app-overloaded",
        "60 calls a second for 37",
        _restart_with(_BUSY),
        _as_usual,
        "GrpcLoadShedding",
        users=60,
    ),
)
"""Every scenario, in the order in which they are begun."""

LEFT_ALONE: Final = Scenario("none", "left alone", lambda _mesh: None, lambda _mesh: None, "")
"""No scenario: nothing may be paged."""
