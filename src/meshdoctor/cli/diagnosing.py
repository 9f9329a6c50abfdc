"""What `meshdoctor diagnose` does once it is known what is asked for.

It is loaded by that command alone: what reads bundles and asks APIs takes its time to load.
"""

import json
import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import typer

from meshdoctor.cli.output import Form, show
from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE
from meshdoctor.doctor.judge import decided, judge
from meshdoctor.doctor.model import Doubt, State, Verdict
from meshdoctor.doctor.render import as_data, as_line
from meshdoctor.probes.kubernetes.folder import read_folder
from meshdoctor.probes.kubernetes.kubeconfig import KubeconfigError, find_access
from meshdoctor.probes.kubernetes.live import Scope
from meshdoctor.probes.kubernetes.reading import ShapeError, items
from meshdoctor.probes.mesh.bundle import Bundle, BundleError, dump, load
from meshdoctor.probes.mesh.collecting import collect
from meshdoctor.probes.mesh.evidence import MeshEvidence
from meshdoctor.probes.mesh.files import config_map
from meshdoctor.probes.mesh.looking import NOBODY, Looker, without
from meshdoctor.probes.mesh.redaction import redact

WATCH_SECONDS: Final = 5.0
"""Between the beginnings of two looks: agents look as often."""

_NAMESPACE: Final = "bookstore"
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    Attributes:
        source: a folder or a bundle; None for the cluster itself.
        namespace: to judge; "" when none was named.
        everywhere: whether every namespace is judged.
        form: how to write the verdict.
        save: where to write the evidence.
        redacted: whether names are replaced in what is saved.
        kubeconfig: the only one to read.
        context: of the kubeconfig.
        images: whether registries are asked.
        seconds: for one look.
    """

    source: Path | None
    namespace: str
    everywhere: bool
    form: Form
    save: Path | None
    redacted: bool
    kubeconfig: Path | None
    context: str
    images: bool
    seconds: float


def once(wanted: Wanted) -> int:
    """Look, judge, say so.

    Args:
        wanted: what was asked for.

    Returns:
        The exit code.
    """
    bundle = _read(wanted.source, wanted) if wanted.source else _looker(wanted).look(_age())
    _save(wanted, bundle)
    verdict = judge_bundle(bundle)
    show([verdict], wanted.form)
    return verdict.exit_code


def watch(wanted: Wanted) -> int:
    """Look again and again, and say a line for each change, until somebody ends it.

    Args:
        wanted: what was asked for.

    Returns:
        Never in the usual way: Ctrl-C ends it.
    """
    looker = _looker(wanted)
    last: object = None
    while True:
        began = time.monotonic()
        bundle = looker.look()
        verdict = judge_bundle(bundle)
        if (now := _gist(verdict)) != last:
            last = now
            _save(wanted, bundle)
            typer.echo(_line(verdict, wanted.form))
        time.sleep(max(0.0, WATCH_SECONDS - (time.monotonic() - began)))


def judge_bundle(bundle: Bundle) -> Verdict:
    """Judge a bundle.

    Args:
        bundle: any.
    """
    doubts = tuple(Doubt(one.sentence, one.missing) for one in bundle.notes)
    mesh = bundle.mesh
    if mesh.cluster is None and not mesh.reports and doubts:
        return Verdict("mesh", doubts[0].sentence, doubts=doubts)
    verdict = judge(mesh, bundle.images)
    # The judge says by itself that there is no agent, and how to get one.
    told = tuple(one for one in verdict.doubts if one.sentence != NOBODY)
    sure = verdict.state is not State.HEALTHY or not doubts
    sentence = verdict.sentence if sure else doubts[0].sentence
    return replace(verdict, sentence=sentence, doubts=(*told, *doubts))


def _looker(wanted: Wanted) -> Looker:
    try:
        access = find_access(wanted.kubeconfig, wanted.context, os.environ)
    except KubeconfigError as error:
        raise typer.BadParameter(str(error)) from error
    names = (wanted.namespace or _NAMESPACE,)
    scope = Scope(names, DNS_NAMESPACE, everywhere=wanted.everywhere)
    tell = _tell if sys.stderr.isatty() else _silent
    return Looker(access, scope, wanted.images, os.environ, tell, wanted.seconds, decided)


def _age() -> float:
    """Give the seconds since this process began: on a busy machine Python itself takes some."""
    try:
        ticks = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()[19]
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def _tell(words: str) -> None:
    sys.stderr.write(f"{words} ...\n")


def _silent(_words: str) -> None:
    return None


def _read(source: Path, wanted: Wanted) -> Bundle:
    if source.is_dir():
        bundle = Bundle(_folder(source))
        # A folder holds what was asked for with -A, so this one namespace is chosen here.
        names = {wanted.namespace or _NAMESPACE}
    else:
        bundle = _file(source)
        names = {wanted.namespace} - {""}
    if wanted.everywhere or not names:
        return bundle
    return without(bundle, frozenset({*names, DNS_NAMESPACE}))


def _file(source: Path) -> Bundle:
    try:
        return load(source.read_text("utf-8"), str(source))
    except OSError as error:
        raise typer.BadParameter(f"{source}: {error.strerror}") from error
    except (BundleError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{error}") from error


def _folder(source: Path) -> MeshEvidence:
    cluster = read_folder(source)
    with suppress(OSError, ValueError, RecursionError, ShapeError):
        objects = items(json.loads((source / "configmaps.json").read_text("utf-8")))
        prefix = config_map("")
        mine = [one for one in objects if _name(one).startswith(prefix)]
        return MeshEvidence(cluster, *collect(mine, None))
    return MeshEvidence(cluster)


def _name(found: object) -> str:
    meta = found.get("metadata") if isinstance(found, dict) else None
    return str(meta.get("name")) if isinstance(meta, dict) else ""


def _save(wanted: Wanted, bundle: Bundle) -> None:
    if wanted.save is None:
        return
    text = dump(redact(bundle) if wanted.redacted else bundle)
    try:
        wanted.save.write_text(text, "utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{wanted.save}: {error.strerror}") from error


def _gist(verdict: Verdict) -> object:
    """Give what a change is a change of: a count that goes up is none."""
    codes = tuple(one.code for one in verdict.findings)
    return verdict.state, codes or _NUMBER.sub("#", verdict.sentence)


def _line(verdict: Verdict, form: Form) -> str:
    now = datetime.now().astimezone()
    if form is Form.JSON:
        return json.dumps({"at": now.isoformat(timespec="seconds"), **as_data(verdict)})
    return f"{now:%H:%M:%S} {as_line(verdict)}"
