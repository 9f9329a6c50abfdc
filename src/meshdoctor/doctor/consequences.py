"""Which faults only follow from others that were found, and so are not named."""

from collections.abc import Callable, Sequence
from typing import Final

from meshdoctor.doctor.checks.mesh.sights import Mesh
from meshdoctor.doctor.model import Finding
from meshdoctor.faults import Layer
from meshdoctor.probes.mesh.evidence import Answer, Role

_CUT: Final = frozenset({"network-nodes-blocked", "network-overlay-blocked", "network-one-way"})
_CARRIED: Final = _CUT | {"network-large-packets"}
_FEWER: Final = _CUT | {"app-down", "app-hung", "app-crash-loop"}
"""Faults that leave callers fewer backends."""


def independent(mesh: Mesh, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Leave out what only follows.

    Args:
        mesh: all evidence.
        findings: all that was found.
    """
    codes = {one.code for one in findings}
    layers = {one.layer for one in findings}

    def follows(one: Finding) -> bool:
        rule = _RULES.get(one.code)
        return rule is not None and rule(mesh, codes, layers)

    return tuple(one for one in findings if not follows(one))


def _no_server(mesh: Mesh, codes: set[str], _layers: set[Layer]) -> bool:
    """CoreDNS that is out of reach of the API is not ready; one that refuses is broken itself."""
    if not codes & {*_CARRIED, "routing-clusterip-gone"}:
        return False
    return not any(one.answer is Answer.REFUSED for one in mesh.looks(Role.DNS))


def _less_capacity(_mesh: Mesh, codes: set[str], layers: set[Layer]) -> bool:
    """Backends that can still be reached have the load of all."""
    return Layer.IMAGE in layers or bool(codes & _FEWER)


def _late_below(_mesh: Mesh, codes: set[str], layers: set[Layer]) -> bool:
    """A call that meets silence is late, too, and so is one that waits its turn."""
    return Layer.ROUTING in layers or bool(codes & (_CARRIED | _FEWER | {"app-overloaded"}))


def _port_silent(_mesh: Mesh, codes: set[str], _layers: set[Layer]) -> bool:
    """Where policies name ports, the wrong one is silent."""
    return "routing-wrong-target-port" in codes


_RULES: Final[dict[str, Callable[[Mesh, set[str], set[Layer]], bool]]] = {
    "dns-refused": _no_server,
    "app-overloaded": _less_capacity,
    "app-slow": _late_below,
    "network-policy-app": _port_silent,
}
