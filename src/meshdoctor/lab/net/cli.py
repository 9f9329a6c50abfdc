"""The command `net`: the network alone, its controls as a table, and a command in a Pod.

Exit codes: 0 every edge of the healthy network works, 2 it does not or cannot be built, 128 + N
after signal N, and the command's own if there is one.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from meshdoctor.faults import FAULTS
from meshdoctor.lab.command import carried_out
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.net.controls import prove, survey
from meshdoctor.lab.net.faults import network_faults
from meshdoctor.lab.net.foreground import run_in_front, take_back_terminal
from meshdoctor.lab.net.needs import environment
from meshdoctor.lab.net.network import HOME, Network
from meshdoctor.lab.net.sandbox import enter
from meshdoctor.lab.net.seed import MANIFESTS, seed
from meshdoctor.lab.net.shown import print_survey

_MTUS = (1500, 9001)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options of the command."""
    parser.add_argument("--mtu", type=int, choices=_MTUS, default=_MTUS[0], help="of the nodes")
    parser.add_argument("--fault", choices=network_faults(), metavar="CODE", help="break it so")
    parser.add_argument(
        "--in", dest="place", metavar="PLACE", help="run a command, or a shell, in this Pod or node"
    )
    parser.add_argument("--manifests", type=Path, default=MANIFESTS, metavar="FILE")
    parser.add_argument("arguments", nargs="*", metavar="-- COMMAND")


def run(options: argparse.Namespace, cache: Path) -> int:
    """Do it in a sandbox; the exit code.

    Args:
        options: of `add_arguments`.
        cache: folder for programs that the machine lacks.

    Raises:
        LabError: this machine does not allow it, or lacks a program.
    """
    arguments = [f"--mtu={options.mtu}", f"--manifests={options.manifests}"]
    arguments += [f"--fault={options.fault}"] if options.fault else []
    arguments += [f"--in={options.place}"] if options.place else []
    inside = (sys.executable, "-m", "meshdoctor.lab.net", *arguments, "--", *options.arguments)
    try:
        return enter(inside, environment(cache))
    finally:
        take_back_terminal()


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it here, inside the sandbox; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m meshdoctor.lab.net")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return carried_out(partial(_inside, options))


def _inside(options: argparse.Namespace, interruption: Interruption) -> int:
    plan, console = seed(options.manifests, options.mtu), Console()
    if options.place and options.place not in plan.topology.names:
        raise LabError(f"there is no {options.place}, but {', '.join(plan.topology.names)}")
    command = tuple(options.arguments) or (("sh", "-i") if options.place else ())
    with Crew.at_work(HOME / "logs", interruption) as crew, Network.up(plan, crew) as network:
        healthy = prove(plan.topology, plan.rules)
        interruption.check()
        print_survey(healthy, "healthy", console)
        if options.fault:
            network.apply(network_faults()[options.fault].broken(plan.rules, plan.topology))
            title = f"{options.fault}: {FAULTS[options.fault].meaning}"
            print_survey(survey(plan.topology, plan.rules), title, console)
        interruption.check()
        if not command:
            return 0
        entered = network.entering(options.place, command) if options.place else command
        return run_in_front(entered, interruption)
