"""The security group, read back from EC2: who may send what to a node."""

import re
from typing import Any

import pytest

from tests.cluster.cloud import ADMINS, Cloud, documents, ingress_rules, stack_document, stack_text
from tests.cluster.needs import OVERLAYS, Need, needs, unmet

pytestmark = pytest.mark.integration

RESOURCES = stack_document()["Resources"]
SUBNET = RESOURCES["Subnet"]["Properties"]["CidrBlock"]
VPC = RESOURCES["Vpc"]["Properties"]["CidrBlock"]
CALICO = documents("calico.yaml")[0]["spec"]["calicoNetwork"]
ENCAPSULATION = CALICO["ipPools"][0]["encapsulation"]
CHOSEN = needs(ENCAPSULATION, bgp=CALICO["bgp"] != "Disabled")
# The stack without a rule, and what nodes then cannot send each other.
CUT = {"NodesFromNodes": ["overlay", "DNS path", "Typha"]}


def without(rule: str) -> str:
    """Return the committed stack without one inbound rule, and without what waits for it."""
    kept, cuts = re.subn(rf"^  {rule}:\n(?: {{4,}}.*\n)+", "", stack_text(), flags=re.MULTILINE)
    assert cuts == 1, f"the stack has no {rule}"
    return kept.replace(f", {rule}]", "]")


def self_rule(group: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the self-referencing rule as it is given to EC2."""
    return [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group["GroupId"]}]}]


def sources(group: dict[str, Any]) -> set[tuple[str, int, int, str]]:
    """Return every rule that names addresses: protocol, ports, source."""
    return {
        (rule["IpProtocol"], rule.get("FromPort", 0), rule.get("ToPort", 0), each["CidrIp"])
        for rule in group["IpPermissions"]
        for each in rule["IpRanges"]
    }


def test_the_self_referencing_rule_comes_first(cloud: Cloud) -> None:
    """The group's first rule allows all protocols from the group itself, and from nobody else."""
    group = cloud.group()
    first = group["IpPermissions"][0]

    assert "-1" == first["IpProtocol"]
    assert [group["GroupId"]] == [each["GroupId"] for each in first["UserIdGroupPairs"]]
    assert [] == first["IpRanges"] + first["Ipv6Ranges"] + first["PrefixListIds"]


def test_nodes_can_send_each_other_what_calico_needs(cloud: Cloud) -> None:
    """The chosen encapsulation is VXLAN without BGP, and each of its needs is met."""
    assert Need("overlay", "udp", 4789) in CHOSEN
    assert [] == unmet(cloud.group(), SUBNET, CHOSEN)


@pytest.mark.parametrize("rule", ingress_rules())
def test_only_the_self_referencing_rule_cannot_be_spared(empty_cloud: Cloud, rule: str) -> None:
    """Without it there is no overlay and no DNS; without any other rule nodes lack nothing."""
    empty_cloud.create(without(rule))

    assert CUT.get(rule, []) == unmet(empty_cloud.group(), SUBNET, CHOSEN)


def test_the_fault_of_the_story_and_its_heal(empty_cloud: Cloud) -> None:
    """Revoked: the overlay is cut while API and kubelets stay in reach; authorised: all is well."""
    empty_cloud.create(stack_text())
    group, ec2 = empty_cloud.group(), empty_cloud.client("ec2")

    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=self_rule(group))
    assert CUT["NodesFromNodes"] == unmet(empty_cloud.group(), SUBNET, CHOSEN)

    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=self_rule(group))
    assert [] == unmet(empty_cloud.group(), SUBNET, CHOSEN)


@pytest.mark.parametrize("encapsulation", OVERLAYS)
@pytest.mark.parametrize("bgp", [True, False])
def test_the_rule_serves_every_encapsulation(
    cloud: Cloud, encapsulation: str, *, bgp: bool
) -> None:
    """Whoever changes Calico's encapsulation needs no other rule; without it each one is cut."""
    group, wanted = cloud.group(), needs(encapsulation, bgp=bgp)
    rest = {**group, "IpPermissions": group["IpPermissions"][1:]}

    assert [] == unmet(group, SUBNET, wanted)
    expected = ["overlay", "DNS path", *(["BGP"] if bgp else []), "Typha"]
    assert expected == unmet(rest, SUBNET, wanted)


@pytest.mark.parametrize(
    ("opened", "encapsulation", "expected"),
    [
        (("udp", 4789, 4789), "VXLAN", ["Typha"]),
        (("udp", 4789, 4789), "IPIP", ["overlay", "DNS path", "Typha"]),
        (("udp", 4789, 4789), "VXLANCrossSubnet", ["overlay", "DNS path", "Typha"]),
        (("tcp", 5000, 6000), "VXLAN", ["overlay", "DNS path"]),
        (("tcp", 4789, 4789), "VXLAN", ["overlay", "DNS path", "Typha"]),
    ],
)
def test_a_narrow_rule_serves_what_it_names(
    cloud: Cloud, opened: tuple[str, int, int], encapsulation: str, expected: list[str]
) -> None:
    """Protocol and port count: udp/4789 carries VXLAN alone, and tcp/4789 nothing."""
    group = cloud.group()
    protocol, first, last = opened
    narrow = {
        "IpProtocol": protocol,
        "FromPort": first,
        "ToPort": last,
        "UserIdGroupPairs": [{"GroupId": group["GroupId"]}],
        "IpRanges": [],
    }
    changed = {**group, "IpPermissions": [narrow, *group["IpPermissions"][1:]]}

    assert expected == unmet(changed, SUBNET, needs(encapsulation, bgp=False))


@pytest.mark.parametrize(
    ("visitors", "expected"), [("", ADMINS), ("198.51.100.0/24", "198.51.100.0/24")]
)
def test_a_stranger_reaches_nothing(empty_cloud: Cloud, visitors: str, expected: str) -> None:
    """Beside the nodes, only the given ranges get in: SSH, the API, the NodePorts."""
    empty_cloud.create(stack_text(), VisitorCidr=visitors)

    assert {
        ("tcp", 6443, 6443, VPC),
        ("tcp", 10250, 10250, VPC),
        ("tcp", 22, 22, ADMINS),
        ("tcp", 6443, 6443, ADMINS),
        ("tcp", 30000, 32767, expected),
    } == sources(empty_cloud.group())


def test_the_world_gets_in_by_wish_only() -> None:
    """No rule names 0.0.0.0/0, no default opens it, and AdminCidr refuses it altogether."""
    parameters = stack_document()["Parameters"]
    literal = [RESOURCES[name]["Properties"].get("CidrIp") for name in ingress_rules()]

    assert "0.0.0.0/0" not in literal
    assert "Default" not in parameters["AdminCidr"]
    assert "" == parameters["VisitorCidr"]["Default"]
    admins = re.compile(parameters["AdminCidr"]["AllowedPattern"])
    visitors = re.compile(parameters["VisitorCidr"]["AllowedPattern"])
    refused = ["0.0.0.0/0", "128.0.0.0/1", "203.0.113.7", "203.0.113.7/33", "::/0", ""]
    assert [] == [cidr for cidr in refused if admins.match(cidr)]
    assert admins.match(ADMINS)
    assert admins.match("10.0.0.0/8")
    assert visitors.match("0.0.0.0/0")
