"""`meshdoctor lab ...`: the fault lab, passed on to `python -m meshdoctor.lab` of a checkout."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

_CHECKOUT: Final = Path(__file__).resolve().parents[3]
_OTHER_NAMES: Final = {"up": "cluster"}  # there `up` is the mesh on loopback, which is older


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    settings = {
        "ignore_unknown_options": True,
        "help_option_names": [],
        "allow_interspersed_args": False,  # what follows the word is the lab's, `--` too
    }
    app.command("lab", context_settings=settings)(lab)


def lab(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="up|shell PLACE|run FAULT|matrix|list", help="and their own options: --help"
        ),
    ] = None,
) -> None:
    """Build a cluster's network on this machine, without root, and break it on purpose.

    `up` keeps the mesh running in it until Ctrl-C, `shell` opens a shell in a Pod or on a node,
    `run` does one fault and shows the verdict, `matrix` does all of them, `list` names them.
    """
    if not (_CHECKOUT / "k8s" / "rendered").is_dir():
        raise typer.BadParameter(
            "the lab runs what is in the repository, and this is an installation without it: clone"
            " it and run ./mesh lab"
        )
    if not find_spec("locust"):
        raise typer.BadParameter(
            f"the lab needs more than the command does: run ./mesh lab in {_CHECKOUT}, which"
            " installs it"
        )
    first, *rest = words or ["--help"]
    command = ["-m", "meshdoctor.lab", _OTHER_NAMES.get(first, first), *rest]
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - no shell is wanted
