"""What the AWS command line writes is read: whole, cut out by --query, or refused."""

import pytest

from meshdoctor.probes.aws.documents import Documents, read_answer, read_text
from meshdoctor.probes.aws.errors import CutOffError, NonsenseError
from meshdoctor.probes.aws.evidence import Node, Peer, PeerKind, Rule
from tests.support.security_groups import (
    NODES,
    OUT,
    SELF,
    Document,
    group,
    groups,
    instance,
    instances,
    rule,
)


def test_a_permission_is_a_rule_for_each_of_its_peers() -> None:
    """Groups, ranges of both families and prefix lists; ports and numbers in one spelling."""
    wide = {**rule("6", NODES, 1, 2), **{key: rule("6", peer)[key] for key, peer in RANGES.items()}}
    (found,) = read_answer(groups(group(NODES, [wide])), "test").groups

    assert [
        Rule("tcp", 1, 2, Peer(PeerKind.GROUP, NODES)),
        Rule("tcp", 1, 2, Peer(PeerKind.CIDR, "10.0.0.0/8")),
        Rule("tcp", 1, 2, Peer(PeerKind.CIDR, "2001:db8::/32")),
        Rule("tcp", 1, 2, Peer(PeerKind.PREFIX_LIST, "pl-1")),
    ] == list(found.ingress or ())


RANGES = {"IpRanges": "10.0.0.0/8", "Ipv6Ranges": "2001:db8::/32", "PrefixListIds": "pl-1"}


def test_a_peering_that_is_gone_lets_nobody_in() -> None:
    """The rule stands, and there is nobody on its other side."""
    gone = rule("-1", NODES)
    gone["UserIdGroupPairs"][0]["PeeringStatus"] = "deleted"
    (found,) = read_answer(groups(group(NODES, [gone])), "test").groups

    assert () == found.ingress


@pytest.mark.parametrize("key", ["SecurityGroups", "SecurityGroupRules", "Reservations"])
def test_a_list_cut_out_by_a_query_is_read(key: str) -> None:
    """`--query SecurityGroups` leaves the list alone."""
    flat = {"SecurityGroupRuleId": "sgr-1", "GroupId": NODES, "IsEgress": False}
    flat |= {"IpProtocol": "udp", "FromPort": 4789, "ToPort": 4789, "CidrIpv4": "10.0.0.0/8"}
    whole: Document = {
        **groups(group(NODES, [SELF], [OUT])),
        "SecurityGroupRules": [flat],
        **instances(instance("i-1", "10.0.0.11", NODES)),
    }

    assert read_answer({key: whole[key]}, "test") == read_answer(whole[key], "test") != Documents()


def test_an_instance_is_its_first_interface() -> None:
    """Others may have other groups; those that do not run are left out."""
    node = instance("i-1", "10.0.0.11", NODES, checked=False)
    second = {"Attachment": {"DeviceIndex": 1}, "Groups": [{"GroupId": "sg-0other"}]}
    node["NetworkInterfaces"].insert(0, second)
    gone = {**instance("i-2", "10.0.0.12", NODES), "State": {"Name": "terminated"}}

    assert (Node("i-1", (NODES,), ("10.0.0.11",), "subnet-0", checked=False),) == read_answer(
        instances(node, gone), "test"
    ).nodes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("SECURITYGROUPS\tnodes\tsg-1", "no JSON"),
        ("[]", "neither groups nor rules nor instances"),
        ("3", "neither groups nor rules nor instances"),
        ('{"Vpcs": []}', "neither groups nor rules nor instances"),
        ('{"SecurityGroups": {}}', "SecurityGroups is no list"),
        ('{"SecurityGroups": [3]}', "a group is no object"),
        ('{"SecurityGroups": [{}]}', "GroupId is missing"),
        ('{"SecurityGroupRules": [{"GroupId": "sg-1"}]}', "does not say IsEgress"),
        ('{"Reservations": [{"Instances": [{}]}]}', "InstanceId is missing"),
    ],
)
def test_nonsense_is_refused_with_what_is_wrong(text: str, told: str) -> None:
    """One sentence that names the file and the place."""
    with pytest.raises(NonsenseError, match=f"^groups.json.*{told}"):
        read_text(text, "groups.json")


def test_a_page_of_several_is_refused() -> None:
    """The rule that decides could be on the next one."""
    with pytest.raises(CutOffError, match="one page of several"):
        read_answer({**groups(), "NextToken": "more"}, "groups.json")
