"""Verdicts in short, for tests to compare."""

from meshdoctor.doctor.model import Verdict


def codes(verdict: Verdict) -> list[str]:
    """Give the faults that a verdict names, in its order."""
    return [one.code for one in verdict.findings]


def doubts(verdict: Verdict) -> str:
    """Give all doubts as one text."""
    return "\n".join(f"{one.sentence} -> {one.missing}" for one in verdict.doubts)
