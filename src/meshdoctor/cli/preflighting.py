"""What `meshdoctor preflight` does once it is known what is asked for.

It is loaded by that command alone.
"""

import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import typer

from meshdoctor.cli.aws import saved_groups
from meshdoctor.cli.output import Form, show
from meshdoctor.doctor.checks.preflight import encapsulation, images
from meshdoctor.doctor.checks.preflight.asked import Asked
from meshdoctor.doctor.checks.preflight.every import judge_manifests
from meshdoctor.doctor.model import Doubt, Verdict, exit_code
from meshdoctor.probes.calico import Calico, CalicoError, read_calico
from meshdoctor.probes.deadline import Deadline, TooLateError, begin, together
from meshdoctor.probes.kubernetes.api import Api
from meshdoctor.probes.kubernetes.identity import IdentityError, identify
from meshdoctor.probes.kubernetes.kubeconfig import KubeconfigError, find_access
from meshdoctor.probes.manifests import cluster as clusters
from meshdoctor.probes.manifests.evidence import Cluster, Manifests
from meshdoctor.probes.manifests.reading import ManifestError, read
from meshdoctor.probes.manifests.rendering import SECONDS as RENDER_SECONDS
from meshdoctor.probes.manifests.rendering import RenderError, render
from meshdoctor.probes.registry import platforms
from meshdoctor.probes.registry.image import ImageQuestion, look_at_image
from meshdoctor.probes.registry.platforms import Platform
from meshdoctor.probes.registry.reference import ImageNameError, Reference, parse

