"""Do the rules of security groups let a packet through?

EC2's own reading: all groups of an instance count together, a rule can only allow, what no rule
allows is dropped, and a rule that names a group means the instances that have it
(https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html). A packet between two
nodes needs a rule to leave the one and a rule to enter the other. That replies need none does not
help: no packet of VXLAN is a reply to another, since each flow has a source port of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import collapse_addresses, ip_network
from typing import Any, Final

from meshdoctor.doctor.firewall.needs import Need
from meshdoctor.doctor.firewall.nodes import Edge, Kind, Network
from meshdoctor.probes.aws.evidence import EVERY_PROTOCOL, PeerKind, Rule

IN: Final = "inbound"
OUT: Final = "outbound"


class Answer(IntEnum):
    """Whether packets pass; adding a rule never lowers it."""

    BLOCKED = 0
    UNKNOWN = 1
    PASSES = 2


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer with its reason.

    Attributes:
        answer: whether packets pass.
        why: what it hangs on: the rule that lets them through, or what is unknown.
        missing: the evidence that would tell, when it is unknown.
    """

    answer: Answer
    why: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One kind of packet on its way from one kind of node to another.

    Attributes:
        need: the packet.
        edge: sender and receiver.
        out: whether it leaves the sender.
        into: whether it enters the receiver.
    """

    need: Need
    edge: Edge
    out: Ruling
    into: Ruling

    @property
    def answer(self) -> Answer:
        """Whether it arrives."""
        return min(self.out.answer, self.into.answer)

    @property
    def doubt(self) -> Ruling:
        """The side that nobody can tell."""
        return self.into if self.into.answer is Answer.UNKNOWN else self.out

    @property
    def blocked(self) -> tuple[str, ...]:
        """The directions in which a rule is missing."""
        sides = ((IN, self.into), (OUT, self.out))
        return tuple(name for name, ruling in sides if ruling.answer is Answer.BLOCKED)


def cross(need: Need, edge: Edge) -> Crossing:
    """Judge one kind of packet on one way.

    Args:
        need: the packet.
        edge: sender and receiver.
    """
    sender, receiver = edge
    return Crossing(
        need, edge, _side(need, sender, receiver, OUT), _side(need, receiver, sender, IN)
    )


def _side(need: Need, owner: Kind, other: Kind, direction: str) -> Ruling:
    """Judge the rules of one side."""
    rules: list[Rule] = []
    silent = list(owner.strangers)
    for group in owner.groups:
        told = group.ingress if direction == IN else group.egress
        rules += told or ()
        silent += [group.id] if told is None else []
    ruling = _over_all_ports(need, rules, other)
    if ruling.answer is Answer.PASSES or not silent:
        return ruling
    ids = " ".join(silent)
    return Ruling(
        Answer.UNKNOWN,
        f"the {direction} rules of {ids} are not told",
        f"aws ec2 describe-security-groups --group-ids {ids}",
    )


def _over_all_ports(need: Need, rules: Sequence[Rule], other: Kind) -> Ruling:
    """Judge a range of ports piece by piece: several rules may cover it together."""
    pieces = [
        _from_all_nodes(need, [rule for rule in rules if _lets(rule, need, first, last)], other)
        for first, last in _pieces(need, rules)
    ]
    return min(pieces, key=lambda piece: piece.answer)


def _pieces(need: Need, rules: Sequence[Rule]) -> Iterator[tuple[int, int]]:
    if need.protocol not in {"tcp", "udp"}:
        yield need.first, need.last
        return
    edges = {edge for rule in rules for edge in (rule.first, rule.last + 1)}
    starts = sorted({need.first, *(one for one in edges if need.first < one <= need.last)})
    yield from zip(starts, [*(start - 1 for start in starts[1:]), need.last], strict=True)


def _lets(rule: Rule, need: Need, first: int, last: int) -> bool:
    if rule.protocol == EVERY_PROTOCOL:
        return True
    if rule.protocol != need.protocol:
        return False
    if need.protocol in {"tcp", "udp"}:
        return rule.first <= first and last <= rule.last
    if need.protocol in {"icmp", "icmpv6"}:
        return rule.first in {-1, need.first} and rule.last in {-1, need.last}
    return True


def _from_all_nodes(need: Need, rules: Sequence[Rule], other: Kind) -> Ruling:
    """Judge whether the peers of these rules are all nodes on the other side."""
    for rule in rules:
        if rule.peer.kind is PeerKind.GROUP and rule.peer.value in other.ids:
            return Ruling(Answer.PASSES, f"a rule for {rule.peer.value}")
    by_address = _by_address(need, rules, other)
    if by_address.answer is not Answer.BLOCKED:
        return by_address
    lists = [rule.peer.value for rule in rules if rule.peer.kind is PeerKind.PREFIX_LIST]
    if not lists:
        return by_address
    command = "aws ec2 get-managed-prefix-list-entries --prefix-list-id"
    return Ruling(
        Answer.UNKNOWN,
        f"a rule names the prefix list {lists[0]}, and what is in it is not told",
        f"{command} {lists[0]}",
    )


def _by_address(need: Need, rules: Sequence[Rule], other: Kind) -> Ruling:
    told = [ip_network(rule.peer.value) for rule in rules if rule.peer.kind is PeerKind.CIDR]
    ranges = _collapsed([one for one in told if one.version == need.family])
    if not ranges:
        return Ruling(Answer.BLOCKED)
    words = " and ".join(map(str, ranges))
    if any(one.prefixlen == 0 for one in ranges):
        return Ruling(Answer.PASSES, f"a rule for {words}")
    wanted = _addresses(need, other)
    if len(ranges) == ranges[0].num_addresses == 1 and not (wanted or other.control):
        return Ruling(Answer.BLOCKED, f"{words} is one address, and nodes have several")
    if not wanted:
        whose = "the Pods'" if need.bare else "the nodes'"
        option = "--pod-cidr, or --calico with the pools' cidr" if need.bare else "--node-cidr"
        return Ruling(Answer.UNKNOWN, f"whether {words} holds {whose} addresses", option)
    return _of_known(need, ranges, wanted, exact=other.exact and not need.bare)


def _of_known(
    need: Need, ranges: Sequence[Network], wanted: Sequence[Network], *, exact: bool
) -> Ruling:
    """Judge ranges against addresses that are known, or against where they are."""
    words = " and ".join(map(str, ranges))
    outside = [one for one in wanted if not any(_holds(each, one) for each in ranges)]
    if not outside:
        return Ruling(Answer.PASSES, f"a rule for {words}")
    if exact or not any(one.overlaps(each) for one in outside for each in ranges):
        return Ruling(Answer.BLOCKED, f"{words} does not hold {outside[0]}")
    return Ruling(
        Answer.UNKNOWN,
        f"{words} holds a part of {outside[0]}, and which addresses are in use is not told",
        "a rule for all of the Pods' addresses" if need.bare else "--instance-id of the nodes",
    )


def _addresses(need: Need, other: Kind) -> list[Network]:
    if need.bare:
        return [ip_network(need.pods)] if need.pods else []
    return [one for one in other.networks if one.version == need.family]


def _collapsed(networks: list[Any]) -> list[Network]:
    return list(collapse_addresses(networks))


def _holds(wide: Any, narrow: Any) -> bool:  # noqa: ANN401 - both of one family, which types cannot say
    return bool(narrow.subnet_of(wide))
