"""`meshdoctor diagnose`: which layer of the cluster is broken?"""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from meshdoctor.cli.output import Form, Output, show
from meshdoctor.doctor.checks.cluster.every import judge_cluster
from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE
from meshdoctor.probes.kubernetes.bundle import BundleError, dump, load
from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence
from meshdoctor.probes.kubernetes.folder import read_folder

_NAMESPACE: Final = "bookstore"


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("diagnose")(diagnose)


def diagnose(
    source: Annotated[
        Path,
        typer.Option(
            "--from",
            metavar="DIR|FILE",
            help="a folder of KIND.json, each from kubectl get KIND -A -o json; or a saved bundle",
        ),
    ],
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="to judge; cluster DNS is judged, too")
    ] = _NAMESPACE,
    output: Output = Form.TABLE,
    *,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="judge every namespace")
    ] = False,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write the evidence there, to judge it again"),
    ] = None,
) -> int:
    """Judge what a Kubernetes API said: nodes, Pods, images, Services, cluster DNS.

    It cannot see packets. Exit code 0: nothing broken is to be seen; 1: a fault, named; 2: cannot
    tell, and what would; 3: wrong usage.
    """
    evidence = _read(source)
    if not everywhere:
        evidence = evidence.within(frozenset({namespace, DNS_NAMESPACE}))
    if save is not None:
        _write(save, dump(evidence))
    verdict = judge_cluster(evidence)
    show([verdict], output)
    return verdict.exit_code


def _read(source: Path) -> KubernetesEvidence:
    if sys.stderr.isatty():
        sys.stderr.write(f"reading {source}\n")
    if source.is_dir():
        return read_folder(source)
    try:
        return load(source.read_text("utf-8"), str(source))
    except OSError as error:
        raise typer.BadParameter(f"{source}: {error.strerror}") from error
    except (BundleError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{error}") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from error
