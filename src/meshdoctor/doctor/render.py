"""A verdict as data and as a line; the table for a terminal is the command's own."""

import json
from collections.abc import Sequence
from typing import Any, Final

from meshdoctor.doctor.model import Finding, State, Verdict

SCHEMA: Final = 1
"""Of the JSON; it grows when a key goes away or changes its meaning."""

_MARKS: Final = {State.HEALTHY: "ok", State.UNKNOWN: "cannot-tell"}


def as_data(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON's types.

    Args:
        verdict: any.
    """
    return {
        "subject": verdict.subject,
        "state": verdict.state.value,
        "sentence": verdict.sentence,
        "findings": [_finding(one) for one in verdict.findings],
        "doubts": [{"sentence": one.sentence, "missing": one.missing} for one in verdict.doubts],
        "seen": list(verdict.seen),
        "limits": list(verdict.limits),
    }


def as_json(verdicts: Sequence[Verdict]) -> str:
    """Return verdicts as one JSON text.

    Args:
        verdicts: all of one run.
    """
    return json.dumps({"schema": SCHEMA, "verdicts": list(map(as_data, verdicts))}, indent=2)


def as_line(verdict: Verdict) -> str:
    """Return a verdict as one line: its codes, or `ok`, or `cannot-tell`, and the sentence.

    Args:
        verdict: any.
    """
    codes = ",".join(dict.fromkeys(one.code for one in verdict.findings))
    return f"{codes or _MARKS[verdict.state]}: {verdict.sentence}"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "fault": finding.code,
        "layer": finding.layer.value,
        "sentence": finding.sentence,
        "seen": list(finding.seen),
        "ruled_out": list(finding.ruled_out),
        "fix": finding.fix,
        "recipes": [{"title": one.title, "text": one.text} for one in finding.recipes],
        "runbook": finding.runbook,
    }
