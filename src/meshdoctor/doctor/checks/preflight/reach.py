"""What NetworkPolicies let through, by their published rules.

https://kubernetes.io/docs/concepts/services-networking/network-policies/: a Pod that no policy
selects for a direction may do everything in it; one that is selected may do what any of its
policies allows. A connection needs the leave of both ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Final

from meshdoctor.doctor.selectors import selects
from meshdoctor.probes.manifests.evidence import Port, Spec

_NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
_SIDES: Final = {"Egress": "to", "Ingress": "from"}

Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection.

    Attributes:
        namespace: of a Pod.
        labels: of it.
        ports: that it declares.
        address: an IP address; "" when it has none yet.
    """

    namespace: str
    labels: Mapping[str, str]
    ports: tuple[Port, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All policies, and the labels by which they select namespaces.

    Attributes:
        policies: of every namespace.
        namespaces: labels of each; one that is missing has only the label of its name.
    """

    policies: Sequence[Spec]
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def stops(self, source: End, target: End, port: int, protocol: str) -> tuple[str, ...]:
        """Give the policies that keep a connection from coming about; none when it passes.

        Args:
            source: who begins.
            target: who is called.
            port: of the target.
            protocol: `TCP` or `UDP`.
        """
        wanted = Port(port, protocol=protocol)
        return (
            *self._against("Egress", source, target, target, wanted),
            *self._against("Ingress", target, source, target, wanted),
        )

    def _against(
        self, way: str, who: End, other: End, target: End, wanted: Port
    ) -> tuple[str, ...]:
        mine = [one for one in self.policies if _applies(one, way, who)]
        for one in mine:
            for rule in one.spec.get(way.lower()) or ():
                home = one.thing.namespace
                peers = rule.get(_SIDES[way])
                known = not peers or any(self._is(each, other, home) for each in peers)
                if known and _has(rule.get("ports"), wanted, target):
                    return ()
        return tuple(str(one.thing) for one in mine)

    def _is(self, peer: Rule, other: End, home: str) -> bool:
        if block := peer.get("ipBlock"):
            return bool(other.address) and _inside(block, other.address)
        if "namespaceSelector" in peer:
            labels = {
                **self.namespaces.get(other.namespace, {}),
                _NAMESPACE_NAME: other.namespace,
            }
            near = selects(peer["namespaceSelector"] or {}, labels)
        else:
            near = other.namespace == home
        return near and selects(peer.get("podSelector") or {}, other.labels)


def _applies(policy: Spec, way: str, who: End) -> bool:
    spec = policy.spec
    kinds = spec.get("policyTypes") or ["Ingress", *(("Egress",) if "egress" in spec else ())]
    return (
        way in kinds
        and policy.thing.namespace == who.namespace
        and selects(spec.get("podSelector") or {}, who.labels)
    )


def _has(ports: Sequence[Rule] | None, wanted: Port, target: End) -> bool:
    return not ports or any(_fits(one, wanted, target) for one in ports)


def _fits(one: Rule, wanted: Port, target: End) -> bool:
    if one.get("protocol", "TCP") != wanted.protocol:
        return False
    port = one.get("port")
    if port is None:
        return True
    if isinstance(port, str):
        named = {each.number for each in target.ports if each.name == port}
        return wanted.number in named
    return int(port) <= wanted.number <= int(one.get("endPort", port))


def _inside(block: Rule, address: str) -> bool:
    found = ip_address(address)
    return found in ip_network(block["cidr"]) and not any(
        found in ip_network(one) for one in block.get("except") or ()
    )
