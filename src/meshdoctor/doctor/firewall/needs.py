"""What the nodes of a cluster must be able to send each other.

Sources: Calico's network requirements
(https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements#network-requirements),
Calico on AWS (https://docs.tigera.io/calico/latest/reference/public-cloud/aws), and Kubernetes'
"Ports and Protocols" (https://kubernetes.io/docs/reference/networking/ports-and-protocols/).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from meshdoctor.probes.calico import Calico, Encapsulation, Pool

LAST_PORT: Final = 65535
API_PORT: Final = 6443
KUBELET_PORT: Final = 10250


class Level(Enum):
    """What it means that something does not pass."""

    MUST = "Pods on different nodes cannot talk"
    MAY = "something does not work, unless the cluster has another way for it"
    TELL = "nothing by itself"


class Way(Enum):
    """Between which nodes."""

    ALL = "any node to any other"
    TO_CONTROL = "any node to the control plane"
    FROM_CONTROL = "the control plane to any node"
    BETWEEN_CONTROL = "one control-plane node to another"


@dataclass(frozen=True, slots=True)
class Need:
    """A kind of packet that one node sends another.

    Attributes:
        name: what it is.
        protocol: as `Rule` has it.
        first: the first port, or the ICMP type.
        last: the last port, or the ICMP code.
        level: what it means when it does not pass.
        way: between which nodes.
        otherwise: what one sees when it does not pass, and what makes that no fault.
        family: 4 or 6, the version of IP between the nodes.
        pods: the addresses that it comes from and goes to, when these are Pods' own.
        bare: whether it carries Pods' own addresses.
    """

    name: str
    protocol: str
    first: int = -1
    last: int = -1
    level: Level = Level.MUST
    way: Way = Way.ALL
    otherwise: str = ""
    family: int = 4
    pods: str = ""
    bare: bool = False

    def __str__(self) -> str:
        """Protocol, ports and name."""
        if self.protocol in {"tcp", "udp"}:
            span = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
            return f"{self.protocol}/{span} ({self.name})"
        if self.protocol.startswith("icmp"):
            return f"{self.protocol} type {self.first} ({self.name})"
        return f"protocol {self.protocol} ({self.name})"


class Subnets(StrEnum):
    """Where nodes stand to each other, for encapsulations that ask for that."""

    ONE = "in one subnet"
    SEVERAL = "in different subnets"
    MIXED = "in several subnets, some together"


@dataclass(frozen=True, slots=True)
class World:
    """One of the cases that the evidence leaves open, with what nodes send each other in it.

    Attributes:
        name: what is so in this case.
        needs: what nodes send each other.
    """

    name: str
    needs: tuple[Need, ...]

    @property
    def bare(self) -> bool:
        """Whether packets with Pods' own addresses go from node to node."""
        return any(need.bare for need in self.needs)


def worlds(
    calico: Calico, subnets: Subnets | None, family: int, control_planes: int
) -> tuple[World, ...]:
    """Return every case that is possible: one when encapsulation and subnets are known.

    Args:
        calico: what is known of Calico.
        subnets: where the nodes stand; None when unknown.
        family: the version of IP in which nodes know each other.
        control_planes: how many nodes the control plane has.
    """
    rest = tuple(_nodes_own(calico, family, control_planes))
    told = [calico.pools] if calico.pools else [(Pool(kind),) for kind in Encapsulation]
    found = []
    for pools in told:
        kinds = " and ".join(dict.fromkeys(pool.encapsulation.value for pool in pools))
        depends = subnets is None and any(_depends(pool.encapsulation) for pool in pools)
        cases = (Subnets.ONE, Subnets.SEVERAL) if depends else (subnets or Subnets.ONE,)
        for case in cases:
            needs = [need for pool in pools for need in _between_pods(calico, pool, case, family)]
            name = f"{kinds} {case}" if depends else kinds
            found.append(World(name, tuple(dict.fromkeys((*needs, *rest)))))
    return tuple(found)


def _depends(encapsulation: Encapsulation) -> bool:
    return encapsulation in {Encapsulation.VXLAN_CROSS_SUBNET, Encapsulation.IPIP_CROSS_SUBNET}


