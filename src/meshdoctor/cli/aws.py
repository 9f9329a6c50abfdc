"""`meshdoctor aws security-group`: may the nodes send each other what Calico makes them send?"""

import sys
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final

import typer

from meshdoctor.cli.output import Form, Output, show
from meshdoctor.doctor.checks.security_group import Told, judge_groups
from meshdoctor.doctor.firewall.nodes import Network
from meshdoctor.doctor.model import exit_code
from meshdoctor.probes.aws.documents import Documents, read_text
from meshdoctor.probes.aws.ec2 import SECONDS, Ec2Question, look_at_groups
from meshdoctor.probes.aws.errors import AwsError, UnknownThingError
from meshdoctor.probes.aws.evidence import GroupEvidence, Node
from meshdoctor.probes.calico import Calico, CalicoError, Encapsulation, Pool, read_calico

_STDIN: Final = "-"
_NO_BOTO3: Final = (
    "asking EC2 needs its extra: pip install 'meshdoctor[cli,aws]'; or, without it:"
    " aws ec2 describe-security-groups | meshdoctor aws security-group --from -"
)

# The options, each with its one line of help.
Files = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="JSON of aws ec2 describe-security-groups, describe-security-group-rules or"
        " describe-instances; - is standard input; may be given more than once",
    ),
]
GroupIds = Annotated[
    list[str] | None,
    typer.Option(
        "--group-id",
        metavar="SG[,SG]",
        help="the nodes' group, or groups that they have together; once for each kind of node",
    ),
]
ControlPlane = Annotated[
    list[str] | None,
    typer.Option(
        "--control-plane", metavar="SG", help="the group that only control-plane nodes have"
    ),
]
InstanceIds = Annotated[
    list[str] | None,
    typer.Option("--instance-id", metavar="I[,I]", help="the nodes; their groups are looked up"),
]
Region = Annotated[str | None, typer.Option(help="of EC2, also for the commands that are printed")]
Endpoint = Annotated[str | None, typer.Option("--endpoint-url", help="of another EC2 than AWS's")]
Kind = Annotated[
    Encapsulation | None,
    typer.Option(help="what Calico wraps Pods' packets in; without it every kind is judged"),
]
CalicoFile = Annotated[
    str | None,
    typer.Option(
        "--calico",
        metavar="FILE",
        help="Calico's Installation or IPPools (kubectl get ippools -o yaml) say it instead",
    ),
]
Bgp = Annotated[
    bool | None, typer.Option("--bgp/--no-bgp", help="whether nodes tell each other routes by BGP")
]
Wireguard = Annotated[bool, typer.Option("--wireguard", help="Calico encrypts between nodes")]
NodeCidr = Annotated[
    list[str] | None,
    typer.Option(metavar="CIDR[,CIDR]", help="where the nodes' addresses are, as 10.0.0.0/24"),
]
PodCidr = Annotated[
    str, typer.Option(metavar="CIDR", help="where the Pods' addresses are, as 192.168.0.0/16")
]
ControlPlanes = Annotated[int, typer.Option(min=1, help="how many control-plane nodes there are")]
Timeout = Annotated[float, typer.Option(min=0.1, max=3600, help="seconds for asking EC2")]


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    aws = typer.Typer(
        help="What AWS does to the mesh.", no_args_is_help=False, rich_markup_mode=None
    )
    aws.callback(invoke_without_command=False)(_group)
    aws.command("security-group")(security_group)
    app.add_typer(aws, name="aws")


def _group() -> None:
    """Keep `security-group` a word of its own while it is the only one."""


def security_group(  # noqa: PLR0913 - each is an option
    files: Files = None,
    group_id: GroupIds = None,
    instance_id: InstanceIds = None,
    control_plane: ControlPlane = None,
    encapsulation: Kind = None,
    calico: CalicoFile = None,
    *,
    bgp: Bgp = None,
    wireguard: Wireguard = False,
    node_cidr: NodeCidr = None,
    pod_cidr: PodCidr = "",
    control_planes: ControlPlanes = 1,
    region: Region = None,
    endpoint_url: Endpoint = None,
    timeout: Timeout = SECONDS,
    output: Output = Form.TABLE,
) -> int:
    """Judge whether the nodes' security groups let pass what Calico and Kubernetes need.

    From saved JSON (--from) or from EC2 itself (--group-id or --instance-id). It only reads.
    Exit code 0: all passes; 1: a fault, named, with the missing rule; 2: cannot tell; 3: wrong
    usage.
    """
    if [*(files or []), calico].count(_STDIN) > 1:
        raise typer.BadParameter("standard input can be read once")
    known = _calico(calico, encapsulation, pod_cidr)
    known = _with_flags(known, bgp=bgp, wireguard=wireguard)
    told = Told(known, _networks(node_cidr), control_planes)
    control = tuple(_split(control_plane))
    asked = tuple(tuple(_split([one])) for one in group_id or ())
    if control and not (asked or instance_id or files):
        raise typer.BadParameter("--control-plane is half of it: --group-id names the other nodes")
    if asked and control and control not in asked:
        asked = (*asked, control)
    groups = tuple(dict.fromkeys(id_ for ids in asked for id_ in ids))
    wanted = Ec2Question(groups, tuple(_split(instance_id)), region, endpoint_url, timeout)
    evidence = _evidence(files, asked, control, wanted)
    verdict = judge_groups(evidence, told)
    show([verdict], output)
    return exit_code([verdict])


