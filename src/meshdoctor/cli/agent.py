"""`meshdoctor agent`: the prober of a node, as a process of its own."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("agent")(agent)


def agent(
    knowledge: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON with all there is to ask, instead of the Kubernetes API; as"
            " MESH_AGENT_KNOWLEDGE",
        ),
    ] = None,
) -> NoReturn:
    """Look at what this node reaches, every few seconds, until SIGTERM; answer other agents.

    It is told by environment variables: docs/settings.md. Exit code 0: it was ended; 1: a port
    cannot be used; 2: bad settings.
    """
    if knowledge is not None:
        os.environ["MESH_AGENT_KNOWLEDGE"] = str(knowledge)
    # In the place of this process: the agent has to do with a memory that the command's own
    # libraries would take half of.
    os.execv(sys.executable, [sys.executable, "-m", "meshdoctor.agent"])  # noqa: S606 - no shell is wanted