def _between_pods(calico: Calico, pool: Pool, subnets: Subnets, family: int) -> Iterator[Need]:
    kind = pool.encapsulation
    family = _family(pool, family)
    crosses = _depends(kind)
    if kind is Encapsulation.NONE or (crosses and subnets is not Subnets.SEVERAL):
        yield from _bare(pool, family)
    if kind is not Encapsulation.NONE and not (crosses and subnets is Subnets.ONE):
        yield _wrapped(calico, kind, family)
    yield from _routes(calico, kind, family)


def _family(pool: Pool, family: int) -> int:
    if not pool.cidr:
        return family
    return 6 if ":" in pool.cidr else 4


def _wrapped(calico: Calico, kind: Encapsulation, family: int) -> Need:
    # Encrypted, a packet goes in WireGuard alone; in clear only to nodes that have no key yet.
    level = Level.MAY if calico.wireguard else Level.MUST
    otherwise = "Pods reach no node without a WireGuard key" if calico.wireguard else ""
    if kind in {Encapsulation.VXLAN, Encapsulation.VXLAN_CROSS_SUBNET}:
        port = calico.vxlan_port
        return Need("VXLAN", "udp", port, port, level, otherwise=otherwise, family=family)
    return Need("IPIP", "4", level=level, otherwise=otherwise, family=family)


def _bare(pool: Pool, family: int) -> Iterator[Need]:
    """Give what Pods send under their own addresses: anything, and DNS for sure."""
    for protocol in ("udp", "tcp"):
        yield Need("Pods' DNS", protocol, 53, 53, family=family, pods=pool.cidr, bare=True)
    for protocol in ("tcp", "udp"):
        yield Need(
            f"Pods' own {protocol.upper()}",
            protocol,
            0,
            LAST_PORT,
            Level.MAY,
            otherwise="Pods cannot reach each other on the other ports, which is a fault if any"
            " of them is used",
            family=family,
            pods=pool.cidr,
            bare=True,
        )


def _routes(calico: Calico, kind: Encapsulation, family: int) -> Iterator[Need]:
    by_bgp = kind in {Encapsulation.IPIP, Encapsulation.IPIP_CROSS_SUBNET}
    if calico.bgp is False:
        return
    if by_bgp or (kind is Encapsulation.NONE and calico.bgp):
        yield Need("BGP", "tcp", 179, 179, family=family)
    elif calico.bgp or kind is Encapsulation.NONE:
        otherwise = "calico-node stays unready (BIRD), unless BGP is off or goes by reflectors"
        yield Need("BGP", "tcp", 179, 179, Level.MAY, otherwise=otherwise, family=family)


def _nodes_own(calico: Calico, family: int, control_planes: int) -> Iterator[Need]:
    if calico.wireguard:
        port = calico.wireguard_port
        yield Need("WireGuard", "udp", port, port, family=family)
    if calico.typha is not False:
        level = Level.MUST if calico.typha else Level.MAY
        otherwise = "Calico on other nodes learns no routes, unless it runs without Typha"
        yield Need("Typha", "tcp", 5473, 5473, level, otherwise=otherwise, family=family)
    yield Need(
        *("API server", "tcp", API_PORT, API_PORT, Level.MAY, Way.TO_CONTROL),
        otherwise="nodes are NotReady, unless they reach the API by a load balancer",
        family=family,
    )
    yield Need(
        *("kubelet", "tcp", KUBELET_PORT, KUBELET_PORT, Level.MAY, Way.FROM_CONTROL),
        otherwise="kubectl logs and exec hang, unless the API reaches kubelets by a tunnel",
        family=family,
    )
    if control_planes > 1:
        yield Need(
            *("etcd", "tcp", 2379, 2380, Level.MAY, Way.BETWEEN_CONTROL),
            otherwise="the control plane loses its quorum, unless etcd runs elsewhere",
            family=family,
        )
    protocol, kind, code = ("icmpv6", 2, 0) if family == 6 else ("icmp", 3, 4)  # noqa: PLR2004 - of IP
    yield Need("packet too big", protocol, kind, code, Level.TELL, family=family)
