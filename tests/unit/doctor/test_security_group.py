"""The judge of security groups: what it names, what it doubts, and what it lets be."""

import pytest

from meshdoctor.doctor.checks.security_group import Told, judge_groups
from meshdoctor.doctor.model import State
from meshdoctor.probes.aws.evidence import Failure, GroupEvidence, Trouble
from meshdoctor.probes.calico import Calico, Encapsulation
from tests.support.security_groups import (
    CONTROL,
    EVERYWHERE,
    NODES,
    OUT,
    PODS,
    SELF,
    STORY,
    SUBNET,
    Case,
    Document,
    calico_of,
    group,
    groups,
    instance,
    instances,
    rule,
)
from tests.support.verdicts import codes

OVERLAY_ONLY = ["network-overlay-blocked"]
EVERY = tuple(Encapsulation)
UNCHECKED = instances(
    instance("i-1", "10.0.0.11", NODES, checked=False),
    instance("i-2", "10.0.0.12", NODES, checked=False),
)


def of_nodes(*rules: Document, egress: tuple[Document, ...] = (OUT,)) -> Document:
    """Return the group of all nodes with these inbound rules."""
    return groups(group(NODES, rules, egress))


def test_the_story_is_named_with_the_rule_that_was_missing() -> None:
    """SSH, API, NodePorts and VXLAN from a desk: nothing from the group itself."""
    verdict = Case().judge(of_nodes(*STORY))
    (finding,) = verdict.findings

    assert "network-nodes-blocked" == finding.code
    assert 1 == verdict.exit_code
    assert (
        f"aws ec2 authorize-security-group-ingress --group-id {NODES}"
        f" --ip-permissions 'IpProtocol=-1,UserIdGroupPairs=[{{GroupId={NODES}}}]'" == finding.fix
    )
    assert ["only what is missing", "CloudFormation", "Terraform"] == [
        recipe.title for recipe in finding.recipes
    ]
    assert any("udp/4789 from 203.0.113.7/32" in line for line in finding.seen)


@pytest.mark.parametrize("known", [*EVERY, None])
@pytest.mark.parametrize("node_cidr", [SUBNET, ""])
def test_the_story_is_named_whatever_is_known(known: Encapsulation | None, node_cidr: str) -> None:
    """No encapsulation would have worked, so the fault needs none to be named."""
    calico = calico_of(known) if known else Calico()

    assert ["network-nodes-blocked"] == codes(
        Case(calico=calico, node_cidr=node_cidr).judge(of_nodes(*STORY))
    )


@pytest.mark.parametrize("known", [*EVERY, None])
def test_the_self_referencing_rule_heals_every_encapsulation(known: Encapsulation | None) -> None:
    """With the source/destination check off, where Pods travel bare."""
    calico = calico_of(known) if known else Calico()

    verdict = Case(calico=calico).judge(of_nodes(*STORY, SELF), UNCHECKED)

    assert (State.HEALTHY, ()) == (verdict.state, verdict.doubts)
    assert f"NodePorts, tcp/30000-32767, are open to {EVERYWHERE}" in verdict.seen


@pytest.mark.parametrize("kind", ["vxlan-cross-subnet", "ipip-cross-subnet", "none"])
def test_the_check_of_ec2_drops_bare_pods(kind: str) -> None:
    """No rule helps then: the fix is the check of these instances."""
    seen = instances(
        instance("i-1", "10.0.0.11", NODES), instance("i-2", "10.0.0.12", NODES, checked=False)
    )
    verdict = Case(calico=calico_of(kind)).judge(of_nodes(SELF), seen)
    (finding,) = verdict.findings

    assert "network-overlay-blocked" == finding.code
    assert (
        "aws ec2 modify-instance-attribute --instance-id i-1 --no-source-dest-check" == finding.fix
    )


