"""Service addresses: do they lead anywhere?

Behind an address one of several Pods is chosen by lot, so silence of an address alone says nothing
while one of them may be out of reach. The API's own address is the best witness: what is behind it
is asked directly as well, over a road that no overlay carries.
"""

from typing import Final

from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE, DNS_SERVICE
from meshdoctor.doctor.checks.mesh import subjects
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh, together
from meshdoctor.doctor.checks.mesh.words import finding
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding, Recipe
from meshdoctor.probes.mesh.evidence import Ground, Role

CODE: Final = "routing-clusterip-gone"
_TWO: Final = 2


def _look(mesh: Mesh, node: str) -> Finding | Doubt | None:
    asked = {role: _by_address(mesh, role, node) for role in (Role.API, Role.DNS, Role.AGENT)}
    silent = [one for looks in asked.values() for one in looks if one.silent]
    if not silent or any(one.ok for looks in asked.values() for one in looks):
        return None
    services = [role for role, looks in asked.items() if any(one.silent for one in looks)]
    direct = _api(mesh, node, silent) if asked[Role.API] else _name_servers(mesh, node, silent)
    if direct is None or len(services) < _TWO:
        return Doubt(
            f"Service addresses are silent on {node}; whether what is behind them answers is not"
            " known",
            f"direct answers of the API and of all name servers, as seen from {node}",
        )
    return _gone(node, silent, direct)


def _by_address(mesh: Mesh, role: Role, node: str) -> list[Look]:
    return [one for one in mesh.looks(role, node) if one.edge.ground is Ground.CLUSTER_IP]


def _directly(mesh: Mesh, role: Role, node: str) -> list[Look]:
    return [one for one in mesh.looks(role, node) if one.edge.ground is not Ground.CLUSTER_IP]


def _api(mesh: Mesh, node: str, silent: list[Look]) -> Look | None:
    """Give what shows that all that is behind the API's address answers."""
    looks = _directly(mesh, Role.API, node)
    if not any(one.edge.role is Role.API for one in silent) or not all(one.ok for one in looks):
        return None
    return next(iter(looks), None)


def _name_servers(mesh: Mesh, node: str, silent: list[Look]) -> Look | None:
    """Give what shows that all name servers answer this node, if it is known how many there are."""
    looks = _directly(mesh, Role.DNS, node)
    asks = {one.edge.ask for one in silent if one.edge.role is Role.DNS}
    known = sum(
        one.ready
        for one in (mesh.cluster.slices if mesh.cluster else ())
        if (one.namespace, one.service) == (DNS_NAMESPACE, DNS_SERVICE)
    )
    answering = {
        ask: {one.edge.address for one in looks if one.ok and one.edge.ask is ask} for ask in asks
    }
    whole = known > 0 and all(len(here) >= known for here in answering.values())
    if not asks or not whole or not all(one.ok and together(one, silent[0]) for one in looks):
        return None
    return next(iter(looks), None)


def _gone(node: str, silent: list[Look], direct: Look) -> Finding:
    return finding(
        CODE,
        f"on {node}",
        (silent[0], silent[-1], direct),
        (
            "dns: the name servers are not asked at all",
            "the network between nodes: the same is reached directly",
        ),
        "kubectl -n kube-system rollout restart daemonset kube-proxy",
        (
            Recipe(
                "why it stopped",
                "kubectl -n kube-system logs -l k8s-app=kube-proxy --prefix --tail=50",
            ),
        ),
    )


ADDRESS_ANSWERS: Final = Check(
    "service.address",
    "Service addresses lead to who is behind them",
    subjects.nodes,
    _look,
    faults=(CODE,),
)
