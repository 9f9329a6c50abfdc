"""What a verdict says beside the fault: extent, coming and going, what is missing, what to do."""

from dataclasses import replace
from typing import Any

import pytest

from meshdoctor.doctor.judge import decided, judge
from meshdoctor.doctor.model import State, Verdict
from meshdoctor.faults import CAUSES
from meshdoctor.probes.mesh.evidence import (
    Answer,
    Edge,
    MeshEvidence,
    Role,
    Sighting,
)
from meshdoctor.probes.registry.evidence import (
    Content,
    Entry,
    Failure,
    ImageEvidence,
    Program,
    Trouble,
)
from meshdoctor.probes.registry.platforms import parse
from tests.support import mesh_faults as worlds
from tests.support.mesh_evidence import CLUSTER, NOW, World, evidence
from tests.support.mesh_faults import WORLDS
from tests.support.verdicts import codes, doubts

OK, SILENT = Answer.OK, Answer.SILENT
AMD64, ARM64 = parse("linux/amd64"), parse("linux/arm64")
IMAGE = "registry.example/recommendations:v1"


def remembering(found: MeshEvidence, *answers: Answer) -> MeshEvidence:
    """Give every edge that fails, or all where none does, these answers of the last minute."""
    failing = [
        one for each in found.reports for one in each.report.sightings if one.answer is not OK
    ]

    def changed(one: Sighting) -> Sighting:
        return replace(one, answers=answers) if one.answer is not OK or not failing else one

    return MeshEvidence(
        found.cluster,
        tuple(
            replace(
                each,
                report=replace(each.report, sightings=tuple(map(changed, each.report.sightings))),
            )
            for each in found.reports
        ),
    )


def aged(found: MeshEvidence, node: str, age: float) -> MeshEvidence:
    """Make the report of one node old."""
    reports = (replace(one, age=age if one.report.node == node else 1.0) for one in found.reports)
    return MeshEvidence(found.cluster, tuple(reports))


def test_the_storys_fault_is_told_with_the_rule_that_is_missing() -> None:
    """The self-referencing rule, as a line to copy and as infrastructure code."""
    (found,) = judge(evidence(WORLDS["network-nodes-blocked"]())).findings

    assert "meshdoctor aws security-group --group-id" in found.fix
    assert "aws ec2 authorize-security-group-ingress" in found.fix
    assert "--source-group" in found.fix
    assert any("Terraform" == one.title for one in found.recipes)
    assert found.runbook.endswith("#network-nodes-blocked")


def test_a_fault_that_comes_and_goes_is_told_so() -> None:
    """Where the answers of a minute alternate, the sentence says it."""
    world = worlds.dns(Answer.SERVFAIL, "dns-servfail")
    steady = judge(remembering(evidence(world), *(OK,) * 8, *(Answer.SERVFAIL,) * 4))
    restless = judge(remembering(evidence(world), *(OK, Answer.SERVFAIL) * 6))

    assert "comes and goes" not in steady.sentence
    assert "comes and goes" in restless.sentence


def test_what_works_now_and_did_not_a_moment_ago_is_no_health() -> None:
    """Four changes with a failure lately are a doubt; a fault that is healed is none."""
    restless = judge(remembering(evidence(), OK, SILENT, OK, SILENT, OK, SILENT, OK))
    healed = judge(remembering(evidence(), OK, SILENT, SILENT, OK, OK, OK))

    assert (State.UNKNOWN, State.HEALTHY) == (restless.state, healed.state)
    assert "was not a moment ago" in restless.sentence


def test_an_agent_that_fell_silent_is_told() -> None:
    """It keeps a mesh from being called healthy, and what it said is not used any more."""
    verdict = judge(aged(evidence(WORLDS["dns-servfail"]()), "worker-1", 60.0))
    healthy = judge(aged(evidence(), "worker-1", 60.0))

    assert State.UNKNOWN is healthy.state
    assert "the agent of worker-1 has been silent for 60 s" in doubts(healthy)
    assert ["dns-servfail"] == codes(verdict)
    assert "the agent of worker-1" in doubts(verdict)