def saved_groups(file: str, group_ids: list[str] | None) -> GroupEvidence:
    """Read what was saved of the nodes' groups.

    Args:
        file: of `aws ec2 describe-security-groups`, or - for standard input.
        group_ids: the nodes' own, where the file has several.

    Raises:
        typer.BadParameter: it cannot be read, or does not say which are meant.
    """
    asked = tuple(tuple(_split([one])) for one in group_ids or ())
    return _evidence([file], asked, (), Ec2Question((), (), None, None, SECONDS))


def _calico(file: str | None, kind: Encapsulation | None, pod_cidr: str) -> Calico:
    if file is not None and (kind is not None or pod_cidr):
        raise typer.BadParameter(
            "--calico says encapsulation and Pods' addresses: give one of both"
        )
    if file is not None:
        try:
            return read_calico(_read(file), file)
        except CalicoError as error:
            raise typer.BadParameter(str(error)) from error
    pods = ",".join(map(str, _networks([pod_cidr] if pod_cidr else None)))
    return Calico((Pool(kind, pods),) if kind else ())


def _with_flags(calico: Calico, *, bgp: bool | None, wireguard: bool) -> Calico:
    return Calico(
        calico.pools,
        calico.bgp if bgp is None else bgp,
        calico.typha,
        calico.wireguard or wireguard,
        calico.vxlan_port,
        calico.wireguard_port,
    )


def _evidence(
    files: list[str] | None,
    asked: tuple[tuple[str, ...], ...],
    control_plane: tuple[str, ...],
    wanted: Ec2Question,
) -> GroupEvidence:
    evidence = GroupEvidence(asked, control_plane, region=wanted.region or "")
    notes: tuple[str, ...] = ()
    try:
        if files:
            documents = _from_files(files)
        elif wanted.groups or wanted.instances:
            documents, notes = _from_ec2(wanted)
        else:
            raise typer.BadParameter("give --from FILE, --group-id or --instance-id")
        chosen = _chosen(documents, asked, wanted)
    except AwsError as error:
        return GroupEvidence(asked, control_plane, region=evidence.region, failure=error.failure)
    return GroupEvidence(
        chosen,
        control_plane,
        documents.groups,
        _members(documents, chosen, wanted.instances),
        evidence.region,
        remarks=notes,
    )


def _from_files(files: list[str]) -> Documents:
    documents = Documents()
    for name in files:
        documents += read_text(_read(name), "standard input" if name == _STDIN else name)
    return documents


def _from_ec2(wanted: Ec2Question) -> tuple[Documents, tuple[str, ...]]:
    if sys.stderr.isatty():
        sys.stderr.write("asking EC2\n")
    try:
        return look_at_groups(wanted)
    except ModuleNotFoundError as error:
        raise typer.BadParameter(_NO_BOTO3) from error


def _chosen(
    documents: Documents, asked: tuple[tuple[str, ...], ...], wanted: Ec2Question
) -> tuple[tuple[str, ...], ...]:
    """Say which groups are the nodes'."""
    known = {group.id for group in documents.groups}
    if gone := [id_ for ids in asked for id_ in ids if id_ not in known]:
        raise UnknownThingError(f"{', '.join(gone)}: no such group among {_few(known)}")
    if lost := set(wanted.instances) - {node.id for node in documents.nodes}:
        raise UnknownThingError(f"{', '.join(sorted(lost))}: no such instance runs")
    if asked or wanted.instances:
        return asked
    used = {id_ for node in documents.nodes for id_ in node.groups}
    if len(known) != 1 and not used:
        raise typer.BadParameter(f"which are the nodes' groups? --group-id, of {_few(known)}")
    return () if used else (tuple(known),)


def _members(
    documents: Documents, chosen: tuple[tuple[str, ...], ...], instances: tuple[str, ...]
) -> tuple[Node, ...]:
    """Give the nodes: those that were named, or those that have one of the groups."""
    if instances:
        return tuple(node for node in documents.nodes if node.id in instances)
    groups = {id_ for ids in chosen for id_ in ids}
    if not groups:
        return documents.nodes
    return tuple(node for node in documents.nodes if groups & {*node.groups})


def _few(ids: Iterable[str]) -> str:
    found = sorted(ids)
    return f"{', '.join(found[:10])}{' ...' if len(found) > 10 else ''}" or "none"  # noqa: PLR2004 - a line


def _split(values: Iterable[str] | None) -> list[str]:
    return [one.strip() for value in values or () for one in value.split(",") if one.strip()]


def _networks(values: list[str] | None) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(one, strict=False) for one in _split(values))
    except ValueError as error:
        raise typer.BadParameter(f"{error}: wanted is a range such as 10.0.0.0/24") from error


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == _STDIN else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "no text in UTF-8"
        raise typer.BadParameter(f"{name}: {words}") from error
