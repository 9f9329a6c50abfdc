"""What holds for the judge of security groups whatever the rules are."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.doctor.checks.security_group import Told, judge_groups
from meshdoctor.doctor.firewall.needs import worlds
from meshdoctor.doctor.firewall.nodes import cluster_of
from meshdoctor.doctor.firewall.rules import cross
from meshdoctor.probes.aws.documents import Documents, read_answer, read_text
from meshdoctor.probes.aws.errors import AwsError
from meshdoctor.probes.aws.evidence import GroupEvidence
from meshdoctor.probes.calico import Calico, CalicoError, Encapsulation, read_calico
from tests.support.security_groups import (
    CONTROL,
    NODES,
    OUT,
    SELF,
    Case,
    Document,
    calico_of,
    group,
    groups,
    instance,
    instances,
    rule,
)

PEERS = (NODES, CONTROL, "sg-0other", "0.0.0.0/0", "10.0.0.0/24", "10.0.0.0/25", "pl-1", "::/0")
PORTS = (-1, 0, 53, 179, 2379, 4788, 4789, 5473, 6443, 10250, 51820, 65535)
rules = st.builds(
    lambda protocol, peer, ports: rule(protocol, peer, *sorted(ports)),
    st.sampled_from(("-1", "tcp", "udp", "icmp", "4", "17")),
    st.sampled_from(PEERS),
    st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)),
)
rule_lists = st.lists(rules, max_size=6)
calicos = st.one_of(
    st.just(Calico()),
    st.builds(
        calico_of,
        st.sampled_from(Encapsulation),
        bgp=st.sampled_from((None, True, False)),
        typha=st.sampled_from((None, True, False)),
        wireguard=st.booleans(),
    ),
)
UNCHECKED = instances(
    instance("i-1", "10.0.0.11", NODES, checked=False),
    instance("i-2", "10.0.0.200", NODES, checked=False),
)
SAMPLE: Document = {
    **groups(group(NODES, [SELF, rule("tcp", "10.0.0.0/24", 22)], [OUT])),
    "NextToken": None,
}


@given(more=rule_lists, out=rule_lists, calico=calicos, seen=st.booleans())
def test_no_fault_is_named_beside_the_self_referencing_rule(
    more: list[Document], out: list[Document], calico: Calico, *, seen: bool
) -> None:
    """Whatever else the groups allow, and whatever is known."""
    answers = [groups(group(NODES, [*more, SELF], [*out, OUT])), *([UNCHECKED] if seen else [])]

    assert () == Case(calico=calico).judge(*answers).findings


@given(told=rule_lists, out=rule_lists, more=rules, calico=calicos, inbound=st.booleans())
def test_a_rule_more_breaks_nothing(
    told: list[Document], out: list[Document], more: Document, calico: Calico, *, inbound: bool
) -> None:
    """Each kind of packet passes as well as before, or better."""
    before = _answers(told, out, calico)
    after = (
        _answers([*told, more], out, calico) if inbound else _answers(told, [*out, more], calico)
    )

    assert [] == [one for one, answer in before.items() if after[one] < answer]


def _answers(told: list[Document], out: list[Document], calico: Calico) -> dict[Any, int]:
    documents = read_answer(groups(group(NODES, told, out)), "test")
    cluster = cluster_of(GroupEvidence(((NODES,),), (), documents.groups))
    return {
        (world.name, need): int(cross(need, edge).answer)
        for world in worlds(calico, None, 4, 1)
        for need in world.needs
        for edge in cluster.edges(need.way)
    }


@given(rule_lists, rule_lists, calicos)
def test_the_fix_that_is_printed_is_enough(
    told: list[Document], out: list[Document], calico: Calico
) -> None:
    """The rules that it names, added in their directions, leave no fault."""
    verdict = Case(calico=calico).judge(groups(group(NODES, told, out)), UNCHECKED)
    fix = "\n".join(finding.fix for finding in verdict.findings)
    assert [] == [line for line in fix.splitlines() if f"--group-id {NODES} " not in line]
    inbound = [*told, *([SELF] if "-ingress" in fix else [])]
    outbound = [*out, *([SELF] if "-egress" in fix else [])]

    healed = Case(calico=calico).judge(groups(group(NODES, inbound, outbound)), UNCHECKED)
    assert () == healed.findings


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def _outcome(read: Callable[[], Documents | Calico]) -> Documents | Calico | str:
    """Return what was read, or the sentence that refused it."""
    try:
        return read()
    except (AwsError, CalicoError) as error:
        return str(error)


@given(st.data())
def test_a_damaged_answer_is_read_or_refused_in_a_sentence(data: st.DataObject) -> None:
    """Any part taken away or replaced: a verdict, or one line that says what is wrong."""
    damaged = _damaged(data, SAMPLE)
    documents = _outcome(lambda: read_answer(damaged, "groups.json"))
    if not isinstance(documents, Documents):
        assert str(documents).startswith("groups.json")
        assert "\n" not in str(documents)
        return
    evidence = GroupEvidence(((NODES,),), (), documents.groups, documents.nodes)
    assert judge_groups(evidence, Told()).sentence


def _damaged(data: st.DataObject, told: Any) -> Any:  # noqa: ANN401 # JSON's types
    """Walk down to a random place and take away, or replace, what is there."""
    if not isinstance(told, dict | list) or not told or data.draw(st.integers(0, 4)) == 0:
        return data.draw(json_values)
    if isinstance(told, dict):
        key = data.draw(st.sampled_from(sorted(told)))
        rest = {one: value for one, value in told.items() if one != key}
        return rest if data.draw(st.booleans()) else {**rest, key: _damaged(data, told[key])}
    place = data.draw(st.integers(0, len(told) - 1))
    kept = [value for number, value in enumerate(told) if number != place]
    return kept if data.draw(st.booleans()) else [*kept, _damaged(data, told[place])]


@given(st.text(max_size=40))
def test_any_text_is_refused_in_a_sentence(text: str) -> None:
    """So are files that are neither JSON nor Calico's objects."""
    for outcome in (
        _outcome(lambda: read_text(text, "the file")),
        _outcome(lambda: read_calico(text, "the file")),
    ):
        assert str(outcome).startswith("the file")
        assert "\n" not in str(outcome)
