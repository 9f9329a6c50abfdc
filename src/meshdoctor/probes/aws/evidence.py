"""What was seen of security groups and the instances in them: plain data, judged elsewhere."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVERY_PROTOCOL: Final = "-1"
"""EC2's word for all protocols."""


class Trouble(StrEnum):
    """Why something could not be had."""

    NO_CREDENTIALS = "no-credentials"
    NO_REGION = "no-region"
    REFUSED = "refused"
    UNKNOWN_THING = "unknown-thing"
    THROTTLED = "throttled"
    SILENT = "silent"
    NOT_CONNECTED = "not-connected"
    NONSENSE = "nonsense"
    CUT_OFF = "cut-off"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be had.

    Attributes:
        trouble: the kind.
        words: what was said about it: where, and the other side's own words.
    """

    trouble: Trouble
    words: str


class PeerKind(StrEnum):
    """How a rule says who is on the other side."""

    GROUP = "group"
    CIDR = "cidr"
    PREFIX_LIST = "prefix-list"


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is on the other side of a rule.

    Attributes:
        kind: how it is said.
        value: a group's id, a range of addresses, or a prefix list's id.
    """

    kind: PeerKind
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a group lets through, to or from one peer.

    Attributes:
        protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `EVERY_PROTOCOL`, or the number of another one.
        first: the first port, or the ICMP type; -1 for all.
        last: the last port, or the ICMP code; -1 for all.
        peer: the source of an inbound rule, the destination of an outbound one.
    """

    protocol: str
    first: int
    last: int
    peer: Peer

    def __str__(self) -> str:
        """Say it as people do: `udp/4789 from sg-1` without the from."""
        return f"{self.what} {self.peer.value}"

    @property
    def what(self) -> str:
        """The protocol and the ports."""
        if self.protocol == EVERY_PROTOCOL:
            return "all traffic"
        if self.protocol in {"tcp", "udp"}:
            span = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
            return f"{self.protocol}/{span}"
        if self.protocol in {"icmp", "icmpv6"}:
            return self.protocol if self.first == -1 else f"{self.protocol} type {self.first}"
        return f"protocol {self.protocol}"


@dataclass(frozen=True, slots=True)
class Group:
    """A security group.

    Attributes:
        id: such as sg-0123.
        ingress: its inbound rules; None when the evidence does not tell them.
        egress: its outbound rules; None when the evidence does not tell them.
    """

    id: str
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None


@dataclass(frozen=True, slots=True)
class Node:
    """An instance, as its first network interface stands in the network.

    Attributes:
        id: such as i-0123.
        groups: the ids of its security groups.
        addresses: its private addresses, IPv4 first.
        subnet: where it is; "" when unknown.
        checked: whether EC2 checks source and destination of its packets; None when unknown.
    """

    id: str
    groups: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    subnet: str = ""
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class GroupEvidence:
    """What is known of the groups of a cluster's nodes.

    Attributes:
        asked: one entry for each kind of node: the ids of the groups that are on it together.
        control_plane: ids of groups that only control-plane nodes have; empty when not told apart.
        groups: what is known of each group.
        nodes: the instances, where they are known; they say the kinds better than `asked`.
        region: where; "" when not told.
        failure: why there is nothing.
        remarks: what could not be asked, and is not vital.
    """

    asked: tuple[tuple[str, ...], ...] = ()
    control_plane: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    nodes: tuple[Node, ...] = ()
    region: str = ""
    failure: Failure | None = None
    remarks: tuple[str, ...] = ()