@pytest.mark.parametrize("kind", ["vxlan-cross-subnet", "none"])
def test_an_unknown_check_is_doubted_where_it_matters(kind: str) -> None:
    """A list of groups does not tell it."""
    verdict = Case(calico=calico_of(kind)).judge(of_nodes(SELF))

    assert (State.UNKNOWN, 1) == (verdict.state, len(verdict.doubts))
    assert "--instance-id" in verdict.doubts[0].missing


def test_nodes_of_different_subnets_wrap_everything() -> None:
    """CrossSubnet is then the plain kind, and the check of EC2 does not matter."""
    apart = instances(
        instance("i-1", "10.0.0.11", NODES, subnet="subnet-1"),
        instance("i-2", "10.0.1.12", NODES, subnet="subnet-2"),
    )
    calico = calico_of("vxlan-cross-subnet", typha=False)
    narrow = [rule("udp", NODES, 4789), rule("tcp", NODES, 6443), rule("tcp", NODES, 10250)]

    assert State.HEALTHY is Case(calico=calico).judge(of_nodes(*narrow), apart).state


def test_one_subnet_or_several_is_asked_where_it_decides() -> None:
    """VXLAN alone passes: enough between subnets, not inside one."""
    verdict = Case(calico=calico_of("vxlan-cross-subnet", typha=False)).judge(
        of_nodes(rule("udp", NODES, 4789), rule("tcp", NODES, 0, 1023))
    )

    assert State.UNKNOWN is verdict.state
    assert verdict.doubts[0].missing.startswith("the nodes' subnets")


@pytest.mark.parametrize(
    ("kind", "opened"),
    [
        ("vxlan", [rule("udp", NODES, 4789)]),
        ("ipip", [rule("4", NODES), rule("tcp", NODES, 179)]),
        ("none", [rule("tcp", NODES, 0, 65535), rule("udp", NODES, 0, 65535)]),
    ],
)
def test_a_narrow_rule_serves_what_it_names(kind: str, opened: list[Document]) -> None:
    """The protocol of the overlay and the ports of the nodes are enough; without any it is cut."""
    own = [rule("tcp", NODES, port) for port in (5473, 6443, 10250)]
    case = Case(calico=calico_of(kind, typha=True))

    assert State.HEALTHY is case.judge(of_nodes(*opened, *own), UNCHECKED).state
    assert OVERLAY_ONLY == codes(case.judge(of_nodes(*opened[1:], *own), UNCHECKED))


@pytest.mark.parametrize(
    "wrong",
    [
        rule("tcp", NODES, 4789),
        rule("udp", NODES, 4788),
        rule("udp", NODES, 4790, 65535),
        rule("udp", "sg-0other", 4789),
        rule("udp", "10.1.0.0/16", 4789),
        rule("udp", "::/0", 4789),
        rule("4", NODES),
    ],
    ids=str,
)
def test_a_rule_beside_the_need_is_none(wrong: Document) -> None:
    """Another protocol, port, group, range or family lets no VXLAN in."""
    rest = [rule("tcp", NODES, 0, 65535)]

    assert OVERLAY_ONLY == codes(Case().judge(of_nodes(wrong, *rest)))


def test_ranges_count_together() -> None:
    """Two halves of the ports and two halves of the subnet are the whole."""
    halves = [
        rule("tcp", half, first, last)
        for half in ("10.0.0.0/25", "10.0.0.128/25")
        for first, last in ((0, 6000), (6001, 65535))
    ]
    vxlan = [rule("17", half, 4000, 5000) for half in ("10.0.0.0/25", "10.0.0.128/25")]

    assert State.HEALTHY is Case().judge(of_nodes(*halves, *vxlan)).state


def test_groups_of_one_node_count_together() -> None:
    """What one group lacks another may allow; only a node without it is cut."""
    answer = groups(group(NODES, STORY), group("sg-0more", [rule("-1", NODES)]))
    both = Case(asked=((NODES, "sg-0more"),))

    assert State.HEALTHY is both.judge(answer).state
    assert ["network-nodes-blocked"] == codes(Case().judge(answer))


