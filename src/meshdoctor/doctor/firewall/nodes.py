"""The nodes, sorted by the groups that they have: rules cannot tell those of one kind apart."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from meshdoctor.doctor.firewall.needs import Subnets, Way
from meshdoctor.probes.aws.evidence import Group, GroupEvidence, Node

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Kind:
    """Nodes with the same security groups.

    Attributes:
        ids: of the groups.
        groups: what is known of them.
        networks: where the nodes' addresses are.
        exact: whether `networks` are the addresses themselves.
        control: whether they are the control plane; None when nobody said.
        nodes: the instances, where they are known.
    """

    ids: tuple[str, ...]
    groups: tuple[Group, ...]
    networks: tuple[Network, ...] = ()
    exact: bool = False
    control: bool | None = None
    nodes: tuple[Node, ...] = ()

    def __str__(self) -> str:
        """The groups' ids."""
        return "+".join(self.ids)

    @property
    def strangers(self) -> tuple[str, ...]:
        """The groups of which nothing is known."""
        known = {group.id for group in self.groups}
        return tuple(one for one in self.ids if one not in known)


Edge = tuple[Kind, Kind]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes of a cluster.

    Attributes:
        kinds: all of them.
        control_planes: how many nodes the control plane has.
    """

    kinds: tuple[Kind, ...]
    control_planes: int = 1

    def edges(self, way: Way) -> Iterator[Edge]:
        """Give who sends to whom.

        Args:
            way: between which nodes.
        """
        to_control = way in {Way.TO_CONTROL, Way.BETWEEN_CONTROL}
        from_control = way in {Way.FROM_CONTROL, Way.BETWEEN_CONTROL}
        for sender in self.kinds:
            for receiver in self.kinds:
                if from_control and sender.control is False:
                    continue
                if to_control and receiver.control is False:
                    continue
                if sender is not receiver or self._has_pairs(sender):
                    yield sender, receiver

    def _has_pairs(self, kind: Kind) -> bool:
        """Tell whether there are two nodes of a kind; a cluster of one kind has at least two."""
        if len(self.kinds) == 1:
            return True
        if kind.nodes:
            return len(kind.nodes) > 1
        return not kind.control or self.control_planes > 1

    @property
    def subnets(self) -> Subnets | None:
        """Where the nodes stand to each other; None when that is not known."""
        where = [node.subnet for kind in self.kinds for node in kind.nodes]
        if len(where) < 2 or not all(where):  # noqa: PLR2004 - two stand to each other
            return None
        counts = Counter(where)
        if len(counts) == 1:
            return Subnets.ONE
        return Subnets.SEVERAL if max(counts.values()) == 1 else Subnets.MIXED

    @property
    def family(self) -> int:
        """The version of IP of the nodes' first addresses."""
        networks = [network for kind in self.kinds for network in kind.networks]
        return networks[0].version if networks else 4


def cluster_of(
    evidence: GroupEvidence, networks: tuple[Network, ...] = (), control_planes: int = 1
) -> Cluster:
    """Sort nodes into kinds.

    Args:
        evidence: what is known of groups and instances.
        networks: where the nodes' addresses are, in case the instances are not known.
        control_planes: how many nodes the control plane has.
    """
    known = {group.id: group for group in evidence.groups}
    members: dict[tuple[str, ...], list[Node]] = {}
    for node in evidence.nodes:
        members.setdefault(tuple(sorted(set(node.groups))), []).append(node)
    # A kind that was asked about and has no instance now is judged by its groups alone.
    empty = [ids for ids in evidence.asked if not any({*ids} <= {*own} for own in members)]
    found = {**members, **{tuple(dict.fromkeys(ids)): [] for ids in empty}}
    kinds = []
    for ids, nodes in found.items():
        addresses = tuple(ip_network(one) for node in nodes for one in node.addresses)
        groups = tuple(known[one] for one in ids if one in known)
        control = bool({*ids} & {*evidence.control_plane}) if evidence.control_plane else None
        kinds.append(
            Kind(ids, groups, addresses or networks, bool(addresses), control, tuple(nodes))
        )
    return Cluster(tuple(kinds), control_planes)
