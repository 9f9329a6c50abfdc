"""`meshdoctor diagnose`: which layer of the mesh is broken?"""

from pathlib import Path
from typing import Annotated, Final

import typer

from meshdoctor.cli.output import Form, Output

_SECONDS: Final = 9.0  # `probes.mesh.looking.SECONDS`, which takes its time to load


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("diagnose")(diagnose)


def diagnose(  # noqa: PLR0913 - each is an option
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="DIR|FILE",
            help="judge what was saved: a folder of KIND.json, each from kubectl get KIND -A"
            " -o json; or a bundle",
        ),
    ] = None,
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", help="to judge, beside cluster DNS [bookstore]"),
    ] = "",
    output: Output = Form.TABLE,
    *,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="judge every namespace")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write the evidence there, to judge it again"),
    ] = None,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact", help="replace names and addresses in what is saved; secrets never are in it"
        ),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="look every 5 s, and say a line for each change")
    ] = False,
    context: Annotated[str, typer.Option(help="of the kubeconfig; its current one without")] = "",
    kubeconfig: Annotated[
        Path | None, typer.Option(metavar="FILE", help="the only one to read")
    ] = None,
    images: Annotated[
        bool, typer.Option(help="ask the registries of images that a node could not pull or start")
    ] = True,
    timeout: Annotated[
        float, typer.Option(min=1, max=60, help="seconds, from its start, for all that is asked")
    ] = _SECONDS,
) -> int:
    """Name the broken layer of a mesh on Kubernetes, and say what shows it and what repairs it.

    It asks the API server of the kubeconfig and changes nothing: objects, what the agents of the
    nodes have seen, and the last log of a program that ends at once. Exit code 0: nothing broken
    is to be seen; 1: a fault, named; 2: cannot tell, and what would; 3: wrong usage.
    """
    if watch and source:
        raise typer.BadParameter("--watch looks at the cluster; what --from names does not change")
    if redact and not save:
        raise typer.BadParameter("--redact is about what is saved: --save FILE")
    # Only now: what reads bundles takes longer to load than the other subcommands run.
    from meshdoctor.cli import diagnosing  # noqa: PLC0415

    wanted = diagnosing.Wanted(
        source,
        namespace,
        everywhere,
        output,
        save,
        redact,
        kubeconfig,
        context,
        images,
        timeout,
    )
    return diagnosing.watch(wanted) if watch else diagnosing.once(wanted)