def test_addresses_are_held_against_ranges_exactly() -> None:
    """Where instances are known, a range that leaves one out cuts it off."""
    nodes = instances(instance("i-1", "10.0.0.11", NODES), instance("i-2", "10.0.0.200", NODES))
    half = of_nodes(rule("-1", "10.0.0.0/25"))

    assert ["network-nodes-blocked"] == codes(Case().judge(half, nodes))
    assert State.UNKNOWN is Case().judge(half).state
    assert State.HEALTHY is Case().judge(of_nodes(rule("-1", SUBNET)), nodes).state


@pytest.mark.parametrize(
    ("peer", "node_cidr", "told"),
    [
        ("pl-0123", SUBNET, "get-managed-prefix-list-entries --prefix-list-id pl-0123"),
        ("10.0.0.0/16", "", "--node-cidr"),
        ("10.0.0.0/25", SUBNET, "--instance-id"),
    ],
)
def test_what_a_range_holds_is_doubted_when_nobody_knows(
    peer: str, node_cidr: str, told: str
) -> None:
    """A rule that may serve is neither health nor fault."""
    verdict = Case(node_cidr=node_cidr).judge(of_nodes(rule("-1", peer)))

    assert (State.UNKNOWN, 2) == (verdict.state, verdict.exit_code)
    assert told in verdict.doubts[0].missing


def test_bare_pods_come_from_their_own_addresses() -> None:
    """A rule for the nodes' subnet does not let Pods' addresses in; one for theirs does."""
    nodes = rule("-1", SUBNET)
    case = Case(calico=calico_of("none", typha=True))

    assert OVERLAY_ONLY == codes(case.judge(of_nodes(nodes), UNCHECKED))
    assert State.HEALTHY is case.judge(of_nodes(nodes, rule("-1", PODS)), UNCHECKED).state


def test_what_leaves_must_be_allowed_too() -> None:
    """Without an outbound rule the self-referencing inbound rule does not help."""
    verdict = Case().judge(of_nodes(SELF, egress=()))

    assert ["network-nodes-blocked"] == codes(verdict)
    assert "authorize-security-group-egress" in verdict.findings[0].fix
    assert "ingress" not in verdict.findings[0].fix


def test_outbound_rules_that_are_not_told_are_doubted() -> None:
    """A list of rules without one outbound rule is empty, or was filtered."""
    told = {"SecurityGroupRules": [_flat(NODES)]}
    verdict = Case().judge(told)

    assert State.UNKNOWN is verdict.state
    assert f"the outbound rules of {NODES} are not told" in verdict.sentence


def _flat(group_id: str, *, egress: bool = False) -> Document:
    told: Document = {"SecurityGroupRuleId": "sgr-1", "GroupId": group_id, "IsEgress": egress}
    told |= {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1}
    return told | (
        {"CidrIpv4": EVERYWHERE} if egress else {"ReferencedGroupInfo": {"GroupId": NODES}}
    )


def test_rules_one_by_one_say_the_same() -> None:
    """`describe-security-group-rules` is as good, when it is whole."""
    whole = {"SecurityGroupRules": [_flat(NODES), _flat(NODES, egress=True)]}
    cut = {"SecurityGroupRules": [_flat(NODES, egress=True)]}

    assert State.HEALTHY is Case().judge(whole).state
    assert ["network-nodes-blocked"] == codes(Case().judge(cut))


TWO = ((CONTROL,), (NODES,))


def two(control: list[Document], nodes: list[Document]) -> Document:
    """Return a group for the control plane and one for the workers."""
    return groups(group(CONTROL, control), group(NODES, nodes))


