"""The doctor on the stack in a loopback AWS: clean, broken as in the story, healed by its own line.

What it finds is held against `needs.py`, which reasons about the same rules in another way.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from meshdoctor.doctor.checks.security_group import Told, judge_groups
from meshdoctor.probes.aws.documents import read_answer
from meshdoctor.probes.aws.evidence import GroupEvidence
from meshdoctor.probes.calico import Calico, Encapsulation, Pool
from tests.cluster.cloud import CLUSTER, REGION, Cloud, stack_text
from tests.cluster.doctor import Doctor
from tests.cluster.needs import needs, unmet
from tests.cluster.test_group import SUBNET, self_rule

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

KINDS = dict(
    zip(
        ("VXLAN", "IPIP", "VXLANCrossSubnet", "IPIPCrossSubnet", "None"),
        ("vxlan", "ipip", "vxlan-cross-subnet", "ipip-cross-subnet", "none"),
        strict=True,
    )
)
BARE = {"vxlan-cross-subnet", "ipip-cross-subnet", "none"}


@pytest.fixture
def doctor(empty_cloud: Cloud) -> Doctor:
    """Give the doctor of an AWS in which the stack stands, to be changed."""
    empty_cloud.create(stack_text())
    # moto puts the instances of a stack into the default group, whatever the template says.
    groups, ec2 = [empty_cloud.group()["GroupId"]], empty_cloud.client("ec2")
    for node in empty_cloud.nodes().values():
        ec2.modify_instance_attribute(InstanceId=node["InstanceId"], Groups=groups)
        for interface in node["NetworkInterfaces"]:
            ec2.modify_network_interface_attribute(
                NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=groups
            )
    return Doctor(empty_cloud)


def revoke(cloud: Cloud) -> str:
    """Take THE RULE away and return the group's id."""
    group = cloud.group()
    cloud.client("ec2").revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=self_rule(group)
    )
    return str(group["GroupId"])


def unchecked(cloud: Cloud) -> None:
    """Switch EC2's source/destination check off on every node."""
    for node in cloud.nodes().values():
        cloud.client("ec2").modify_instance_attribute(
            InstanceId=node["InstanceId"], SourceDestCheck={"Value": False}
        )


def test_the_stack_is_clean_as_its_own_calico_has_it(doctor: Doctor) -> None:
    """By group and by instances, with the file that the cluster's operator reads."""
    nodes = doctor.cloud.nodes().values()
    by_group = ("--group-id", doctor.cloud.group()["GroupId"])
    by_node = ("--instance-id", ",".join(node["InstanceId"] for node in nodes))
    calico = ("--calico", str(CLUSTER / "calico.yaml"), "--output", "short")

    for asked in (by_group, by_node):
        done = doctor.run(*asked, *calico)
        assert (0, "") == (done.returncode, done.stderr), done.stdout
        assert done.stdout.endswith("the nodes reach each other with all that vxlan needs\n")


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        *((kind, "fix") for kind in KINDS.values()),
        *((kind, "only what is missing") for kind in KINDS.values() if kind not in BARE),
    ],
)
def test_the_printed_line_heals_every_encapsulation(doctor: Doctor, kind: str, way: str) -> None:
    """Clean, revoked and named, healed by the wide line or by the narrow one."""
    unchecked(doctor.cloud)
    where = ("--group-id", doctor.cloud.group()["GroupId"], "--region", REGION)
    asked = (*where, "--encapsulation", kind)
    assert 0 == doctor.run(*asked).returncode

    group = revoke(doctor.cloud)
    finding = doctor.finding(*asked)
    assert "network-nodes-blocked" == finding["fault"]
    recipes = {recipe["title"]: recipe["text"] for recipe in finding["recipes"]}
    line = {**recipes, "fix": finding["fix"]}[way]
    assert f"authorize-security-group-ingress --region {REGION} --group-id {group} " in line
    if way == "fix":
        assert line.endswith(f"'IpProtocol=-1,UserIdGroupPairs=[{{GroupId={group}}}]'")
    else:
        assert "IpProtocol=-1" not in line

    doctor.follow(line)
    healed = doctor.run(*asked)
    assert (0, "") == (healed.returncode, healed.stderr), healed.stdout


