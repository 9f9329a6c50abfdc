"""The bench: every rival up at once, each round in a new order, figures at the end."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from meshdoctor.lab.bench.figures import Round, summarize
from meshdoctor.lab.bench.push import Measurement, Pusher
from meshdoctor.lab.bench.rivals import RIVALS, TWINS, Entry, programs
from meshdoctor.lab.bench.spans import EntryCounts
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.ports import Need, require_free
from meshdoctor.lab.processes import Process
from meshdoctor.lab.traces import TraceReceiver

_HOST: Final = "127.0.0.1"
_FIRST_PORT: Final = 31100
_TABLE_WIDTH: Final = 100
_WARM_UP_SECONDS: Final = 3
_LAST_SPANS_SECONDS: Final = 2.5


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """How long to measure: `rounds` rounds of `seconds` per entry, into the folder `out`."""

    rounds: int
    seconds: int
    out: Path


def run(plan: BenchPlan, interruption: Interruption) -> dict[str, Any]:
    """Measure, write `result.json`, print the table; return the result.

    Raises:
        LabError: a service did not start or answered wrongly.
        Interrupted: the user wanted to stop; everything is ended.
    """
    entries = tuple(
        Entry(rival, twin, _FIRST_PORT + 4 * place)
        for place, (rival, twin) in enumerate((r, t) for r in RIVALS for t in TWINS)
    )
    require_free(
        Need(_HOST, port, "no setting: these ports are the bench's own")
        for entry in entries
        for port in entry.ports
    )
    counts = EntryCounts()
    with (
        Crew.at_work(plan.out / "logs", interruption) as crew,
        TraceReceiver(_HOST, 0, counts) as receiver,
    ):
        services = {entry.name: _start(crew, entry, receiver.endpoint) for entry in entries}
        rounds, requests = _rounds(plan, entries, services, Pusher(crew, interruption))
        interruption.sleep(_LAST_SPANS_SECONDS)
        result = summarize(rounds, _sampled(counts, requests))
    (plan.out / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _show(result, plan.out / "result.json")
    return result


def _start(crew: Crew, entry: Entry, otlp: str) -> tuple[Process, ...]:
    started = crew.start(*programs(entry, otlp))
    for process in started:
        process.wait_ready()
    return started


def _rounds(
    plan: BenchPlan,
    entries: tuple[Entry, ...],
    services: Mapping[str, tuple[Process, ...]],
    pusher: Pusher,
) -> tuple[list[Round], Counter[str]]:
    requests: Counter[str] = Counter()
    rounds: list[Round] = []

    def measure(entry: Entry, seconds: int) -> Measurement:
        measured = pusher.push(entry.url, services[entry.name], seconds)
        requests[entry.rival.name] += measured.requests
        return measured

    with _progress() as progress:
        task = progress.add_task("warming up", total=len(entries) * (plan.rounds + 1))
        for entry in entries:
            measure(entry, _WARM_UP_SECONDS)
            progress.advance(task)
        for number in range(1, plan.rounds + 1):
            one = {}
            for entry in random.sample(entries, len(entries)):
                progress.update(task, description=f"round {number}: {entry.name}")
                one[entry.name] = measure(entry, plan.seconds)
                progress.advance(task)
            rounds.append(one)
    return rounds, requests


def _sampled(counts: EntryCounts, requests: Counter[str]) -> dict[str, float]:
    traces: Counter[str] = Counter()
    for entry, roots in counts.roots().items():
        traces[entry.rpartition("-")[0]] += roots
    return {rival.name: traces[rival.name] / max(requests[rival.name], 1) for rival in RIVALS}


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:24}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _show(result: Mapping[str, Any], where: Path) -> None:
    console = Console(width=max(Console().width, _TABLE_WIDTH))
    console.print(_table(result["rivals"].items()))
    for promise in result["promises"]:
        measured = promise["measured"]
        console.print(
            f"{'met   ' if promise['met'] else 'NOT MET'} {promise['says']}: "
            f"{measured['median']:.2f} ({measured['low']:.2f} to {measured['high']:.2f}), "
            f"promised {promise['target']:g}"
        )
    console.print(f"{result['rounds']} rounds, in {where}")


def _table(rivals: Iterable[tuple[str, Mapping[str, Any]]]) -> Table:
    table = Table(title="medians over rounds; requests per CPU second in units of bare, and twins")
    for heading in ("", "req/s", "p50 ms", "p99 ms", "CPU us/req", "of bare", "twins", "traced"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, rival in rivals:
        table.add_row(
            name,
            f"{rival['rps']['median']:.0f}",
            f"{rival['p50_ms']['median']:.1f}",
            f"{rival['p99_ms']['median']:.1f}",
            f"{rival['cpu_us']['median']:.0f}",
            _spread(rival["kept_of_bare"]),
            _spread(rival["twins"]),
            f"{rival['sampled']['counted']:.1%}",
        )
    return table


def _spread(figure: Mapping[str, float]) -> str:
    return f"{figure['median']:.2f} ({figure['low']:.2f}-{figure['high']:.2f})"
