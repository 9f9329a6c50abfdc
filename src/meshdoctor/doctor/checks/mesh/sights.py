"""What the agents saw, laid out for questions: who looked, at what, when, and what came back.

A look is of one moment, and what it saw holds from its `since` until then. Two looks of different
agents tell of one time only if these spans meet, clocks taken into account: an answer from before
a fault began, or from after it was healed, says nothing about it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Final

from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence, Pod
from meshdoctor.probes.mesh.evidence import (
    CLOCK_SECONDS,
    INTERVAL_SECONDS,
    PROBE_SECONDS,
    SILENT_AFTER_SECONDS,
    SLOW_SECONDS,
    Answer,
    Ask,
    Edge,
    Ground,
    MeshEvidence,
    Report,
    Role,
    Sighting,
)

NEAR_SECONDS: Final = INTERVAL_SECONDS + 2 * PROBE_SECONDS + CLOCK_SECONDS
"""How far apart two agents may notice the same fault: a round, and both of its tries."""

FLAPS: Final = 4
"""So many changes among the answers of a minute are no onset and no healing: it comes and goes."""

SMALL: Final = frozenset({Ask.TCP, Ask.DNS_UDP})
"""Questions that fit into one packet."""


_QUICK_SECONDS: Final = SLOW_SECONDS / 4
"""Half of an agent's questions are answered sooner, where processors are to be had."""


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that one agent saw.

    Attributes:
        source: the agent's node.
        at: when its round began.
        sighting: what it saw.
    """

    source: str
    at: float
    sighting: Sighting

    @property
    def edge(self) -> Edge:
        """What was asked."""
        return self.sighting.edge

    @property
    def answer(self) -> Answer:
        """What came back."""
        return self.sighting.answer

    @property
    def since(self) -> float:
        """From when on it holds."""
        return self.sighting.since

    @property
    def until(self) -> float:
        """To when it is known to hold; a second try begins later than its round."""
        return max(self.at, self.since)

    @property
    def ok(self) -> bool:
        """Whether the answer is the right one."""
        return self.answer is Answer.OK

    @property
    def silent(self) -> bool:
        """Whether nothing came back."""
        return self.answer is Answer.SILENT

    @property
    def before(self) -> Answer | None:
        """What came back in the round before; None when that is not known."""
        return next(iter(self.sighting.answers[-2:-1]), None)

    @property
    def changes(self) -> int:
        """How often the answer changed within the last minute."""
        return sum(one is not other for one, other in pairwise(self.sighting.answers))

    def __str__(self) -> str:
        """Say it in a line."""
        edge = self.edge
        where = (
            f"{edge.target} on {edge.node}" if edge.node not in {"", edge.target} else edge.target
        )
        words = f" ({self.sighting.words})" if self.sighting.words and not self.silent else ""
        flaps = ", it comes and goes" if self.changes >= FLAPS else ""
        return f"{self.source} to {where}, {edge.address}, {edge.ask}: {self.answer}{words}{flaps}"


def together(one: Look, other: Look) -> bool:
    """Tell whether both held at the same time."""
    if (one.source, one.at) == (other.source, other.at):
        return True  # a report is whole and of one time
    return met(one.until, other.since) and met(other.until, one.since)


def met(until: float, since: float) -> bool:
    """Tell whether something was looked at after something else began, whatever the clocks."""
    return until > since + CLOCK_SECONDS


def near(one: Look, other: Look) -> bool:
    """Tell whether two failures can be one: neither began long after the other was last seen."""
    return one.since <= other.until + NEAR_SECONDS and other.since <= one.until + NEAR_SECONDS


def disproved(bad: Look, looks: Iterable[Look]) -> bool:
    """Tell whether somebody saw the same thing work after it began to fail."""
    return any(one.ok and met(one.until, bad.since) for one in looks)


def confirmed(bad: Sequence[Look]) -> bool:
    """Tell whether a failure was seen more than once: by two, or in two rounds by one.

    On a node that has too much to do, one answer may come late twice in a row.

    Args:
        bad: all looks at it that failed in the same way.
    """
    return len(bad) > 1 or any(one.before is one.answer for one in bad)


@dataclass(frozen=True)
class Mesh:
    """All evidence, with an index.

    Attributes:
        evidence: as it came.
        reports: the newest of each node that is not too old, by node.
        stale: the age of what is too old, in seconds, by node.
    """

    evidence: MeshEvidence
    reports: dict[str, Report] = field(default_factory=dict)
    stale: dict[str, float] = field(default_factory=dict)

    @property
    def cluster(self) -> KubernetesEvidence | None:
        """What the API said."""
        return self.evidence.cluster

    @cached_property
    def _index(self) -> dict[tuple[Role, str], list[Look]]:
        index = defaultdict(list)
        for node, report in self.reports.items():
            for one in report.sightings:
                index[one.edge.role, node].append(Look(node, report.at, one))
        return index

    def looks(self, role: Role, source: str = "") -> Iterator[Look]:
        """Give what was seen of one role, by one node's agent or by all of them."""
        for node in (source,) if source else self.reports:
            yield from self._index.get((role, node), ())

    def every(self) -> Iterator[Look]:
        """Give everything that was seen."""
        for role in Role:
            yield from self.looks(role)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """The names of all nodes that anybody knows of, sorted."""
        names = {*self.reports, *self.stale}
        names |= {one.edge.node for one in self.every()}
        if self.cluster is not None:
            names |= {one.name for one in self.cluster.nodes}
        return tuple(sorted(names - {""}))

    @cached_property
    def _pods(self) -> dict[str, list[Pod]]:
        pods = defaultdict(list)
        for pod in self.cluster.pods if self.cluster else ():
            pods[pod.name].append(pod)
        return pods

    def pod(self, name: str, fits: Callable[[Pod], bool] = lambda _: True) -> Pod | None:
        """Give the Pod of a name; None when the API told of none, or of several that fit."""
        found = [one for one in self._pods.get(name, ()) if fits(one)]
        return found[0] if len(found) == 1 else None

    def agents(self, source: str, node: str) -> list[Look]:
        """Give what an agent saw of the agent of another node, in small questions."""
        return [
            one
            for one in self.looks(Role.AGENT, source)
            if one.edge.ground is Ground.OTHER_NODE
            and one.edge.node == node
            and one.edge.ask in SMALL
        ]

    def starved(self, source: str) -> bool:
        """Tell whether an agent's node had too much to do: all that it asked came late."""
        took = [
            one.sighting.seconds
            for role in Role
            if role is not Role.DNS
            for one in self.looks(role, source)
            if one.ok
        ]
        return bool(took) and median(took) > _QUICK_SECONDS

    def reaches(self, source: str, node: str, bad: Look) -> bool:
        """Tell whether Pods of one node reached those of another while something failed."""
        if source == node:
            return True
        looks = self.agents(source, node)
        return not any(one.silent for one in looks) and any(
            one.ok and together(one, bad) for one in looks
        )


def lay_out(evidence: MeshEvidence) -> Mesh:
    """Make the layout.

    Args:
        evidence: any part of it.
    """
    reports: dict[str, tuple[float, Report]] = {}
    for one in evidence.reports:
        before = reports.get(one.report.node)
        if before is None or one.report.at > before[1].at:
            reports[one.report.node] = one.age, one.report
    fresh = {node: one for node, (age, one) in reports.items() if age <= SILENT_AFTER_SECONDS}
    stale = {node: age for node, (age, _one) in reports.items() if node not in fresh}
    return Mesh(evidence, fresh, stale)
