"""What a registry says about the image of a Pod that cannot start, beside what its node says.

A node's own words come first: it is the node that must get the image, with its own road and pull
secret. The registry tells what those words leave open, and what is inside.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from meshdoctor.doctor.checks.image import MISMATCH, WRONG, judge_image
from meshdoctor.doctor.model import Finding, Verdict
from meshdoctor.faults import Layer
from meshdoctor.probes.kubernetes.evidence import Container, KubernetesEvidence, Pod
from meshdoctor.probes.registry import reference
from meshdoctor.probes.registry.evidence import ImageEvidence

_CONTENT: Final = frozenset({WRONG, MISMATCH})
"""Faults with which an image is pulled, and dies."""

_PULLING: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})


def with_images(
    verdict: Verdict, cluster: KubernetesEvidence | None, images: Sequence[ImageEvidence]
) -> Verdict:
    """Add to a verdict what registries said.

    Args:
        verdict: on the Pods.
        cluster: in which they are.
        images: of those that cannot start.
    """
    for evidence in images if cluster is not None else ():
        verdict = _with_image(verdict, cluster, evidence)
    return verdict


def _with_image(
    verdict: Verdict, cluster: KubernetesEvidence | None, evidence: ImageEvidence
) -> Verdict:
    for pod in cluster.pods if cluster else ():
        for container in pod.containers:
            if _whole(container.image) == _whole(evidence.reference):
                verdict = _judged(verdict, pod, container, evidence)
    return verdict


def _judged(verdict: Verdict, pod: Pod, container: Container, evidence: ImageEvidence) -> Verdict:
    pulling = container.waiting in _PULLING
    if container.ready or not (pulling or container.ended):
        return verdict
    fitting = [
        one for one in judge_image(evidence).findings if (one.code in _CONTENT) is not pulling
    ]
    if not fitting:
        return verdict
    return _more_exact(verdict, pod, fitting[0])


def _more_exact(verdict: Verdict, pod: Pod, told: Finding) -> Verdict:
    """Let the registry decide what the node left open."""
    mine = [one for one in verdict.findings if one.layer is Layer.IMAGE and _is_of(one, pod)]
    doubts = [one for one in verdict.doubts if f"Pod {pod.name} " in one.sentence]
    if any(one.code not in _CONTENT for one in mine):
        return verdict  # the node's own words
    if not mine and not doubts:
        return verdict
    seen = (*(line for one in mine for line in one.seen[:1]), *told.seen)[:3]
    findings = [one for one in verdict.findings if one not in mine]
    if all(one.code != told.code or one.sentence != told.sentence for one in findings):
        findings.insert(0, replace(told, seen=seen))
    left = tuple(one for one in verdict.doubts if one not in doubts)
    return replace(verdict, findings=tuple(findings), doubts=left, sentence=told.sentence)


def _whole(image: str) -> str:
    """Give an image its whole name: a Pod may leave registry and tag out."""
    try:
        return str(reference.parse(image))
    except reference.ImageNameError:
        return image


def _is_of(finding: Finding, pod: Pod) -> bool:
    mine = re.compile(rf"Pod {re.escape(pod.name)}(?![\w.-])")
    return any(map(mine.match, finding.seen)) or finding.sentence.startswith(f"{pod.owner} ")