_STDIN: Final = "-"
_SPARE_SECONDS: Final = 0.3
_LEAST_SECONDS: Final = 1.0
_CALICO: Final = Path("cluster/calico.yaml")
_ABOVE: Final = 3  # k8s/cluster beside k8s/overlays/NAME
_CALICO_KINDS: Final = frozenset({"Installation", "IPPool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for.

    Attributes:
        folder: an overlay.
        file: rendered manifests instead.
        platforms: of the nodes; "" to ask them.
        calico: file of Calico's objects.
        groups: file of security groups.
        group_ids: the nodes' own, of that file.
        by_hand: `NAMESPACE/NAME` of what is made by hand.
        cluster: whether a cluster is asked.
        kubeconfig: the only one to read.
        context: of the kubeconfig.
        images: whether registries are asked.
        plain: whether they are asked without TLS.
        seconds: for everything.
        form: how to write the verdicts.
    """

    folder: Path | None
    file: str | None
    platforms: str
    calico: str | None
    groups: str | None
    group_ids: tuple[str, ...]
    by_hand: frozenset[str]
    cluster: bool
    kubeconfig: Path | None
    context: str
    images: bool
    plain: bool
    seconds: float
    form: Form


def judge(wanted: Wanted) -> int:
    """Look, judge, say so.

    Args:
        wanted: what was asked for.

    Returns:
        The exit code.
    """
    deadline = Deadline(wanted.seconds)
    nodes = _platforms(wanted.platforms)
    there = begin(partial(_cluster, wanted, deadline)) if wanted.cluster else None
    text, source = _text(wanted)
    manifests = _read(text, source)
    network = _network(wanted, text, source, manifests)
    asked = Asked(manifests, there.result() if there else None, wanted.by_hand)
    verdicts = judge_manifests(asked)
    if asked.cluster and asked.cluster.gaps:
        verdicts.append(_unanswered(asked.cluster))
    if network is not None:
        verdicts.append(network)
    if wanted.images:
        verdicts += _images(wanted, asked, nodes, deadline)
    show(verdicts, wanted.form)
    return exit_code(verdicts)


def _tell(words: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{words} ...\n")


def _platforms(told: str) -> tuple[Platform, ...]:
    try:
        return tuple(dict.fromkeys(map(platforms.parse, told.split(",")))) if told else ()
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _text(wanted: Wanted) -> tuple[str, str]:
    try:
        if wanted.folder is not None:
            _tell(f"rendering {wanted.folder}")
            seconds = min(wanted.seconds, RENDER_SECONDS)
            return render(wanted.folder, os.environ, seconds), str(wanted.folder)
        if wanted.file == _STDIN:
            return sys.stdin.read(), "standard input"
        return Path(str(wanted.file)).read_text("utf-8"), str(wanted.file)
    except RenderError as error:
        raise typer.BadParameter(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "no text in UTF-8"
        raise typer.BadParameter(f"{wanted.file}: {words}") from error


def _read(text: str, source: str) -> Manifests:
    try:
        return read(text, source)
    except ManifestError as error:
        raise typer.BadParameter(str(error)) from error


def _cluster(wanted: Wanted, deadline: Deadline) -> Cluster | None:
    """Ask the cluster; None where no kubeconfig leads to one, and nobody said that it should."""
    named = wanted.kubeconfig is not None or bool(wanted.context)
    try:
        access = find_access(wanted.kubeconfig, wanted.context, os.environ)
    except KubeconfigError as error:
        if named:
            raise typer.BadParameter(str(error)) from error
        return None
    _tell(f"asking {access.server}")
    try:
        seconds = min(clusters.SECONDS, deadline.left())
        api = Api(access, identify(access, Deadline(seconds)))
        return clusters.look(api, seconds)
    except (IdentityError, TooLateError) as error:
        return Cluster(access.server, gaps=(str(error),))


def _unanswered(cluster: Cluster) -> Verdict:
    doubts = tuple(
        Doubt(
            f"{cluster.server} did not say what it has already: {gap}",
            "that list; or without a cluster: --no-cluster",
        )
        for gap in cluster.gaps
    )
    return Verdict("cluster", f"cannot tell: {doubts[0].sentence}", doubts=doubts)


def _network(wanted: Wanted, text: str, source: str, manifests: Manifests) -> Verdict | None:
    groups = saved_groups(wanted.groups, list(wanted.group_ids)) if wanted.groups else None
    calico, told = _calico(wanted, text, source, manifests)
    if calico is None and groups is None:
        return None
    return encapsulation.judge(calico, told, groups)


def _calico(
    wanted: Wanted, text: str, source: str, manifests: Manifests
) -> tuple[Calico | None, str]:
    """Find what Calico is told: in a file that was named, the manifests, or beside the overlay."""
    try:
        if wanted.calico is not None:
            return read_calico(Path(wanted.calico).read_text("utf-8"), wanted.calico), wanted.calico
        if _CALICO_KINDS & {one.kind for one in manifests.things}:
            return read_calico(text, source), source
        folders = wanted.folder.resolve().parents[:_ABOVE] if wanted.folder else ()
        for path in (folder / _CALICO for folder in folders):
            if path.is_file():
                return read_calico(path.read_text("utf-8"), str(path)), path.name
    except CalicoError as error:
        raise typer.BadParameter(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "no text in UTF-8"
        raise typer.BadParameter(f"{wanted.calico}: {words}") from error
    return None, ""


def _images(
    wanted: Wanted, asked: Asked, nodes: tuple[Platform, ...], deadline: Deadline
) -> list[Verdict]:
    users = _users(asked.manifests)
    nodes = nodes or (asked.cluster.platforms if asked.cluster else ())
    if not users:
        return []
    if not nodes:
        doubt = Doubt(
            "nobody said on which platforms the images must run",
            "--platform linux/amd64,linux/arm64, or a cluster to ask (--kubeconfig); or leave"
            " images out: --no-images",
        )
        return [Verdict("images", f"cannot tell: {doubt.sentence}", doubts=(doubt,))]
    _tell(f"asking about {len(users)} images")
    try:
        seconds = max(_LEAST_SECONDS, deadline.left() - _SPARE_SECONDS)
    except TooLateError:
        seconds = _LEAST_SECONDS
    questions = [ImageQuestion(one, nodes, plain=wanted.plain, seconds=seconds) for one in users]
    seen = together([partial(look_at_image, one) for one in questions])
    return [
        images.judge(each, tuple(users[one.reference]))
        for one, each in zip(questions, seen, strict=True)
    ]


def _users(manifests: Manifests) -> dict[Reference, list[str]]:
    found: dict[Reference, list[str]] = {}
    for workload in manifests.workloads:
        for container in workload.containers:
            try:
                users = found.setdefault(parse(container.image), [])
            except ImageNameError:
                continue  # said among the names already
            if str(workload.thing) not in users:
                users.append(str(workload.thing))
    return found
