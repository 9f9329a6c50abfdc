"""The command `meshdoctor`: one file for each subcommand, registered here.

Exit codes of every subcommand: 0 healthy, 1 a named fault, 2 cannot tell, 3 the question itself
was wrong; 130 after Ctrl-C.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from meshdoctor import __version__
from meshdoctor.cli import agent, aws, diagnose, faults, image, lab, preflight
from meshdoctor.doctor.model import EXIT_USAGE


def run(arguments: Sequence[str]) -> int:
    """Run a subcommand.

    Args:
        arguments: what stands after the program's name.

    Returns:
        The exit code.
    """
    try:
        # What a subcommand returns is its exit code.
        code: object = application()(
            args=list(arguments), prog_name="meshdoctor", standalone_mode=False
        )
    except typer.TyperException as error:
        sys.stderr.write(f"{error.format_message()}\nHelp: meshdoctor --help\n")
        return EXIT_USAGE
    except typer.Abort:
        return 130
    except BrokenPipeError:  # `meshdoctor faults | head`
        sys.stderr.close()
        return 0
    return code if isinstance(code, int) else 0


def application() -> typer.Typer:
    """Make the command with all its subcommands."""
    app = typer.Typer(
        name="meshdoctor",
        help="Names the ONE broken layer of a gRPC mesh on Kubernetes.",
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,
    )
    app.callback(invoke_without_command=False)(_options)
    diagnose.register(app)
    preflight.register(app)
    image.register(app)
    aws.register(app)
    agent.register(app)
    faults.register(app)
    lab.register(app)
    return app


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it
    if asked:
        sys.stdout.write(f"meshdoctor {__version__}\n")
        raise typer.Exit


def _options(
    version: Annotated[  # noqa: FBT002 - typer's way to say a flag
        bool, typer.Option("--version", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    del version
