"""The lab's commands: `python -m meshdoctor.lab` and a word.

`demo`, `up`, `bench` and `drill` have the mesh on loopback; `net`, `cluster`, `shell`, `run` and
`matrix` in a cluster's network; `list` says which faults there are.

Exit codes: 0 the verdict is pass, 1 it is fail, or a drill missed a goal, 2 the run could not be
made (bad settings or options, a taken port, a process that died), 128 + N after signal N.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from meshdoctor.lab import demo, up
from meshdoctor.lab.bench.agent import AgentPlan
from meshdoctor.lab.bench.agent import run as run_agent
from meshdoctor.lab.bench.run import BenchPlan
from meshdoctor.lab.bench.run import run as run_bench
from meshdoctor.lab.cluster import cli as cluster
from meshdoctor.lab.drill.run import DrillPlan
from meshdoctor.lab.drill.run import run as run_drill
from meshdoctor.lab.drill.scenarios import LEFT_ALONE, SCENARIOS
from meshdoctor.lab.drill.shown import report, shown
from meshdoctor.lab.drill.trial import Phases
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults import scenarios
from meshdoctor.lab.interruption import Interrupted, Interruption
from meshdoctor.lab.load import SHAPES, LoadPlan
from meshdoctor.lab.matrix import cli as matrix
from meshdoctor.lab.matrix.shown import listed
from meshdoctor.lab.net import cli as net
from meshdoctor.lab.settings import LabSettings
from meshdoctor.settings import EXIT_USAGE, settings_or_exit

_IN_SANDBOX = {
    "net": net.run,
    "cluster": cluster.run_cluster,
    "shell": cluster.run_shell,
    "run": cluster.run_fault,
    "matrix": matrix.run_outside,
}
_USERS = 200
_SECONDS = 60
_MAX_USERS = 20_000
_MAX_SECONDS = 24 * 3600
_ROUNDS = 8
_MAX_ROUNDS = 1000
_ROUND_SECONDS = 5
_AGENT_SECONDS = 60
# A minute and more of the fault, so that what is slower than the page can ring as a second one.
_BEFORE_SECONDS, _HURT_SECONDS, _AFTER_SECONDS = 40, 100, 100
_AT_ONCE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    options = _parser().parse_args(arguments)
    settings = settings_or_exit(LabSettings)
    interruption = Interruption()
    try:
        with interruption.installed():
            return _run(options, settings, interruption)
    except Interrupted as interrupted:
        print(f"{interrupted.signal.name}: everything is stopped", file=sys.stderr)
        return interrupted.exit_code
    except LabError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"cannot write the results: {error}", file=sys.stderr)
    return EXIT_USAGE


def _run(options: argparse.Namespace, settings: LabSettings, interruption: Interruption) -> int:
    if options.command == "up":
        up.run(options.out, settings, interruption)
    if options.command == "bench" and options.agent:
        plan = AgentPlan(options.nodes, _AGENT_SECONDS, options.out)
        return 0 if run_agent(plan, interruption) else 1
    if options.command == "bench":
        run_bench(BenchPlan(options.rounds, options.seconds, options.out), interruption)
        return 0
    if in_sandbox := _IN_SANDBOX.get(options.command):
        return in_sandbox(options, settings.cache)
    if options.command == "list":
        Console().print(listed(scenarios().values()))
        return 0
    if options.command == "drill":
        return _drill(options, settings, interruption)
    load = LoadPlan(users=options.users, seconds=options.seconds, shape=options.shape)
    passed = demo.run(demo.Demo(load, options.out, options.open_report), settings, interruption)
    return 0 if passed else 1


def _drill(options: argparse.Namespace, settings: LabSettings, interruption: Interruption) -> int:
    wanted = options.only or [each.fault for each in SCENARIOS]
    scenarios = tuple(each for each in SCENARIOS if each.fault in wanted)
    phases = Phases(_BEFORE_SECONDS, options.seconds, _AFTER_SECONDS)
    if options.healthy:
        scenarios, phases = (LEFT_ALONE,), Phases(0, options.healthy, 0)
    plan = DrillPlan(scenarios, phases, options.at_once, options.out)
    with shown(each.fault for each in scenarios) as tell:
        results = run_drill(plan, settings, interruption, tell)
    report(results, plan.out)
    if not all(result.trial for result in results):
        return EXIT_USAGE
    return 0 if all(result.met for result in results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m meshdoctor.lab",
        description="The mesh on this machine: real processes on loopback, driven and judged.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    judged = commands.add_parser("demo", help="run it under load, judge it, write a report")
    judged.add_argument("--seconds", type=_between(1, _MAX_SECONDS), default=_SECONDS)
    judged.add_argument(
        "--users",
        type=_between(1, _MAX_USERS),
        default=_USERS,
        help="at the peak; each asks once a second",
    )
    judged.add_argument("--shape", choices=SHAPES, default=SHAPES[0])
    judged.add_argument("--out", type=Path, default=Path("out/demo"), metavar="DIR")
    judged.add_argument("--open-report", action="store_true", help="show it in a browser")
    kept = commands.add_parser("up", help="keep it running until Ctrl-C")
    kept.add_argument("--out", type=Path, default=Path("out/up"), metavar="DIR")
    measured = commands.add_parser("bench", help="measure what the instruments cost")
    measured.add_argument("--rounds", type=_between(1, _MAX_ROUNDS), default=_ROUNDS)
    measured.add_argument(
        "--seconds",
        type=_between(2, _MAX_SECONDS),
        default=_ROUND_SECONDS,
        help="of load on each of the ten entries, in each round",
    )
    measured.add_argument(
        "--agent", action="store_true", help="measure the agent of one node, for a minute"
    )
    measured.add_argument(
        "--nodes", type=_between(1, 250), default=100, help="of the agent's cluster"
    )
    measured.add_argument("--out", type=Path, default=Path("out/bench"), metavar="DIR")
    net.add_arguments(commands.add_parser("net", help="three nodes in namespaces, and no root"))
    cluster.add_arguments(commands.add_parser("cluster", help="the mesh in it, until Ctrl-C"))
    cluster.add_shell(commands.add_parser("shell", help="and a shell in a Pod or on a node"))
    cluster.add_run(commands.add_parser("run", help="one fault: hurt, named, paged, healed"))
    matrix.add_arguments(commands.add_parser("matrix", help="every fault, and its verdict"))
    commands.add_parser("list", help="which faults there are, and who is woken by each")
    _add_drill(commands.add_parser("drill", help="hurt it in six ways and time the page"))
    return parser


def _add_drill(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--only",
        action="append",
        choices=[each.fault for each in SCENARIOS],
        help="this fault alone; may be given again",
    )
    parser.add_argument(
        "--seconds",
        type=_between(1, _MAX_SECONDS),
        default=_HURT_SECONDS,
        help="that each fault lasts",
    )
    parser.add_argument(
        "--at-once",
        type=_between(1, len(SCENARIOS)),
        default=_AT_ONCE,
        metavar="N",
        help="faults at the same time, each in a mesh of its own",
    )
    parser.add_argument(
        "--healthy",
        type=_between(1, _MAX_SECONDS),
        metavar="SECONDS",
        help="hurt nothing for so long, and expect no page",
    )
    parser.add_argument("--out", type=Path, default=Path("out/drill"), metavar="DIR")


class _between:  # noqa: N801 - used as a function
    """An argparse type: a whole number between two bounds."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def __call__(self, text: str) -> int:
        if not text.isdecimal() or not self._low <= int(text) <= self._high:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number from {self._low} to {self._high}"
            )
        return int(text)