def test_the_check_of_ec2_is_named_and_healed(doctor: Doctor) -> None:
    """VXLANCrossSubnet in one subnet: three nodes, three commands, nothing about the group."""
    asked = ("--group-id", doctor.cloud.group()["GroupId"], "--encapsulation", "vxlan-cross-subnet")
    finding = doctor.finding(*asked)
    nodes = {node["InstanceId"] for node in doctor.cloud.nodes().values()}

    assert "network-overlay-blocked" == finding["fault"]
    assert len(nodes) == finding["fix"].count("modify-instance-attribute")
    doctor.follow(finding["fix"])
    assert 0 == doctor.run(*asked).returncode


def test_the_printed_stack_heals_too(doctor: Doctor) -> None:
    """CloudFormation takes its recipe as a template."""
    group = revoke(doctor.cloud)
    finding = doctor.finding("--group-id", group, "--encapsulation", "vxlan")
    recipes = {recipe["title"]: recipe["text"] for recipe in finding["recipes"]}
    (resource,) = yaml.safe_load(recipes["CloudFormation"])["Resources"].values()

    assert "AWS::EC2::SecurityGroupIngress" == resource["Type"]
    doctor.cloud.client("cloudformation").create_stack(
        StackName="heal", TemplateBody=recipes["CloudFormation"]
    )
    assert 0 == doctor.run("--group-id", group, "--encapsulation", "vxlan").returncode


@pytest.mark.parametrize("question", ["describe-security-groups", "describe-security-group-rules"])
def test_saved_answers_say_the_same(doctor: Doctor, question: str, tmp_path: Path) -> None:
    """Both questions of the real aws command, saved before and after, and no AWS any more."""
    group = doctor.cloud.group()["GroupId"]
    calico = ("--calico", str(CLUSTER / "calico.yaml"), "--node-cidr", SUBNET)
    codes = []
    for name in ("well", "broken"):
        saved = tmp_path / name
        doctor.follow(f"aws ec2 {question} --output json > {saved}")
        done = doctor.run("--from", str(saved), "--group-id", group, *calico)
        codes.append(done.returncode)
        if name == "well":
            revoke(doctor.cloud)

    assert [0, 1] == codes


rules_drawn = st.builds(
    lambda protocol, ports, peer: (protocol, *sorted(ports), peer),
    st.sampled_from(("-1", "tcp", "udp", "4")),
    st.tuples(*(st.sampled_from((0, 179, 4789, 5473, 6443, 10250, 65535)),) * 2),
    st.sampled_from(("self", "10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24", "0.0.0.0/0")),
)


def permission(protocol: str, first: int, last: int, peer: str) -> dict[str, Any]:
    """Return a rule as EC2 lists it."""
    pairs = [{"GroupId": "sg-1"}] if peer == "self" else []
    ranges = [] if pairs else [{"CidrIp": peer}]
    rule = {"IpProtocol": protocol, "UserIdGroupPairs": pairs, "IpRanges": ranges}
    return rule if protocol in {"-1", "4"} else {**rule, "FromPort": first, "ToPort": last}


@settings(max_examples=300)
@given(rules=st.lists(rules_drawn, max_size=5), kind=st.sampled_from(["VXLAN", "IPIP"]))
def test_the_witness_of_the_tests_agrees(rules: list[tuple[str, int, int, str]], kind: str) -> None:
    """Two separate readings of the same rules agree on whether Calico's own packets pass."""
    bgp = kind == "IPIP"
    group = {
        "GroupId": "sg-1",
        "IpPermissions": [permission(*rule) for rule in rules],
        "IpPermissionsEgress": [permission("-1", 0, 0, "0.0.0.0/0")],
    }
    wanted = [need for need in needs(kind, bgp=bgp) if need.name in {"overlay", "BGP", "Typha"}]
    documents = read_answer({"SecurityGroups": [group]}, "test")
    calico = Calico((Pool(Encapsulation(KINDS[kind])),), bgp=bgp, typha=True)
    evidence = GroupEvidence((("sg-1",),), (), documents.groups)

    verdict = judge_groups(evidence, Told(calico, (ip_network(SUBNET),)))

    assert bool(unmet(group, SUBNET, wanted)) == bool(verdict.findings)
