"""What the doctor says: a verdict is findings, doubts, and what they rest on."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meshdoctor.faults import FAULTS, Layer, runbook

EXIT_USAGE: Final = 3
"""Exit code when the question itself was wrong."""


class State(StrEnum):
    """A verdict in one word."""

    HEALTHY = "healthy"
    FAULT = "fault"
    UNKNOWN = "unknown"


_EXIT_CODES: Final = {State.HEALTHY: 0, State.FAULT: 1, State.UNKNOWN: 2}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Another way to write the fix down.

    Attributes:
        title: what it is for.
        text: lines to copy.
    """

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault that the evidence proves.

    Attributes:
        code: the fault, a key of `FAULTS`.
        sentence: what is broken, for a tired person.
        seen: the two or three observations that decide.
        ruled_out: what else it could have been, and what says that it is not.
        fix: what to do: a command where there is one, a line each where there are several.
        recipes: the same in other words, such as infrastructure code.
    """

    code: str
    sentence: str
    seen: tuple[str, ...]
    ruled_out: tuple[str, ...]
    fix: str
    recipes: tuple[Recipe, ...] = ()

    @property
    def layer(self) -> Layer:
        """The layer to repair."""
        return FAULTS[self.code].layer

    @property
    def runbook(self) -> str:
        """Where to read on."""
        return runbook(self.code)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that the evidence does not decide.

    Attributes:
        sentence: what cannot be told.
        missing: the evidence that would tell.
    """

    sentence: str
    missing: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the doctor says of one thing.

    Attributes:
        subject: what was judged.
        sentence: the whole verdict in one line.
        findings: the faults, the lowest layer first.
        doubts: what keeps it from being called healthy.
        seen: what was looked at, in a healthy case too.
        limits: what was not asked, and so is not said.
    """

    subject: str
    sentence: str
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    seen: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """The verdict in one word: a fault that is proven outweighs a doubt."""
        if self.findings:
            return State.FAULT
        return State.UNKNOWN if self.doubts else State.HEALTHY

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 a named fault, 2 cannot tell."""
        return _EXIT_CODES[self.state]


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Return one exit code for several verdicts: a fault outweighs a doubt, that outweighs health.

    Args:
        verdicts: all of one run.
    """
    states = {verdict.state for verdict in verdicts}
    loudest = next(
        (state for state in (State.FAULT, State.UNKNOWN) if state in states), State.HEALTHY
    )
    return _EXIT_CODES[loudest]
