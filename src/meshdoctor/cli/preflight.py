"""`meshdoctor preflight`: would these manifests come to stand, before anything is applied?"""

from pathlib import Path
from typing import Annotated, Final

import typer

from meshdoctor.cli.output import Form, Output

_SECONDS: Final = 7.5  # with what Python needs to begin and to end it stays below 10

Folder = Annotated[
    Path | None,
    typer.Option(
        "--kustomize", "-k", metavar="DIR", help="an overlay, as kubectl apply -k takes it"
    ),
]
File = Annotated[
    str | None,
    typer.Option(
        "--filename", "-f", metavar="FILE", help="rendered manifests; - is standard input"
    ),
]
Platforms = Annotated[
    str,
    typer.Option(help="of the nodes, such as linux/amd64,linux/arm64; without it they are asked"),
]
Images = Annotated[bool, typer.Option(help="ask the registry of every image")]
PlainHttp = Annotated[bool, typer.Option("--plain-http", help="ask registries without TLS")]
ByHand = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAMESPACE/NAME",
        help="a ConfigMap or Secret that is made by hand; may be given more than once",
    ),
]
CalicoFile = Annotated[
    str | None,
    typer.Option(
        "--calico",
        metavar="FILE",
        help="Calico's Installation or IPPools [cluster/calico.yaml beside the overlays]",
    ),
]
Groups = Annotated[
    str | None,
    typer.Option(
        "--security-group",
        metavar="FILE",
        help="of the nodes: JSON of aws ec2 describe-security-groups or describe-instances",
    ),
]
GroupIds = Annotated[
    list[str] | None,
    typer.Option("--group-id", metavar="SG[,SG]", help="the nodes' own, of several in that file"),
]
Cluster = Annotated[
    bool, typer.Option(help="ask the kubeconfig's cluster what it has: nodes, namespaces, ports")
]
Kubeconfig = Annotated[Path | None, typer.Option(metavar="FILE", help="the only one to read")]
Context = Annotated[str, typer.Option(help="of the kubeconfig; its current one without")]
Timeout = Annotated[float, typer.Option(min=1, max=600, help="seconds for all that is asked")]


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("preflight")(preflight)


def preflight(  # noqa: PLR0913 - each is an option
    folder: Folder = None,
    file: File = None,
    platform: Platforms = "",
    calico: CalicoFile = None,
    security_group: Groups = None,
    output: Output = Form.TABLE,
    *,
    group_id: GroupIds = None,
    made_by_hand: ByHand = None,
    kubeconfig: Kubeconfig = None,
    context: Context = "",
    timeout: Timeout = _SECONDS,
    images: Images = True,
    plain_http: PlainHttp = False,
    cluster: Cluster = True,
) -> int:
    """Judge manifests before they are applied: names, references, Services, quotas, images.

    It changes nothing. Exit code 0: nothing speaks against applying them; 1: a fault that applying
    would bring, named; 2: cannot tell, and what would; 3: wrong usage.
    """
    if (folder is None) == (file is None):
        raise typer.BadParameter("give an overlay (-k DIR) or rendered manifests (-f FILE)")
    if group_id and security_group is None:
        raise typer.BadParameter("--group-id chooses of --security-group FILE")
    # Only now: what it needs takes longer to load than the other subcommands run.
    from meshdoctor.cli import preflighting  # noqa: PLC0415

    wanted = preflighting.Wanted(
        folder=folder,
        file=file,
        platforms=platform,
        calico=calico,
        groups=security_group,
        group_ids=tuple(group_id or ()),
        by_hand=frozenset(made_by_hand or ()),
        cluster=cluster,
        kubeconfig=kubeconfig,
        context=context,
        images=images,
        plain=plain_http,
        seconds=timeout,
        form=output,
    )
    return preflighting.judge(wanted)
