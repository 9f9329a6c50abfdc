"""Checks over a graph: what rests on something broken is skipped, not blamed.

A check is one object: a positive sentence, what it rests on, and what it may name. It looks at one
subject at a time (a node, a Pod, a Service), so a broken Pod hides nothing of the Pod beside it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from meshdoctor.doctor.model import Doubt, Finding

E = TypeVar("E")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject(Generic[T]):
    """One thing that a check looks at.

    Attributes:
        name: kind and name, the same for every check.
        thing: what the evidence has of it.
        group: what it shares its faults with, such as the owner of a Pod.
        upon: names of the subjects that carry it; it falls when all of them have fallen.
    """

    name: str
    thing: T
    group: str
    upon: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check(Generic[E, T]):
    """One question to the evidence.

    Attributes:
        name: short, `thing.property`.
        sentence: what holds when all is well.
        subjects: gives what it looks at.
        look: says what is wrong with one of them, or None.
        reads: the kinds of evidence without which it says nothing.
        needs: names of the checks that it rests on; those come before it.
        faults: the only codes that it may name.
    """

    name: str
    sentence: str
    subjects: Callable[[E], Iterable[Subject[T]]]
    look: Callable[[E, T], Finding | Doubt | None]
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a check found.

    Attributes:
        subject: the name of what it was found on.
        group: of that subject.
        said: the fault or the doubt.
    """

    subject: str
    group: str
    said: Finding | Doubt


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a check.

    Attributes:
        name: of the check.
        sentence: of the check.
        looked: at how many subjects it looked.
        problems: what it found.
        skipped: why it looked at nothing, or not at some subjects; "" when it looked at all.
        unread: the kinds of evidence that it lacked.
    """

    name: str
    sentence: str
    looked: int = 0
    problems: tuple[Problem, ...] = ()
    skipped: str = ""
    unread: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say in one line whether the sentence holds."""
        if self.problems:
            words = f"fails on {len(self.problems)} of {self.looked}"
        else:
            words = f"holds for {self.looked}" if self.looked else "nothing looked at"
        return "; ".join(filter(None, (f"{self.sentence}: {words}", self.skipped)))


@dataclass(slots=True)
class _Run(Generic[E]):
    evidence: E
    missing: frozenset[str]
    fallen: dict[str, set[str]] = field(default_factory=dict)

    def result(self, check: Check[E, T]) -> Result:
        fallen = self.fallen[check.name] = set()
        if unread := tuple(kind for kind in check.reads if kind in self.missing):
            words = f"skipped: needs {', '.join(unread)}"
            return Result(check.name, check.sentence, skipped=words, unread=unread)
        problems, needs, looked = [], [], 0
        for subject in check.subjects(self.evidence):
            if need := self._fallen_need(check, subject):
                needs.append(need)
                fallen.add(subject.name)
                continue
            looked += 1
            if said := check.look(self.evidence, subject.thing):
                fallen.add(subject.name)
                problems.append(Problem(subject.name, subject.group, said))
        words = f"skipped: needs {', '.join(dict.fromkeys(needs))}" if needs else ""
        return Result(check.name, check.sentence, looked, tuple(problems), words)

    def _fallen_need(self, check: Check[E, T], subject: Subject[T]) -> str:
        """Name the check that failed on this subject, or on all that carries it."""
        for need in check.needs:
            if subject.name in self.fallen.get(need, set()):
                return need
        down = {name for need in check.needs for name in self.fallen.get(need, set())}
        if subject.upon and down.issuperset(subject.upon):
            return next(need for need in check.needs if subject.upon[0] in self.fallen[need])
        return ""


def examine(
    evidence: E, checks: Sequence[Check[E, T]], missing: Iterable[str]
) -> tuple[Result, ...]:
    """Ask every check, in order.

    Args:
        evidence: what was seen.
        checks: those that others need come first.
        missing: the kinds of evidence that could not be had.
    """
    run = _Run(evidence, frozenset(missing))
    return tuple(run.result(check) for check in checks)
