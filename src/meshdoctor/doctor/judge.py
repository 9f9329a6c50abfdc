"""One verdict on everything: the API's objects, what the agents saw, and what registries said.

Checks name what they can prove; here is decided what of that is said. A fault that only follows
from another is left out, what several subjects share is said once with its extent, and a doubt
that a named fault explains is no doubt any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from meshdoctor.doctor.checks.cluster.every import judge_cluster, unasked, whole_sentence
from meshdoctor.doctor.checks.mesh.edges_well import failures, once
from meshdoctor.doctor.checks.mesh.every import COUNTED, every
from meshdoctor.doctor.checks.mesh.sights import Mesh, lay_out
from meshdoctor.doctor.checks.mesh.words import UNSETTLED
from meshdoctor.doctor.consequences import independent
from meshdoctor.doctor.gathering import gathered
from meshdoctor.doctor.graph import Result, examine
from meshdoctor.doctor.model import Doubt, Finding, Verdict
from meshdoctor.doctor.pulls import with_images
from meshdoctor.faults import FAULTS, Layer
from meshdoctor.probes.kubernetes.evidence import Kind
from meshdoctor.probes.mesh.evidence import MeshEvidence
from meshdoctor.probes.registry.evidence import ImageEvidence

INSTALL: Final = "the agent on every node: kubectl apply -k k8s/agent"
"""What is missing where nobody looks from the nodes."""

_NO_AGENT: Final = (
    "no agent tells what the nodes see: whether packets, lookups and calls pass is not known"
)
_HEALTHY: Final = "healthy: nodes, Pods, Service addresses, cluster DNS and backends all answer"
_ORDER: Final = list(FAULTS)
_LAYERS: Final = list(Layer)
_ALWAYS: Final = frozenset({"agents.report", "node.ready", "pod.scheduled"})
"""Checks whose doubts no fault explains."""

_MOST_DOUBTS: Final = 3
"""Of one check: a cluster without agents has as many as nodes."""

_VAGUE: Final = frozenset({"edges.well", "callers.well", "pages.read"})
"""Checks whose doubts say less than those of others."""

_LAYER_OF: Final = {
    one.name: FAULTS[one.faults[0]].layer if one.faults else Layer.APP for one in every()
}


def judge(evidence: MeshEvidence, images: Sequence[ImageEvidence] = ()) -> Verdict:
    """Judge a mesh.

    Args:
        evidence: any part of it. Where there is no report of any agent, and nothing in its gaps
            says that one was looked for, only the API's objects are judged.
        images: what registries said about images of Pods that cannot start.

    Returns:
        What is broken, the lowest layer first; what cannot be told and what evidence would tell.
    """
    if evidence.cluster is not None and not evidence.reports and not evidence.gaps:
        return with_images(judge_cluster(evidence.cluster), evidence.cluster, images)
    mesh = lay_out(evidence)
    results = examine(mesh, tuple(every()), _missing(evidence))
    findings = independent(mesh, gathered(results, COUNTED))
    doubts = dict.fromkeys((*_unasked(evidence, results), *_doubts(mesh, results, findings)))
    verdict = Verdict(
        _subject(evidence),
        "",
        tuple(sorted(findings, key=lambda one: _ORDER.index(one.code))),
        tuple(doubts),
        tuple(map(str, results)),
        _limits(mesh),
    )
    verdict = with_images(verdict, evidence.cluster, images)
    return replace(verdict, sentence=whole_sentence(verdict.findings, verdict.doubts, _HEALTHY))


def decided(evidence: MeshEvidence) -> bool:
    """Tell whether it is worth waiting for more of the agents' reports.

    Args:
        evidence: what there is by now.

    Returns:
        True when a fault is named, or nothing is doubted, and nothing changes just now.
    """
    results = examine(lay_out(evidence), tuple(every()), _missing(evidence))
    said = [one.said for result in results for one in result.problems]
    doubts = [one for one in said if isinstance(one, Doubt)]
    if any(one.missing == UNSETTLED for one in doubts):
        return False
    return len(doubts) < len(said) or not doubts


def _missing(evidence: MeshEvidence) -> Iterable[str]:
    if evidence.cluster is None:
        return list(Kind)
    return [gap.kind for gap in evidence.cluster.gaps]


def _doubts(mesh: Mesh, results: Sequence[Result], findings: Sequence[Finding]) -> Iterator[Doubt]:
    """Give the doubts that nothing explains: no named fault, and no accident."""
    lowest = min((_LAYERS.index(one.layer) for one in findings), default=len(_LAYERS))
    accident = once(failures(mesh))
    told = [
        (result, [one.said for one in result.problems if isinstance(one.said, Doubt)])
        for result in results
        if not _explained(result.name, lowest, accident=accident)
    ]
    telling = [each for result, doubts in told if result.name not in _VAGUE for each in doubts]
    if not telling:
        yield from [each for _result, doubts in told for each in doubts][:1]
        return
    for result, doubts in told:
        if result.name not in _VAGUE:
            yield from _few(result, doubts)


def _few(result: Result, doubts: Sequence[Doubt]) -> Iterator[Doubt]:
    """Give the first few doubts of a check, and count the others."""
    yield from doubts[:_MOST_DOUBTS]
    if more := len(doubts[_MOST_DOUBTS:]):
        yield Doubt(f"whether {result.sentence}: {more} more are in doubt", doubts[-1].missing)


def _explained(check: str, lowest: int, *, accident: bool) -> bool:
    """Tell whether a check's doubts follow from a fault below, or from one answer that was lost."""
    if check in _ALWAYS:
        return False
    return _LAYERS.index(_LAYER_OF[check]) >= lowest or (accident and check in COUNTED)


def _unasked(evidence: MeshEvidence, results: Sequence[Result]) -> Iterator[Doubt]:
    if not evidence.reports:
        yield Doubt(_NO_AGENT, INSTALL)
    for words in filter(None, evidence.gaps):
        yield Doubt(words, "the agents' reports")
    if evidence.cluster is not None:
        yield from unasked(evidence.cluster, results)


def _subject(evidence: MeshEvidence) -> str:
    agents = f"{len(evidence.reports)} agents"
    return f"mesh ({evidence.cluster.source}, {agents})" if evidence.cluster else f"mesh ({agents})"


def _limits(mesh: Mesh) -> tuple[str, ...]:
    evidence = mesh.evidence
    gaps = [f"{one.report.node}: {gap}" for one in evidence.reports for gap in one.report.gaps]
    if evidence.cluster is None:
        gaps.append("the Kubernetes API was not asked: images, crashes and Services are not judged")
    failing = failures(mesh)
    if len(failing) == 1:
        gaps.append(f"one answer did not come: {failing[0]}")
    return tuple(dict.fromkeys(gaps))
