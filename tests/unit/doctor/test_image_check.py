"""The judge of images: any evidence gets a verdict, and none names what it does not prove."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.doctor.checks.image import judge_image
from meshdoctor.doctor.model import State, Verdict, exit_code
from meshdoctor.doctor.render import as_data, as_json, as_line
from meshdoctor.faults import FAULTS
from meshdoctor.probes.registry.evidence import (
    Content,
    Entry,
    Failure,
    ImageEvidence,
    Program,
    Trouble,
)
from meshdoctor.probes.registry.platforms import Platform, parse

AMD64, ARM64 = parse("linux/amd64"), parse("linux/arm64")
NAME = "quay.io/team/app:1"
ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
GOOD = ImageEvidence(
    NAME,
    (AMD64, ARM64),
    0.1,
    digest=f"sha256:{'0' * 64}",
    is_index=True,
    entries=(Entry(ONE, AMD64), Entry(TWO, ARM64)),
    contents=(Content(ONE, AMD64), Content(TWO, ARM64)),
)

PLATFORMS = st.sampled_from([AMD64, ARM64, parse("linux/386"), parse("linux/arm/v7")])
MAYBE = st.one_of(st.none(), PLATFORMS)
DIGESTS = st.sampled_from([ONE, TWO, f"sha256:{'3' * 64}"])
FAILURES = st.one_of(st.none(), st.builds(Failure, st.sampled_from(Trouble), st.just("words")))
PROGRAMS = st.builds(Program, st.just("/run"), st.sampled_from(["", "amd64", "arm64"]))
CONTENTS = st.builds(Content, DIGESTS, MAYBE, st.just(()), st.one_of(st.none(), PROGRAMS), FAILURES)
EVIDENCE = st.builds(
    ImageEvidence,
    st.just(NAME),
    st.lists(PLATFORMS, min_size=1, max_size=3, unique=True).map(tuple),
    st.just(0.1),
    st.sampled_from(["", "config.json"]),
    FAILURES,
    st.just(GOOD.digest),
    st.just(""),
    st.booleans(),
    st.lists(st.builds(Entry, DIGESTS, MAYBE), max_size=4).map(tuple),
    st.lists(CONTENTS, min_size=1, max_size=3, unique_by=lambda one: one.digest).map(tuple),
)


def codes(verdict: Verdict) -> set[str]:
    """Give the faults that were named."""
    return {finding.code for finding in verdict.findings}


def single(evidence: ImageEvidence) -> ImageEvidence:
    """Make evidence of a single manifest whole: it has one content and no entries."""
    return evidence if evidence.is_index else replace(evidence, contents=evidence.contents[:1])


@given(EVIDENCE.map(single))
def test_any_evidence_gets_a_verdict(evidence: ImageEvidence) -> None:
    """With words in every part, faults out of the vocabulary, and each fault from what was seen."""
    verdict = judge_image(evidence)

    assert codes(verdict) <= set(FAULTS)
    assert json.loads(json.dumps(as_data(verdict)))["sentence"] == verdict.sentence != ""
    assert as_line(verdict).count("\n") == 0
    for finding in verdict.findings:
        assert finding.sentence
        assert finding.seen
        assert finding.fix
        assert all(finding.seen)
        assert finding.code not in " ".join(finding.ruled_out)


@given(EVIDENCE.map(single))
def test_no_fault_without_its_evidence(evidence: ImageEvidence) -> None:
    """What is named is what the evidence holds, and health needs all of it."""
    verdict = judge_image(evidence)
    named = codes(verdict)
    listed = [entry.platform for entry in evidence.entries]

    if "image-platform-missing" in named:
        assert any(node not in listed for node in evidence.asked)
        assert evidence.is_index
    if "image-platform-wrong" in named:
        assert not evidence.is_index
        assert evidence.contents[0].platform not in {None, *evidence.asked[:1]} or (
            len(evidence.asked) > 1
        )
    if {"image-registry-refuses", "image-registry-unreachable"} & named:
        assert evidence.failure
    if verdict.state is State.HEALTHY:
        assert evidence.failure is None
        held = {content.platform for content in evidence.contents}
        assert all(any(one and one.runs_on(node) for one in held) for node in evidence.asked)


def test_a_healthy_image_says_what_was_looked_at_and_what_was_not() -> None:
    """The reader sees that programs were not read."""
    verdict = judge_image(GOOD)

    assert (State.HEALTHY, 0) == (verdict.state, verdict.exit_code)
    assert f"ok: {NAME} runs on linux/amd64 and linux/arm64: index and config blobs say so" == (
        as_line(verdict)
    )
    assert "it lists linux/amd64 and linux/arm64" in verdict.seen
    assert any("--programs" in line for line in verdict.limits)


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_has_an_answer(trouble: Trouble) -> None:
    """A fault where the trouble proves one, a doubt where it does not; the words are kept."""
    verdict = judge_image(replace(GOOD, failure=Failure(trouble, "the words")))

    doubtful = trouble in {Trouble.LIMITED, Trouble.NOT_READ}
    assert (State.UNKNOWN if doubtful else State.FAULT) == verdict.state
    shown = [line for one in verdict.findings for line in one.seen]
    assert ["the words"] == (shown or [one.sentence for one in verdict.doubts])
    assert "{" not in json.dumps([one.fix for one in verdict.findings])


def test_two_faults_are_both_told_the_pull_first() -> None:
    """A missing platform and a disagreement behind another one."""
    evidence = replace(
        GOOD, entries=(Entry(ONE, AMD64),), contents=(Content(ONE, Platform("linux", "s390x")),)
    )

    verdict = judge_image(evidence)

    assert ["image-platform-missing", "image-config-mismatch"] == [
        finding.code for finding in verdict.findings
    ]
    assert verdict.sentence.endswith("(and 1 more)")


def test_the_json_is_an_interface() -> None:
    """Keys that others read; more may come."""
    told = json.loads(as_json([judge_image(replace(GOOD, entries=GOOD.entries[:1]))]))

    (verdict,) = told["verdicts"]
    assert ("fault", NAME) == (verdict["state"], verdict["subject"])
    (finding,) = verdict["findings"]
    assert {"fault", "layer", "sentence", "seen", "ruled_out", "fix", "runbook"} <= set(finding)
    assert finding["runbook"].endswith("docs/runbook.md#image-platform-missing")


def test_the_worst_of_several_verdicts_is_the_exit_code() -> None:
    """A proven fault outweighs a doubt, that outweighs health; of nothing nothing is wrong."""
    good, bad = judge_image(GOOD), judge_image(replace(GOOD, entries=()))
    unsure = judge_image(replace(GOOD, failure=Failure(Trouble.LIMITED, "often")))

    assert [0, 2, 1, 1, 0] == [
        exit_code(verdicts) for verdicts in ([good], [good, unsure], [unsure, bad, good], [bad], [])
    ]