def test_a_node_without_an_agent_is_told() -> None:
    """The API knows the node, and no report does."""
    found = evidence()
    verdict = judge(MeshEvidence(found.cluster, found.reports[:2]))

    assert "no agent tells what worker-2 sees" in doubts(verdict)


def test_without_any_agent_it_is_said_how_to_install_it() -> None:
    """If one was looked for; where only objects were given, they alone are judged."""
    asked = judge(MeshEvidence(CLUSTER, gaps=("there is no ConfigMap of an agent",)))
    given = judge(MeshEvidence(CLUSTER))

    assert (State.UNKNOWN, State.HEALTHY) == (asked.state, given.state)
    assert "kubectl apply -k k8s/agent" in doubts(asked)
    assert State.UNKNOWN is judge(MeshEvidence(None)).state


def test_two_reports_of_one_node_count_as_the_newer() -> None:
    """Whatever their order."""
    old, new = evidence(WORLDS["dns-servfail"]()), evidence()
    early = tuple(
        replace(one, report=replace(one.report, at=one.report.at - 20)) for one in old.reports
    )

    for reports in ((*early, *new.reports), (*new.reports, *early)):
        assert State.HEALTHY is judge(MeshEvidence(CLUSTER, reports)).state


def test_a_node_port_that_is_closed_on_purpose_is_no_fault() -> None:
    """A tight security group drops kube-proxy's health, and Pods pass."""

    def fate(source: str, edge: Edge, node: str) -> Answer:
        return SILENT if edge.role is Role.NODE and source != node else OK

    assert State.HEALTHY is judge(evidence(World(fate=fate))).state


def test_a_page_that_cannot_be_read_is_a_doubt() -> None:
    """What its service counts could tell faults that no edge shows."""
    world = World(told=lambda _place: {"words": "no answer in time"})
    verdict = judge(evidence(world))

    assert State.UNKNOWN is verdict.state
    assert "no answer in time" in doubts(verdict)


def test_lookups_that_are_lost_where_dns_is_only_half_seen_are_a_doubt() -> None:
    """With what the cause can stand for."""
    found = evidence(WORLDS["network-policy-dns"]())
    verdict = judge(MeshEvidence(None, found.reports))

    assert [] == codes(verdict)
    assert all(code in doubts(verdict) for code in CAUSES["dns-timeout"].faults)


@pytest.mark.parametrize("count", [1, 2])
def test_few_failures_name_nothing(count: int) -> None:
    """An accident is no fault."""
    world = World(told=lambda _place: {"causes": {"app-error": count}, "calls": 5})

    assert State.HEALTHY is judge(evidence(world)).state


def test_names_that_are_late_as_everything_is_are_no_fault_of_dns() -> None:
    """The node that asked had too much to do; where the rest comes at once, DNS is slow."""
    found = evidence(WORLDS["dns-slow"]())
    late = tuple(
        replace(
            one,
            report=replace(
                one.report,
                sightings=tuple(replace(each, seconds=0.3) for each in one.report.sightings),
            ),
        )
        for one in found.reports
    )

    assert ["dns-slow"] == codes(judge(found))
    assert State.HEALTHY is judge(MeshEvidence(CLUSTER, late)).state


def test_some_late_calls_of_many_name_nothing() -> None:
    """A machine that is short of processors has them."""
    world = World(
        told=lambda place: (
            {"handled": {"CANCELLED": 30}}
            if place.service == "recommendations"
            else {"causes": {"app-deadline": 50}, "calls": 400}
        )
    )

    assert State.HEALTHY is judge(evidence(world)).state


def test_a_cut_that_just_begins_is_not_settled() -> None:
    """One side tells of it, the other has not looked again: nothing is named."""
    before, after = evidence(), evidence(WORLDS["network-nodes-blocked"]())
    early = tuple(
        replace(one, report=replace(one.report, at=NOW - 30)) for one in before.reports[1:]
    )
    verdict = judge(MeshEvidence(CLUSTER, (after.reports[0], *early)))

    assert State.UNKNOWN is verdict.state
    assert "ask again in a few seconds" in doubts(verdict)


