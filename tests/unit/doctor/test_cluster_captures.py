"""The judge of a cluster, on objects of a real one in known states."""

from dataclasses import replace
from pathlib import Path

import pytest

from meshdoctor.doctor.checks.cluster.every import judge_cluster
from meshdoctor.doctor.model import State
from meshdoctor.probes.kubernetes.evidence import Gap, Kind
from meshdoctor.probes.kubernetes.folder import read_folder
from meshdoctor.probes.mesh import bundle
from meshdoctor.probes.mesh.bundle import Bundle
from meshdoctor.probes.mesh.evidence import MeshEvidence
from tests.support.captures import LOGS, STATES, alone, capture, copied
from tests.support.verdicts import codes

FAULTY = "image-and-app-faults"
EACH = {
    "image-index-without-platform": "image-platform-missing",
    "image-tag-missing": "image-tag-missing",
    "registry-unreachable": "image-registry-unreachable",
    "registry-name-unknown": "image-registry-unreachable",
    "recommendations-no-endpoints": "routing-no-endpoints",
    "recommendations-wrong-port": "routing-wrong-target-port",
    "recommendations-wrong-port-name": "routing-wrong-target-port",
    "exec-missing": "app-crash-loop",
    "oom": "app-crash-loop",
    "unready": "app-down",
}


ALIKE = {
    "crash-loop": "app-crash-loop",
    "image-single-manifest-wrong-platform": "image-platform-wrong",
}
WHOLE = {
    "healthy": set(),
    "image-and-app-faults": set(EACH.values()),
    "network-blocked": set(EACH.values()),
    # What was on the node that is silent now is not judged.
    "node-not-ready": {
        "image-tag-missing",
        "routing-no-endpoints",
        "routing-wrong-target-port",
        "app-crash-loop",
        "app-down",
    },
}


def test_the_healthy_cluster_is_healthy_within_its_limits() -> None:
    """Nothing is named, and it says in one breath that packets were not asked about."""
    verdict = judge_cluster(capture("healthy"))

    assert (State.HEALTHY, 0) == (verdict.state, verdict.exit_code)
    assert "whether packets pass was not asked" in verdict.sentence
    assert [] != [one for one in verdict.limits if "packets between nodes" in one]


def test_a_blocked_network_is_not_seen_and_not_called_sound() -> None:
    """The story's fault leaves every object as it was: the same words, with the same limit."""
    blocked, well = (judge_cluster(alone(capture(one))) for one in ("network-blocked", "healthy"))

    assert (well.sentence, well.limits) == (blocked.sentence, blocked.limits)
    assert "whether packets pass was not asked" in blocked.sentence


@pytest.mark.parametrize(("state", "expected"), WHOLE.items(), ids=WHOLE)
def test_each_state_as_a_whole_names_what_is_broken_in_it_and_nothing_else(
    state: str, expected: set[str]
) -> None:
    """All at once, as the cluster was; and each time that packets were not asked about."""
    verdict = judge_cluster(capture(state).within(frozenset({"bookstore", "kube-system"})))

    assert expected == set(codes(verdict))
    assert [] != [one for one in verdict.limits if "packets between nodes" in one]


def test_no_fault_of_the_capture_is_left_out_here() -> None:
    """Every Pod and Service of it is well, or has its case below."""
    evidence = capture(FAULTY)
    named = {one.name for one in (*evidence.pods,) if one.namespace == "bookstore"}
    named |= {one.name for one in evidence.services if one.namespace == "bookstore"}
    well = {one for one in named if one.startswith(("recommendations-7", "dns-test"))}

    assert {*EACH, *ALIKE, "unschedulable"} == named - well - {"recommendations"}


@pytest.mark.parametrize(("name", "code"), EACH.items(), ids=EACH)
def test_each_fault_alone_is_the_one_that_is_named(name: str, code: str) -> None:
    """Cut out of its capture, with nothing else broken, it is named, and nothing else is."""
    verdict = judge_cluster(alone(capture(FAULTY), name))

    assert ([code], ()) == (codes(verdict), verdict.doubts)