def test_one_direction_is_named() -> None:
    """Workers let the control plane in, which does not let them in."""
    verdict = Case(asked=TWO, control=(CONTROL,)).judge(
        two([rule("tcp", NODES, 6443)], [SELF, rule("-1", CONTROL)])
    )
    (finding,) = verdict.findings

    assert "network-one-way" == finding.code
    assert f"--group-id {CONTROL} --ip-permissions" in finding.fix
    assert f"GroupId={NODES}" in finding.fix
    assert f"from {CONTROL} to {NODES}" in finding.ruled_out[0]


def test_two_groups_that_allow_each_other_are_well() -> None:
    """One control-plane node has nothing to send to its like; three have."""
    answer = two([rule("-1", NODES)], [SELF, rule("-1", CONTROL)])

    assert State.HEALTHY is Case(asked=TWO, control=(CONTROL,)).judge(answer).state
    assert OVERLAY_ONLY == codes(
        Case(asked=TWO, control=(CONTROL,), control_planes=3).judge(answer)
    )


def test_a_kind_without_an_instance_is_judged_by_its_groups() -> None:
    """Workers that are scaled to none are to be let in, too, when they come."""
    answer = two([rule("-1", CONTROL)], [SELF])
    running = instances(instance("i-1", "10.0.0.10", CONTROL))

    assert OVERLAY_ONLY == codes(Case(asked=TWO, control=(CONTROL,)).judge(answer, running))


def test_what_the_control_plane_needs_is_doubted_not_named() -> None:
    """Kubelets may be asked by a tunnel, the API may stand behind a balancer."""
    opened = [rule("udp", NODES, 4789), rule("tcp", NODES, 5473)]
    verdict = Case().judge(of_nodes(*opened))

    assert State.UNKNOWN is verdict.state
    assert ["tcp/6443 (API server)", "tcp/10250 (kubelet)"] == [
        doubt.sentence.partition(" does")[0] for doubt in verdict.doubts
    ]
    assert all("authorize-security-group-ingress" in doubt.missing for doubt in verdict.doubts)


def test_wireguard_is_needed_where_it_is_on() -> None:
    """It then carries what VXLAN would, so VXLAN alone is not enough, and not vital."""
    own = [rule("tcp", NODES, 0, 65535)]
    case = Case(calico=calico_of("vxlan", wireguard=True))

    assert OVERLAY_ONLY == codes(case.judge(of_nodes(*own, rule("udp", NODES, 4789))))
    verdict = case.judge(of_nodes(*own, rule("udp", NODES, 51820)))
    assert (State.UNKNOWN, []) == (verdict.state, codes(verdict))


def test_without_the_encapsulation_it_says_what_each_lacks() -> None:
    """VXLAN passes and the others do not: neither health nor fault."""
    verdict = Case(calico=Calico()).judge(of_nodes(rule("udp", NODES, 4789)))

    assert State.UNKNOWN is verdict.state
    assert "vxlan: nothing lacks" in verdict.seen
    assert "ipip: lacks protocol 4 (IPIP), tcp/179 (BGP)" in verdict.seen
    assert "--encapsulation" in verdict.doubts[0].missing


def test_ipv6_nodes_are_held_against_ranges_of_their_own() -> None:
    """A range of IPv4 says nothing about them."""
    case = Case(node_cidr="2001:db8::/64", calico=Calico())
    six, four = rule("-1", "2001:db8::/56"), rule("-1", EVERYWHERE)

    assert ["network-nodes-blocked"] == codes(
        case.judge(of_nodes(four, egress=(rule("-1", "::/0"),)))
    )
    assert [] == codes(case.judge(of_nodes(six, egress=(rule("-1", "::/0"),))))


@pytest.mark.parametrize("trouble", Trouble)
def test_without_evidence_it_says_what_would_tell(trouble: Trouble) -> None:
    """Every failure to ask is one doubt with its way out, and no fault."""
    evidence = GroupEvidence(((NODES,),), failure=Failure(trouble, "EC2: it said no"))
    verdict = judge_groups(evidence, Told())

    assert (2, "cannot tell: EC2: it said no") == (verdict.exit_code, verdict.sentence)
    assert verdict.doubts[0].missing