def image(**changes: Any) -> ImageEvidence:  # noqa: ANN401 - its fields
    """Give what a registry says of the backends' image: an index of amd64 alone, unless changed."""
    good = ImageEvidence(
        IMAGE,
        (AMD64,),
        0.1,
        digest="sha256:0",
        is_index=True,
        entries=(Entry("sha256:1", AMD64),),
        contents=(Content("sha256:1", AMD64),),
    )
    return replace(good, **changes)


def test_an_image_whose_label_is_not_its_content_is_told_from_one_of_another_platform() -> None:
    """The node sees `exec format error` in both; the registry has the blobs."""
    found = evidence(WORLDS["image-platform-wrong"]())
    mislabelled = image(
        contents=(Content("sha256:1", AMD64, program=Program("/run", machine="arm64")),)
    )

    assert ["image-platform-wrong"] == codes(judge(found, (image(),)))
    assert ["image-config-mismatch"] == codes(judge(found, (mislabelled,)))
    assert ["image-config-mismatch"] == codes(judge(MeshEvidence(found.cluster), (mislabelled,)))


def test_a_registry_says_what_a_node_left_open() -> None:
    """Words that fit no fault, and an index without the node's platform."""
    found = evidence(WORLDS["image-tag-missing"]())
    cluster = found.cluster or CLUSTER
    vague = replace(
        cluster,
        pods=tuple(
            replace(
                pod,
                containers=tuple(
                    replace(one, words="Back-off" if one.waiting else "") for one in pod.containers
                ),
            )
            for pod in cluster.pods
        ),
    )
    index = image(entries=(Entry("sha256:2", ARM64),), contents=())
    without = judge(MeshEvidence(vague, found.reports))
    verdict = judge(MeshEvidence(vague, found.reports), (index,))

    assert [] == codes(without)
    assert ["image-platform-missing"] == codes(verdict)


def test_a_registry_that_is_silent_here_does_not_outweigh_the_nodes_words() -> None:
    """The node was refused; that this machine has no road there is another matter."""
    found = evidence(WORLDS["image-registry-refuses"]())
    away = image(
        failure=Failure(Trouble.SILENT, "no answer"), is_index=False, entries=(), contents=()
    )

    assert ["image-registry-refuses"] == codes(judge(found, (away,)))


def test_the_seen_lines_say_what_was_skipped_and_why() -> None:
    """A check whose need fell on a pair does not look at it."""
    verdict = judge(evidence(WORLDS["network-nodes-blocked"]()))
    (line,) = (one for one in verdict.seen if one.startswith("the Pods of every node reach"))

    assert "skipped: needs nodes.reach" in line


def test_one_answer_that_did_not_come_once_is_told_and_no_doubt() -> None:
    """A busy node loses one; the same one twice, or two of them, are a doubt."""

    def losing(edges_lost: int, *answers: Answer) -> Verdict:
        found = evidence()
        first = found.reports[0].report
        lost = tuple(
            replace(one, answer=SILENT, answers=answers) if number < edges_lost else one
            for number, one in enumerate(first.sightings)
        )
        changed = replace(found.reports[0], report=replace(first, sightings=lost))
        return judge(MeshEvidence(CLUSTER, (changed, *found.reports[1:])))

    once = losing(1, OK, OK, SILENT)

    assert State.HEALTHY is once.state
    assert any("one answer did not come" in each for each in once.limits)
    assert State.UNKNOWN is losing(1, OK, SILENT, SILENT).state
    assert State.UNKNOWN is losing(2, OK, OK, SILENT).state


def test_it_is_worth_waiting_while_agents_differ() -> None:
    """And not once a fault is named, or all is well."""
    before, after = evidence(), evidence(WORLDS["network-nodes-blocked"]())
    early = tuple(
        replace(one, report=replace(one.report, at=NOW - 30)) for one in before.reports[1:]
    )

    assert (True, True) == (decided(before), decided(after))
    assert not decided(MeshEvidence(CLUSTER, (after.reports[0], *early)))
