"""The JSON that the AWS command line writes about groups and instances, read into evidence.

Taken are the answers of `describe-security-groups`, `describe-security-group-rules` and
`describe-instances`, whole or as `--query` cuts their one list out. boto3 gives the same shapes.
Fields: the EC2 API Reference, types SecurityGroup, SecurityGroupRule, IpPermission, Instance.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final

from meshdoctor.probes.aws.errors import CutOffError, NonsenseError
from meshdoctor.probes.aws.evidence import EVERY_PROTOCOL, Group, Node, Peer, PeerKind, Rule

_NAMES: Final = {"all": EVERY_PROTOCOL, "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_LAST_PORT: Final = 65535
_GONE: Final = {"shutting-down", "terminated", "stopping", "stopped"}
_WANTED: Final = (
    "wanted is the JSON of aws ec2 describe-security-groups, describe-security-group-rules"
    " or describe-instances"
)


@dataclass(frozen=True, slots=True)
class Documents:
    """What files, or answers, told together.

    Attributes:
        groups: each group once.
        nodes: the instances that run.
    """

    groups: tuple[Group, ...] = ()
    nodes: tuple[Node, ...] = ()

    def __add__(self, other: "Documents") -> "Documents":
        """Put two together; of a group told twice the first stands."""
        groups = {one.id: one for one in (*other.groups, *self.groups)}
        nodes = {one.id: one for one in (*other.nodes, *self.nodes)}
        return Documents(tuple(groups.values()), tuple(nodes.values()))


def read_text(text: str, name: str) -> Documents:
    """Read one file.

    Args:
        text: its content.
        name: of the file, for the errors.

    Raises:
        NonsenseError: it is not what EC2 writes.
        CutOffError: it is a page of several.
    """
    if not text.strip():
        raise NonsenseError(f"{name} is empty: {_WANTED}")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NonsenseError(f"{name} is no JSON (--output json writes it): {error}") from error
    return read_answer(told, name)


def read_answer(told: object, name: str) -> Documents:
    """Read one answer.

    Args:
        told: JSON's types.
        name: where it came from, for the errors.

    Raises:
        NonsenseError: it is not what EC2 writes.
        CutOffError: it is a page of several.
    """
    if isinstance(told, dict) and (told.get("NextToken") or told.get("nextToken")):
        raise CutOffError(
            f"{name} is one page of several: ask without --max-items and --no-paginate"
        )
    try:
        return _documents(told)
    except _ShapeError as error:
        raise NonsenseError(f"{name}: {error}") from error


class _ShapeError(Exception):
    """Something has another shape than EC2 gives it; the text says what."""


def _documents(told: object) -> Documents:
    readers: dict[str, Callable[[list[Any]], Documents]] = {
        "SecurityGroups": _groups,
        "SecurityGroupRules": _rules,
        "Reservations": _reservations,
    }
    if isinstance(told, dict):
        for key, reader in readers.items():
            if key in told:
                return reader(_list(told, key))
        told = [told]
    if not isinstance(told, list) or not told or not isinstance(told[0], dict):
        raise _ShapeError(f"neither groups nor rules nor instances are in it; {_WANTED}")
    # What is left of an answer after --query 'SecurityGroups', for instance.
    marks = {"SecurityGroupRuleId": _rules, "IpPermissions": _groups, "Instances": _reservations}
    for key, reader in marks.items():
        if key in told[0]:
            return reader(told)
    raise _ShapeError(f"neither groups nor rules nor instances are in it; {_WANTED}")


def _groups(told: list[Any]) -> Documents:
    return Documents(groups=tuple(_group(_dict(one, "a group")) for one in told))


def _group(told: dict[str, Any]) -> Group:
    return Group(
        _text(told, "GroupId"),
        _permissions(told, "IpPermissions"),
        _permissions(told, "IpPermissionsEgress"),
    )


def _permissions(told: dict[str, Any], key: str) -> tuple[Rule, ...] | None:
    """Read one direction: each permission may name many peers."""
    if key not in told:
        return None
    rules = []
    for one in _list(told, key):
        permission = _dict(one, "a permission")
        protocol, first, last = _what(permission)
        rules += [Rule(protocol, first, last, peer) for peer in _peers(permission)]
    return tuple(rules)


def _peers(permission: dict[str, Any]) -> Iterable[Peer]:
    for one in _list(permission, "UserIdGroupPairs"):
        if group := _referenced(_dict(one, "a pair")):
            yield Peer(PeerKind.GROUP, group)
    for key, name in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
        for one in _list(permission, key):
            yield Peer(PeerKind.CIDR, _cidr(_text(_dict(one, "a range"), name)))
    for one in _list(permission, "PrefixListIds"):
        yield Peer(PeerKind.PREFIX_LIST, _text(_dict(one, "a prefix list"), "PrefixListId"))


def _rules(told: list[Any]) -> Documents:
    """Read rules that stand one by one; a group is what they say about it."""
    found: dict[str, dict[bool, list[Rule]]] = {}
    for one in told:
        rule = _dict(one, "a rule")
        if not isinstance(rule.get("IsEgress"), bool):
            raise _ShapeError("a rule does not say IsEgress")
        sides = found.setdefault(_text(rule, "GroupId"), {False: [], True: []})
        if peer := _peer(rule):
            sides[rule["IsEgress"]].append(Rule(*_what(rule), peer))
    # Without one outbound rule nothing leaves, or the list was filtered: this shape cannot tell.
    groups = (
        Group(id_, tuple(sides[False]), tuple(sides[True]) or None) for id_, sides in found.items()
    )
    return Documents(groups=tuple(groups))


def _peer(rule: dict[str, Any]) -> Peer | None:
    for key in ("CidrIpv4", "CidrIpv6"):
        if key in rule:
            return Peer(PeerKind.CIDR, _cidr(_text(rule, key)))
    if "PrefixListId" in rule:
        return Peer(PeerKind.PREFIX_LIST, _text(rule, "PrefixListId"))
    group = _referenced(_dict(rule.get("ReferencedGroupInfo"), "a rule's peer"))
    return Peer(PeerKind.GROUP, group) if group else None


def _referenced(told: dict[str, Any]) -> str | None:
    """Give the id of the group that a rule names; a group over a peering that is gone is nobody."""
    if told.get("PeeringStatus", "active") != "active":
        return None
    return _text(told, "GroupId")


def _what(told: dict[str, Any]) -> tuple[str, int, int]:
    word = _text(told, "IpProtocol")
    protocol = _NAMES.get(word, word)
    first, last = (_number(told, key) for key in ("FromPort", "ToPort"))
    if protocol in {"tcp", "udp"} and first == -1:
        return protocol, 0, _LAST_PORT
    return protocol, first, last


def _reservations(told: list[Any]) -> Documents:
    instances = [
        _dict(instance, "an instance")
        for one in told
        for instance in _list(_dict(one, "a reservation"), "Instances")
    ]
    running = [one for one in instances if _state(one) not in _GONE]
    return Documents(nodes=tuple(map(_node, running)))


def _state(instance: dict[str, Any]) -> object:
    state = instance.get("State")
    return state.get("Name") if isinstance(state, dict) else None


def _node(told: dict[str, Any]) -> Node:
    # Instances talk from the address of their first interface, and its groups decide.
    interface = _first_interface(told)
    groups = _list(interface, "Groups") or _list(told, "SecurityGroups")
    addresses = [interface.get("PrivateIpAddress", told.get("PrivateIpAddress"))]
    addresses += [
        _dict(one, "an address").get("Ipv6Address") for one in _list(interface, "Ipv6Addresses")
    ]
    checked = told.get("SourceDestCheck", interface.get("SourceDestCheck"))
    subnet = interface.get("SubnetId", told.get("SubnetId"))
    return Node(
        _text(told, "InstanceId"),
        tuple(_text(_dict(one, "a group"), "GroupId") for one in groups),
        tuple(map(_address, filter(None, addresses))),
        subnet if isinstance(subnet, str) else "",
        checked if isinstance(checked, bool) else None,
    )


def _first_interface(told: dict[str, Any]) -> dict[str, Any]:
    interfaces = [_dict(one, "an interface") for one in _list(told, "NetworkInterfaces")]

    def place(interface: dict[str, Any]) -> int:
        attachment = interface.get("Attachment")
        index = attachment.get("DeviceIndex") if isinstance(attachment, dict) else None
        return index if isinstance(index, int) else 0

    return min(interfaces, key=place, default={})


def _dict(told: object, what: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise _ShapeError(f"{what} is no object")
    return told


def _list(told: dict[str, Any], key: str) -> list[Any]:
    found = told.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise _ShapeError(f"{key} is no list")
    return found


def _text(told: dict[str, Any], key: str) -> str:
    found = told.get(key)
    if not isinstance(found, str) or not found:
        raise _ShapeError(f"{key} is missing")
    return found


def _number(told: dict[str, Any], key: str) -> int:
    found = told.get(key, -1)
    if not isinstance(found, int) or isinstance(found, bool):
        raise _ShapeError(f"{key} is no number")
    return found


def _cidr(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError as error:
        raise _ShapeError(f"{text!r} is no range of addresses") from error


def _address(text: object) -> str:
    try:
        return str(ip_address(text))  # type: ignore[arg-type] # it says so itself
    except ValueError as error:
        raise _ShapeError(f"{text!r} is no address") from error
