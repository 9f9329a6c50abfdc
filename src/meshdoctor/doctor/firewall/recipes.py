"""The missing rules, written down: for the AWS command line, CloudFormation and Terraform.

Options: AWS CLI Command Reference, authorize-security-group-ingress and -egress. Properties:
AWS::EC2::SecurityGroupIngress and ...Egress. Arguments: the Terraform AWS provider's
aws_vpc_security_group_ingress_rule and ..._egress_rule.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from meshdoctor.doctor.firewall.needs import Need
from meshdoctor.doctor.firewall.rules import IN, Crossing
from meshdoctor.probes.aws.evidence import EVERY_PROTOCOL

_ALL: Final = ((EVERY_PROTOCOL, -1, -1),)


@dataclass(frozen=True, slots=True)
class Missing:
    """Rules that a group lacks towards another.

    Attributes:
        group: whose rules.
        peer: the group on the other side.
        direction: `IN` or `OUT`.
        what: protocol, first and last port of each.
    """

    group: str
    peer: str
    direction: str
    what: tuple[tuple[str, int, int], ...] = _ALL

    @property
    def is_in(self) -> bool:
        """Whether it is about what comes in."""
        return self.direction == IN


def missing_of(crossings: Iterable[Crossing], *, narrow: bool) -> tuple[Missing, ...]:
    """Return what has to be added so that packets pass.

    Args:
        crossings: packets that do not.
        narrow: whether to allow these alone, or everything between the same groups.
    """
    found: dict[tuple[str, str, str], list[Need]] = {}
    for one in crossings:
        sender, receiver = (kind.ids[0] for kind in one.edge)
        for direction in one.blocked:
            ends = (receiver, sender) if direction == IN else (sender, receiver)
            found.setdefault((*ends, direction), []).append(one.need)
    return tuple(
        Missing(*key, _narrowed(needs) if narrow else _ALL) for key, needs in found.items()
    )


def _narrowed(needs: Sequence[Need]) -> tuple[tuple[str, int, int], ...]:
    if any(need.bare for need in needs):
        return _ALL
    return tuple(dict.fromkeys((need.protocol, need.first, need.last) for need in needs))


def commands(missing: Iterable[Missing], region: str = "") -> str:
    """Return a command for each group and direction.

    Args:
        missing: what is to be added.
        region: where; "" for what the environment says.
    """
    return "\n".join(_command(one, region) for one in missing)


def _command(one: Missing, region: str) -> str:
    verb = "ingress" if one.is_in else "egress"
    where = f" --region {region}" if region else ""
    permissions = " ".join(
        f"'IpProtocol={what[0]}{_ports(*what)},UserIdGroupPairs=[{{GroupId={one.peer}}}]'"
        for what in one.what
    )
    head = f"aws ec2 authorize-security-group-{verb}{where}"
    return f"{head} --group-id {one.group} --ip-permissions {permissions}"


def _ports(protocol: str, first: int, last: int) -> str:
    # EC2 minds no ports of protocols that have none; what stands in for EC2 in tests wants some.
    return "" if protocol == EVERY_PROTOCOL else f",FromPort={first},ToPort={last}"


def cloudformation(missing: Iterable[Missing]) -> str:
    """Return resources for a CloudFormation template.

    Args:
        missing: what is to be added.
    """
    blocks = ["\n".join(_resource(name, one, what)) for name, one, what in _named(missing)]
    return "\n".join(("Resources:", *blocks))


def _resource(name: str, one: Missing, what: tuple[str, int, int]) -> Iterable[str]:
    protocol, first, last = what
    side = "Ingress" if one.is_in else "Egress"
    yield f"  {name}:"
    yield f"    Type: AWS::EC2::SecurityGroup{side}"
    yield "    Properties:"
    yield f"      GroupId: {one.group}"
    yield f'      IpProtocol: "{protocol}"'
    if protocol != EVERY_PROTOCOL:
        yield f"      FromPort: {first}"
        yield f"      ToPort: {last}"
    yield f"      {'Source' if one.is_in else 'Destination'}SecurityGroupId: {one.peer}"
    yield f"      Description: {_reason(protocol)}"


def terraform(missing: Iterable[Missing]) -> str:
    """Return resources for Terraform, in its language.

    Args:
        missing: what is to be added.
    """
    return "\n".join(
        line for name, one, what in _named(missing) for line in _block(_snake(name), one, what)
    )


def _block(name: str, one: Missing, what: tuple[str, int, int]) -> Iterable[str]:
    protocol, first, last = what
    side = "ingress" if one.is_in else "egress"
    yield f'resource "aws_vpc_security_group_{side}_rule" "{name}" {{'
    yield f'  security_group_id            = "{one.group}"'
    yield f'  referenced_security_group_id = "{one.peer}"'
    yield f'  ip_protocol                  = "{protocol}"'
    if protocol != EVERY_PROTOCOL:
        yield f"  from_port                    = {first}"
        yield f"  to_port                      = {last}"
    yield f'  description                  = "{_reason(protocol)}"'
    yield "}"


def _named(missing: Iterable[Missing]) -> Iterable[tuple[str, Missing, tuple[str, int, int]]]:
    """Give each rule a name of its own, the plain one where there is no other."""
    rules = [(one, what) for one in missing for what in one.what]
    for number, (one, what) in enumerate(rules):
        base = "NodesFromNodes" if one.is_in else "NodesToNodes"
        yield f"{base}{number + 1 if len(rules) > 1 else ''}", one, what


def _snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name).lstrip("_")


def _reason(protocol: str) -> str:
    return "All traffic between nodes" if protocol == EVERY_PROTOCOL else "Between nodes"
