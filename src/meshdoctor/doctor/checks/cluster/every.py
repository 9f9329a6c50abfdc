"""All checks of a Kubernetes API's evidence, and the verdict on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from meshdoctor.doctor.checks.cluster.container_stays import CONTAINER_STAYS
from meshdoctor.doctor.checks.cluster.dns_served import DNS_SERVED
from meshdoctor.doctor.checks.cluster.image_pulled import IMAGE_PULLED
from meshdoctor.doctor.checks.cluster.node_ready import NODE_READY
from meshdoctor.doctor.checks.cluster.pod_ready import POD_READY
from meshdoctor.doctor.checks.cluster.pod_scheduled import POD_SCHEDULED
from meshdoctor.doctor.checks.cluster.service_port import SERVICE_PORT
from meshdoctor.doctor.checks.cluster.service_selects import SERVICE_SELECTS
from meshdoctor.doctor.graph import Check, Problem, Result, examine
from meshdoctor.doctor.model import Doubt, Finding, Verdict
from meshdoctor.faults import Layer
from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence

CHECKS: Final[tuple[Check[KubernetesEvidence, Any], ...]] = (
    NODE_READY,
    POD_SCHEDULED,
    IMAGE_PULLED,
    CONTAINER_STAYS,
    POD_READY,
    SERVICE_SELECTS,
    SERVICE_PORT,
    DNS_SERVED,
)
"""In an order in which each comes after those it needs."""

_BLIND: Final = (
    "packets between nodes, lookups and calls: the API cannot see them, and a security group that"
    " drops them leaves every object as it is"
)
_HEALTHY: Final = "the Kubernetes API shows nothing broken; whether packets pass was not asked"
_LAYERS: Final = list(Layer)


def judge_cluster(evidence: KubernetesEvidence) -> Verdict:
    """Judge what a Kubernetes API said.

    Args:
        evidence: any part of it.
    """
    results = examine(evidence, CHECKS, (gap.kind for gap in evidence.gaps))
    problems = [one for result in results for one in result.problems]
    findings = _merged(one for one in problems if isinstance(one.said, Finding))
    doubts = tuple(
        dict.fromkeys((*(_doubts(problems)), *unasked(evidence, results), *_empty(evidence)))
    )
    return Verdict(
        f"cluster ({evidence.source})",
        whole_sentence(findings, doubts, _HEALTHY),
        findings,
        doubts,
        tuple(map(str, results)),
        (_BLIND,),
    )


def _doubts(problems: Sequence[Problem]) -> Iterator[Doubt]:
    return (one.said for one in problems if isinstance(one.said, Doubt))


def _merged(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    """Say once what the Pods of one owner share, and put the lowest layer first."""
    told: dict[tuple[str, str], list[Finding]] = {}
    for one in problems:
        if isinstance(one.said, Finding):
            told.setdefault((one.said.code, one.group), []).append(one.said)
    found = [
        replace(same[0], seen=(*same[0].seen, f"the same on {len(same) - 1} more"))
        if len(same) > 1
        else same[0]
        for same in told.values()
    ]
    return tuple(sorted(found, key=lambda one: _LAYERS.index(one.layer)))


def unasked(evidence: KubernetesEvidence, results: Sequence[Result]) -> Iterator[Doubt]:
    """Say which checks were blind, and for want of what.

    Args:
        evidence: of whose gaps.
        results: of all checks, those that need no API among them.
    """
    for gap in evidence.gaps:
        blind = [one.name for one in results if gap.kind in one.unread]
        if blind:
            yield Doubt(
                f"without {gap.kind} nothing is said about: {', '.join(blind)}",
                f"{gap.kind} ({gap.words})",
            )


def _empty(evidence: KubernetesEvidence) -> Iterator[Doubt]:
    if not evidence.nodes and not evidence.pods and not evidence.gaps:
        yield Doubt("there is no node and no Pod to look at", "another namespace, or all: -A")


def whole_sentence(findings: Sequence[Finding], doubts: Sequence[Doubt], healthy: str) -> str:
    """Give a verdict in one line.

    Args:
        findings: the lowest layer first.
        doubts: what keeps it from being called healthy.
        healthy: what is said where there is neither.
    """
    if findings:
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return f"{findings[0].sentence}{more}"
    return doubts[0].sentence if doubts else healthy
