"""What the questions are put to, and how their answers become a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meshdoctor.doctor.model import Doubt, Finding, Verdict
from meshdoctor.probes.manifests.evidence import Cluster, Manifests, Thing, Workload

ALWAYS_THERE: Final = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
"""Namespaces that every cluster has."""

DOWN: Final = "app-down"
NO_NAME: Final = "dns-nxdomain"
_POLICY: Final = "network-policy-app"


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that is known before anything is applied.

    Attributes:
        manifests: what is to be applied.
        cluster: what is there already; None when none was asked.
        by_hand: `NAMESPACE/NAME` of what is made by hand, besides what workloads note themselves.
    """

    manifests: Manifests
    cluster: Cluster | None = None
    by_hand: frozenset[str] = frozenset()

    def makes(self, namespace: str) -> bool:
        """Tell whether a namespace is new with these manifests, which then hold all that is in it.

        A namespace that the cluster has as well may hold more.
        """
        there = self.cluster is not None and namespace in (self.cluster.namespaces or ())
        return namespace in self.manifests.namespaces and not there

    def of(self, namespace: str) -> tuple[Workload, ...]:
        """Give the workloads of a namespace."""
        return tuple(one for one in self.manifests.workloads if one.thing.namespace == namespace)


@dataclass(slots=True)
class Answer:
    """What a question has found so far.

    Attributes:
        findings: faults that applying would bring.
        doubts: what cannot be told.
        seen: what speaks for it.
        limits: what was not asked.
    """

    findings: list[Finding]
    doubts: list[Doubt]
    seen: list[str]
    limits: list[str]

    @classmethod
    def none(cls) -> "Answer":
        """Begin."""
        return cls([], [], [], [])

    def broken(self, code: str, sentence: str, seen: Sequence[str], fix: str) -> None:
        """Add a fault."""
        self.findings.append(Finding(code, sentence, tuple(seen), (), fix))

    def unsure(self, sentence: str, missing: str) -> None:
        """Add a doubt, once."""
        doubt = Doubt(sentence, missing)
        if doubt not in self.doubts:
            self.doubts.append(doubt)

    def verdict(self, subject: str, good: str) -> Verdict:
        """Give the verdict.

        Args:
            subject: of the question.
            good: what holds when nothing was found.
        """
        sentence = good
        if self.findings:
            more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
            sentence = f"{self.findings[0].sentence}{more}"
        elif self.doubts:
            more = f" (and {len(self.doubts) - 1} more)" if len(self.doubts) > 1 else ""
            sentence = f"cannot tell: {self.doubts[0].sentence}{more}"
        return Verdict(
            subject,
            sentence,
            tuple(self.findings),
            tuple(self.doubts),
            tuple(dict.fromkeys(self.seen)),
            tuple(dict.fromkeys(self.limits)),
        )


def missing_is(thing: Thing) -> str:
    """Give the fault that a cluster has without an object.

    Args:
        thing: that would be refused.
    """
    return {"Service": NO_NAME, "NetworkPolicy": _POLICY}.get(thing.kind, DOWN)
