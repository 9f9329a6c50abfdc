"""The commands `cluster`, `shell` and `run`: a cluster until Ctrl-C, a command or a fault in it.

Exit codes: 0 the fault was named, 1 it was not, 2 the cluster cannot be built or a part of it died,
128 + N after signal N; and the command's own if there is one.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.needs import environment
from meshdoctor.lab.cluster.plan import plan
from meshdoctor.lab.cluster.rehearsal import rehearse
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.interruption import Interrupted, Interruption
from meshdoctor.lab.net.foreground import run_in_front, take_back_terminal
from meshdoctor.lab.net.network import HOME
from meshdoctor.lab.net.sandbox import enter
from meshdoctor.lab.net.seed import MANIFESTS
from meshdoctor.settings import EXIT_USAGE

_POLL_SECONDS = 0.5
_USERS = 60
_MTUS = (1500, 9001)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of the cluster."""
    parser.add_argument("--mtu", type=int, choices=_MTUS, default=_MTUS[0], help="of the nodes")
    parser.add_argument(
        "--users", type=int, default=_USERS, help="of the load; each asks once a second"
    )
    parser.add_argument(
        "--manifests", type=Path, metavar="FILE", help="a rendered overlay; kubeadm's, or a fault's"
    )
    parser.add_argument(
        "--logs", type=Path, default=HOME / "logs", metavar="DIR", help="kept, if it is yours"
    )


def add_shell(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of `shell`."""
    add_arguments(parser)
    parser.add_argument("place", metavar="PLACE", help="a Pod or a node, such as marketplace-1")
    parser.add_argument("arguments", nargs="*", metavar="-- COMMAND")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of `run`."""
    add_arguments(parser)
    parser.add_argument("fault", metavar="FAULT", choices=scenarios(), help="`list` names them")
    parser.add_argument("--no-page", dest="paged", action="store_false", help="await no page")


def run(options: argparse.Namespace, cache: Path) -> int:
    """Do it in a sandbox; the exit code.

    Args:
        options: of `add_arguments`, `add_shell` or `add_run`.
        cache: folder for programs that the machine lacks.

    Raises:
        LabError: this machine does not allow it, or lacks a program.
    """
    words = [f"--mtu={options.mtu}", f"--users={options.users}", f"--logs={options.logs}"]
    words += [f"--manifests={options.manifests}"] if options.manifests else []
    if fault := getattr(options, "fault", ""):
        words += [f"--fault={fault}", *([] if options.paged else ["--no-page"])]
    if place := getattr(options, "place", ""):
        words += [f"--in={place}", "--", *options.arguments]
    inside = (sys.executable, "-m", "meshdoctor.lab.cluster", *words)
    try:
        return enter(inside, environment(cache))
    finally:
        take_back_terminal()


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it here, inside the sandbox; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m meshdoctor.lab.cluster")
    add_arguments(parser)
    parser.add_argument("--in", dest="place", default="", metavar="PLACE")
    parser.add_argument("--fault", choices=scenarios(), metavar="FAULT")
    parser.add_argument("--no-page", dest="paged", action="store_false")
    parser.add_argument("arguments", nargs="*", metavar="-- COMMAND")
    options = parser.parse_args(arguments)
    interruption = Interruption()
    try:
        with interruption.installed():
            return _inside(options, interruption)
    except Interrupted as interrupted:
        return interrupted.exit_code
    except LabError as error:
        print(error, file=sys.stderr)
    return EXIT_USAGE


def _inside(options: argparse.Namespace, interruption: Interruption) -> int:
    scenario = scenarios()[options.fault] if options.fault else None
    manifests = options.manifests or (scenario.manifests if scenario else MANIFESTS)
    wishes = Wishes(manifests, options.mtu, users=options.users, logs=options.logs)
    console, began = Console(highlight=False, soft_wrap=True), time.monotonic()

    def tell(line: str) -> None:
        console.print(f"{time.monotonic() - began:5.1f} s  {line}", markup=False)

    places = plan(manifests).seed.topology.names
    if options.place and options.place not in places:
        raise LabError(f"there is no {options.place}, but {', '.join(places)}")
    tell("the cluster is built")
    with Cluster.up(interruption, wishes) as cluster:
        tell(", ".join(f"{name} {seconds:.1f} s" for name, seconds in cluster.seconds.items()))
        if scenario:
            return 0 if rehearse(cluster, scenario, tell, paged=options.paged) else 1
        if options.place:
            return _in_place(cluster, options.place, tuple(options.arguments))
        console.print("\n".join((*addresses(cluster), "Ctrl-C ends it all")), markup=False)
        while True:
            cluster.check()
            interruption.sleep(_POLL_SECONDS)


def _in_place(cluster: Cluster, place: str, command: tuple[str, ...]) -> int:
    """Run a command, or a shell, in a Pod or on a node; its exit code."""
    entered = cluster.network.entering(place, command or ("sh", "-i"))
    return run_in_front(entered, cluster.interruption)


def addresses(cluster: Cluster) -> list[str]:
    """Say, a line each, where everything of a cluster is: as seen from the visitors' place."""
    rows = {
        "page": " ".join(cluster.urls),
        "Kubernetes": str(cluster.kubeconfig),
        **{pod.name: f"{pod.address} on {pod.node}" for pod in cluster.network.topology.pods},
    }
    return [f"{name:22}{words}" for name, words in rows.items()]
