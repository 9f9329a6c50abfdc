"""How subcommands talk: `-o table|short|json`, the same everywhere."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from meshdoctor.doctor.model import Finding, State, Verdict
from meshdoctor.doctor.render import as_json, as_line


class Form(StrEnum):
    """How to write a result."""

    TABLE = "table"
    SHORT = "short"
    JSON = "json"


Output = Annotated[
    Form, typer.Option("--output", "-o", help="table for people, short for a line each, or json")
]
"""The option that every subcommand has."""

_COLOURS: Final = {State.HEALTHY: "green", State.FAULT: "red", State.UNKNOWN: "yellow"}
_MARKS: Final = {State.HEALTHY: "OK", State.FAULT: "FAULT", State.UNKNOWN: "CANNOT TELL"}
_INDENT: Final = 12


def show(verdicts: Sequence[Verdict], form: Form) -> None:
    """Write verdicts on standard output.

    Args:
        verdicts: all of one run.
        form: how.
    """
    if form is Form.JSON:
        typer.echo(as_json(verdicts))
    elif form is Form.SHORT:
        for verdict in verdicts:
            typer.echo(as_line(verdict))
    else:
        console = Console(highlight=False, emoji=False)
        for number, verdict in enumerate(verdicts):
            # Soft: a command is copied as one line, however narrow the terminal is.
            console.print(_table(verdict, first=number == 0), soft_wrap=True)


def _table(verdict: Verdict, *, first: bool) -> Text:
    text = Text() if first else Text("\n")
    colour = f"bold {_COLOURS[verdict.state]}"
    text.append(f"{_MARKS[verdict.state]:<{_INDENT}}", colour)
    if not verdict.findings:
        text.append(f"{verdict.sentence}\n", "bold")
        _rows(text, "seen", verdict.seen)
    for number, finding in enumerate(verdict.findings):
        text.append(" " * _INDENT if number else "")
        _add(text, finding, colour)
    for doubt in verdict.doubts:
        # Without a fault the first doubt is the sentence already.
        _rows(text, "unknown", (doubt.sentence, f"what would tell: {doubt.missing}"))
    _rows(text, "not asked", verdict.limits)
    return text[:-1]


def _add(text: Text, finding: Finding, colour: str) -> None:
    text.append(f"{finding.code}\n", colour)
    text.append(f"{'':<{_INDENT}}{finding.sentence}\n", "bold")
    _rows(text, "seen", finding.seen)
    _rows(text, "ruled out", finding.ruled_out)
    _rows(text, "fix", finding.fix.splitlines())
    for recipe in finding.recipes:
        _rows(text, "or", (f"{recipe.title}:", *recipe.text.splitlines()))
    _rows(text, "runbook", (finding.runbook,))


def _rows(text: Text, name: str, lines: Sequence[str]) -> None:
    for number, line in enumerate(lines):
        text.append(f"{name if number == 0 else '':<{_INDENT}}", "dim")
        text.append(f"{line}\n")
