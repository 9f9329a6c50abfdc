"""The commands `cluster`, `shell` and `run`: a cluster until Ctrl-C, a command or a fault in it.

Exit codes: 0 the fault was named, 1 it was not, 2 the cluster cannot be built or a part of it died,
128 + N after signal N; and the command's own if there is one.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from meshdoctor.lab.cluster import attaching, doors
from meshdoctor.lab.cluster.controlplane import KUBECONFIG
from meshdoctor.lab.cluster.needs import environment
from meshdoctor.lab.cluster.plan import plan
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.net.foreground import take_back_terminal
from meshdoctor.lab.net.network import HOME, entering
from meshdoctor.lab.net.sandbox import enter
from meshdoctor.lab.net.seed import MANIFESTS
from meshdoctor.lab.settings import LabSettings

VISITOR = "visitor"
"""The place outside of all nodes and Pods, where the doctor's command runs and readers are."""

SHELL = ("sh", "-i")
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
    parser.add_argument(
        "place", metavar="PLACE", help=f"a Pod or a node, such as marketplace-1, or {VISITOR}"
    )
    parser.add_argument("arguments", nargs="*", metavar="-- COMMAND")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of `run`."""
    add_arguments(parser)
    parser.add_argument("fault", metavar="FAULT", choices=scenarios(), help="`list` names them")
    parser.add_argument("--no-page", dest="paged", action="store_false", help="await no page")


def entered(place: str, command: tuple[str, ...]) -> tuple[str, ...]:
    """Give the command that becomes another one in a place; inside of the sandbox.

    Where visitors are, `kubectl` and `meshdoctor diagnose` find the cluster.
    """
    if place == VISITOR:
        return ("env", f"KUBECONFIG={KUBECONFIG}", *command)
    return entering(place, command)


def run_cluster(options: argparse.Namespace, cache: Path) -> int:
    """Have a cluster until Ctrl-C, with its page on this machine's own loopback; as `run_fault`."""
    with doors.made(LabSettings()) as listening:
        numbers = {name: each.fileno() for name, each in listening.items()}
        words = [f"--door={name}={number}" for name, number in numbers.items()]
        return _sandboxed(options, cache, words, tuple(numbers.values()))


def run_shell(options: argparse.Namespace, cache: Path) -> int:
    """Run a command, or a shell, in a place: of the cluster that runs already, or of a new one.

    Args:
        options: of `add_shell`.
        cache: folder for programs that the machine lacks.

    Raises:
        LabError: there is no such place, or as `run_fault`.
    """
    places = (VISITOR, *plan(options.manifests or MANIFESTS).seed.topology.names)
    if options.place not in places:
        raise LabError(f"there is no {options.place}, but {', '.join(places)}")
    if first := attaching.running():
        inside = entered(options.place, tuple(options.arguments) or SHELL)
        command = attaching.command(first, inside)
        os.execvpe(command[0], command, environment(cache))  # noqa: S606 - no shell is wanted
    return _sandboxed(options, cache, [f"--in={options.place}", "--", *options.arguments])


def run_fault(options: argparse.Namespace, cache: Path) -> int:
    """Do one fault in a sandbox; the exit code.

    Args:
        options: of `add_run`.
        cache: folder for programs that the machine lacks.

    Raises:
        LabError: this machine does not allow it, or lacks a program.
    """
    words = [f"--fault={options.fault}", *([] if options.paged else ["--no-page"])]
    return _sandboxed(options, cache, words)


def _sandboxed(
    options: argparse.Namespace, cache: Path, more: Sequence[str], handed_in: Sequence[int] = ()
) -> int:
    words = [f"--mtu={options.mtu}", f"--users={options.users}", f"--logs={options.logs}"]
    words += [f"--manifests={options.manifests}"] if options.manifests else []
    inside = (sys.executable, "-m", "meshdoctor.lab.cluster", *words, *more)
    try:
        return enter(inside, environment(cache), handed_in)
    finally:
        take_back_terminal()
