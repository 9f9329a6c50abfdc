"""The judge of a cluster never fails, and names nothing beyond its evidence."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from meshdoctor.doctor.checks.cluster.every import CHECKS, judge_cluster
from meshdoctor.doctor.checks.cluster.image_pulled import IMAGE_PULLED, code_of
from meshdoctor.doctor.graph import Check, Subject, examine
from meshdoctor.doctor.model import Doubt
from meshdoctor.faults import FAULTS
from meshdoctor.probes.kubernetes.evidence import (
    Container,
    Ended,
    Gap,
    Kind,
    KubernetesEvidence,
    Pod,
    Service,
    Slice,
)
from tests.support.captures import capture

EVERYTHING = capture("node-not-ready")
FIELDS = {
    Kind.NODES: "nodes",
    Kind.PODS: "pods",
    Kind.EVENTS: "events",
    Kind.SERVICES: "services",
    Kind.SLICES: "slices",
    Kind.DEPLOYMENTS: "deployments",
}


def part(values: tuple[Any, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Give any of some things, in any order."""
    return st.lists(st.sampled_from(values), unique_by=id).map(tuple)


@st.composite
def parts(draw: Callable[..., Any]) -> KubernetesEvidence:
    """Give any part of a broken cluster's evidence; a kind may be missing whole."""
    gaps = draw(st.sets(st.sampled_from(list(Kind))))
    kept: dict[str, Any] = {
        field: () if kind in gaps else draw(part(getattr(EVERYTHING, field)))
        for kind, field in FIELDS.items()
    }
    return KubernetesEvidence("part", **kept, gaps=tuple(Gap(kind, "no") for kind in sorted(gaps)))


WORD = st.sampled_from(["", "a", "b", "False", "True", "ErrImagePull", "OOMKilled", "StartError"])
CONTAINERS = st.builds(
    Container,
    WORD,
    WORD,
    waiting=WORD,
    words=st.text(max_size=9),
    running=st.booleans(),
    ready=st.booleans(),
    ended=st.none() | st.builds(Ended, st.integers(0, 255), WORD, words=WORD),
    since=WORD,
)
LABELS = st.dictionaries(WORD, WORD, max_size=2)
PODS = st.builds(
    Pod,
    WORD,
    WORD,
    WORD,
    LABELS,
    WORD,
    WORD,
    st.booleans(),
    WORD,
    st.lists(CONTAINERS, max_size=2).map(tuple),
)
INVENTED = st.builds(
    KubernetesEvidence,
    WORD,
    pods=st.lists(PODS, max_size=3).map(tuple),
    services=st.lists(st.builds(Service, WORD, WORD, LABELS), max_size=2).map(tuple),
    slices=st.lists(st.builds(Slice, WORD, WORD, st.just(0), st.just(1)), max_size=2).map(tuple),
)


@given(parts())
@settings(max_examples=60, deadline=None)
def test_any_part_of_the_evidence_gets_a_verdict(evidence: KubernetesEvidence) -> None:
    """A fault is named only with what shows it, and silence is never called health."""
    verdict = judge_cluster(evidence)
    known = {gap.kind for gap in evidence.gaps}

    assert [] == [one for one in verdict.findings if not one.seen or one.code not in FAULTS]
    if known & {Kind.PODS, Kind.EVENTS}:
        assert set() == {one.code for one in verdict.findings} & set(IMAGE_PULLED.faults)
    assert not known or verdict.doubts or known <= {Kind.DEPLOYMENTS}
    assert evidence.pods or not [one for one in verdict.findings if one.layer in {"image", "app"}]


@given(INVENTED)
@settings(max_examples=60, deadline=None)
def test_no_evidence_however_odd_breaks_the_judge(evidence: KubernetesEvidence) -> None:
    """Empty names, ends without reasons and labels of nobody are judged like all others."""
    verdict = judge_cluster(evidence)

    assert [] == [one.code for one in verdict.findings if one.code not in FAULTS]


def test_no_evidence_at_all_is_a_doubt() -> None:
    """Nothing to look at is not health."""
    assert 2 == judge_cluster(KubernetesEvidence("nothing")).exit_code
    assert 2 == judge_cluster(KubernetesEvidence("x", gaps=(Gap(Kind.NODES, "403"),))).exit_code


def test_a_check_names_only_what_it_says_it_may() -> None:
    """And each needs only checks that stand before it."""
    by_name = {one.name: set(one.faults) for one in CHECKS}
    results = examine(EVERYTHING, CHECKS, ())
    named = {
        (result.name, one.said.code)
        for result in results
        for one in result.problems
        if not isinstance(one.said, Doubt)
    }

    assert len(CHECKS) == len(by_name)
    assert set() == {(name, code) for name, code in named if code not in by_name[name]}
    for number, one in enumerate(CHECKS):
        assert set(one.needs) <= {before.name for before in CHECKS[:number]}
        assert set(one.faults) <= FAULTS.keys()


def test_what_stands_on_several_falls_with_the_last_of_them() -> None:
    """One of two carriers down leaves a subject to be looked at; both down do not."""

    def check(fallen: set[str]) -> tuple[Check[None, str], Check[None, str]]:
        carriers = [Subject(name, name, name) for name in ("one", "two")]
        carried = [Subject("house", "house", "house", ("one", "two"))]
        return (
            Check(
                "base", "", lambda _: carriers, lambda _, x: Doubt(x, x) if x in fallen else None
            ),
            Check("top", "", lambda _: carried, lambda _, x: Doubt(x, x), needs=("base",)),
        )

    half = examine(None, check({"one"}), ())[1]
    whole = examine(None, check({"one", "two"}), ())[1]

    assert (1, "") == (half.looked, half.skipped)
    assert (0, "skipped: needs base") == (whole.looked, whole.skipped)


def test_words_of_a_pull_are_read_without_the_images_own_name() -> None:
    """An image may be called after a fault; only what is said about it counts."""
    for image in ("unauthorized:1", "shop/denied: not found", "timeout"):
        assert not code_of(f'Back-off pulling image "{image}"', image)
    assert "image-registry-refuses" == code_of(
        'failed to authorize: unexpected status from GET request to "https://x": 401 Unauthorized',
        "x/y:1",
    )
    assert "image-registry-unreachable" == code_of("dial tcp 10.0.0.9:443: i/o timeout", "x/y:1")


def test_a_program_that_has_just_begun_is_not_called_down() -> None:
    """A refused probe two seconds after the start is a doubt; after a minute it is a fault."""
    evidence = capture("image-and-app-faults")
    pod = next(one for one in evidence.pods if one.name == "unready")
    late = replace(pod.containers[0], since="2026-11-23T02:08:23Z")
    only = replace(evidence, pods=(pod,), services=())

    assert 1 == judge_cluster(only).exit_code
    assert 2 == judge_cluster(replace(only, pods=(replace(pod, containers=(late,)),))).exit_code