@pytest.mark.parametrize(("name", "code"), ALIKE.items(), ids=ALIKE)
def test_two_faults_that_the_api_shows_alike_are_told_by_the_log(
    name: str, code: str, tmp_path: Path
) -> None:
    """Without the log both are one doubt that asks for it; with the log each gets its name."""
    silent = judge_cluster(alone(capture(FAULTY), name))
    told = judge_cluster(alone(read_folder(copied(FAULTY, tmp_path, **LOGS)), name))

    assert ([], 2) == (codes(silent), silent.exit_code)
    assert "logs" in silent.doubts[0].missing
    assert ([code], ()) == (codes(told), told.doubts)


def test_a_pod_that_fits_on_no_node_is_told_in_the_schedulers_words() -> None:
    """It has no code yet: it is said, and what would tell more."""
    verdict = judge_cluster(alone(capture(FAULTY), "unschedulable"))

    assert ([], State.UNKNOWN) == (codes(verdict), verdict.state)
    assert "Pod unschedulable fits on no node: 0/3 nodes" in verdict.sentence


def test_a_node_that_is_not_ready_is_told_and_its_pods_are_not_blamed() -> None:
    """Their state is old news: checks that rest on the node are skipped for them."""
    evidence = capture("node-not-ready")
    here = {one.name for one in evidence.pods if one.node == "rig-w2"}
    verdict = judge_cluster(alone(evidence, "oom", "registry-unreachable"))

    assert {"oom", "registry-unreachable"} <= here
    assert ([], State.UNKNOWN) == (codes(verdict), verdict.state)
    assert "node rig-w2 is not Ready" in verdict.sentence
    assert [] != [one for one in verdict.seen if "skipped: needs node.ready" in one]


def test_independent_faults_are_all_named_in_the_order_of_layers() -> None:
    """A broken image hides no Service, and stands above it."""
    verdict = judge_cluster(
        alone(capture(FAULTY), "oom", "recommendations-wrong-port", "image-tag-missing")
    )

    expected = ["image-tag-missing", "routing-wrong-target-port", "app-crash-loop"]
    assert expected == codes(verdict)


def test_pods_of_one_owner_are_one_fault() -> None:
    """Three replicas that cannot pull are said once, with how many there are."""
    evidence = alone(capture(FAULTY), "image-tag-missing")
    broken = next(one for one in evidence.pods if one.name == "image-tag-missing")
    twins = tuple(replace(broken, name=f"{broken.name}-{number}") for number in range(2))

    verdict = judge_cluster(replace(evidence, pods=(*evidence.pods, *twins)))

    assert ["image-tag-missing"] == codes(verdict)
    assert "the same on 2 more" in verdict.findings[0].seen


def test_cluster_dns_without_a_server_is_named() -> None:
    """No ready address behind kube-dns, and no Pod that would explain it."""
    evidence = capture("healthy")
    silent = tuple(replace(one, ready=0) for one in evidence.slices)
    pods = tuple(one for one in evidence.pods if not one.name.startswith("coredns"))

    assert ["dns-refused"] == codes(judge_cluster(replace(evidence, slices=silent, pods=pods)))


def test_a_kind_that_was_refused_is_a_doubt_and_no_verdict_on_it() -> None:
    """Without events nothing is said about pulls; the rest is judged all the same."""
    evidence = alone(capture(FAULTY), "image-tag-missing", "recommendations-no-endpoints")
    verdict = judge_cluster(
        replace(evidence, events=(), gaps=(Gap(Kind.EVENTS, "forbidden: list events"),))
    )

    assert ["routing-no-endpoints"] == codes(verdict)
    assert [] != [one for one in verdict.doubts if "forbidden: list events" in one.missing]


@pytest.mark.parametrize("state", STATES)
def test_a_saved_bundle_gives_the_same_verdict(state: str) -> None:
    """What was written is read as the very evidence that it was."""
    evidence = capture(state)
    again = bundle.load(bundle.dump(Bundle(MeshEvidence(evidence))), "saved").mesh.cluster

    assert evidence == again
