"""`meshdoctor image`: is the image there, and is it what the nodes run?"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final

import typer

from meshdoctor.cli.output import Form, Output, show
from meshdoctor.doctor.checks.image import judge_image
from meshdoctor.doctor.model import Verdict, exit_code
from meshdoctor.probes.registry import platforms, reference
from meshdoctor.probes.registry.image import (
    PROGRAM_SECONDS,
    SECONDS,
    ImageQuestion,
    look_at_image,
)

_AT_ONCE: Final = 4


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("image")(image)


def image(
    references: Annotated[list[str], typer.Argument(metavar="REF...", help="names of images")],
    platform: Annotated[
        str,
        typer.Option(
            help="of the nodes, such as linux/amd64,linux/arm64 (kubectl get nodes"
            " -L kubernetes.io/arch)"
        ),
    ],
    output: Output = Form.TABLE,
    *,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="no TLS; to this machine itself it is not needed")
    ] = False,
    programs: Annotated[
        bool, typer.Option("--programs", help="read the layers for the program that it starts, too")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=3600, help=f"seconds for each image [{SECONDS:g}, {PROGRAM_SECONDS:g}]"
        ),
    ] = None,
) -> int:
    """Hold images against the platforms of the nodes: index, config blob, and programs if asked.

    Credentials come from Docker's configuration. Exit code 0: they run there; 1: a fault, named;
    2: cannot tell; 3: wrong usage.
    """
    try:
        wanted = tuple(dict.fromkeys(map(platforms.parse, platform.split(","))))
        names = [reference.parse(one) for one in references]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    seconds = timeout or (PROGRAM_SECONDS if programs else SECONDS)
    questions = [
        ImageQuestion(one, wanted, programs=programs, plain=plain_http, seconds=seconds)
        for one in names
    ]
    verdicts = _ask(questions)
    show(verdicts, output)
    return exit_code(verdicts)


def _ask(questions: Sequence[ImageQuestion]) -> list[Verdict]:
    if sys.stderr.isatty():
        sys.stderr.write(f"asking about {', '.join(str(one.reference) for one in questions)}\n")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [judge_image(evidence) for evidence in pool.map(look_at_image, questions)]
