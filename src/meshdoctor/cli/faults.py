"""`meshdoctor faults`: the vocabulary, and what each word asks you to do."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from meshdoctor.cli.output import Form, Output
from meshdoctor.faults import FAULTS, Fault, runbook


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("faults")(faults)


def faults(
    code: Annotated[str | None, typer.Argument(help="of one fault; all without it")] = None,
    output: Output = Form.TABLE,
) -> int:
    """List the faults that can be named: code, meaning, fix, and where to read on."""
    if code is not None and code not in FAULTS:
        raise typer.BadParameter(f"{code!r} is no fault; `meshdoctor faults -o short` lists them")
    chosen = list(FAULTS.values()) if code is None else [FAULTS[code]]
    if output is Form.JSON:
        told = [{**asdict(fault), "runbook": runbook(fault.code)} for fault in chosen]
        typer.echo(json.dumps({"schema": 1, "faults": told}, indent=2))
    elif output is Form.SHORT:
        for fault in chosen:
            typer.echo(f"{fault.code}: {fault.meaning}")
    elif code is None:
        Console().print(_table(chosen))
    else:
        _tell(chosen[0])
    return 0


def _table(chosen: list[Fault]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("fault", "meaning", "fix"):
        table.add_column(name, overflow="fold", no_wrap=name == "fault")
    for fault in chosen:
        table.add_row(fault.code, fault.meaning, fault.fix)
    return table


def _tell(fault: Fault) -> None:
    typer.echo(f"{fault.code}\n  {fault.meaning}\n  fix: {fault.fix}\n  {runbook(fault.code)}")
