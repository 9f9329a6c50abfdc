"""The whole matrix: a mesh for as many trials as it survives, and the file after each of them."""

import json
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults.scenario import Scenario
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.budget import fresh_pages
from meshdoctor.lab.matrix.judge import missed, of_trial
from meshdoctor.lab.matrix.model import NOTHING, Matrix, Trial, document
from meshdoctor.lab.matrix.order import Turn, turns
from meshdoctor.lab.matrix.picture import draw
from meshdoctor.lab.matrix.watch import Watch

RESULT: Final = "matrix.json"
PICTURE: Final = "matrix.svg"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try.

    Attributes:
        scenarios: by code.
        rounds: how often each.
        seed: of the order.
        paged: whether to wait for pages.
        out: the folder of the results.
    """

    scenarios: Mapping[str, Scenario]
    rounds: int
    seed: int
    paged: bool
    out: Path


def run(plan: Plan, interruption: Interruption, tell: Callable[[str], None]) -> Matrix:
    """Make all trials; `matrix.json` and `matrix.svg` are written anew after each.

    A trial in which a part of the mesh died that nobody hurt is kept with what it was, and the
    next one gets a new mesh.

    Args:
        plan: what to try.
        interruption: what to ask whether the user wants to stop.
        tell: called with a few words on how things stand.

    Raises:
        LabError: there is no mesh to be had; what was tried is written.
        Interrupted: the user wants to stop; likewise.
    """
    matrix = Matrix(time.time(), plan.seed, plan.rounds, cores=os.cpu_count() or 0)
    overlays = _overlays(plan.scenarios.values())
    left = deque(turns(overlays.values(), plan.rounds, plan.seed))
    objective = fresh_pages()
    plan.out.mkdir(parents=True, exist_ok=True)
    while left:
        tell("a mesh is built")
        group = left[0].group
        wishes = Wishes(manifests=tuple(overlays)[group], logs=plan.out.resolve() / "logs")
        with Cluster.up(interruption, wishes) as cluster:
            watch = Watch(cluster, objective, plan.out, plan.paged, interruption, tell)
            watch.settle()
            tell("the doctor finds nothing in it")
            whole = True
            while left and whole and left[0].group == group:
                trial = replace(_try(watch, plan, left.popleft()), load=os.getloadavg()[0])
                whole = not trial.trouble
                matrix = replace(matrix, trials=(*matrix.trials, trial))
                write(matrix, plan.out)
                tell(f"{trial.fault}: {'; '.join(of_trial(trial)) or 'met'}")
    return matrix


def write(matrix: Matrix, out: Path) -> None:
    """Write what there is, whole or not at all."""
    content = json.dumps(document(matrix, missed(matrix)), indent=2) + "\n"
    for name, text in ((RESULT, content), (PICTURE, draw(matrix))):
        new = out / f".{name}"
        new.write_text(text, "utf-8")
        new.replace(out / name)


def _overlays(scenarios: Iterable[Scenario]) -> Mapping[Path, Sequence[str]]:
    """Which faults are done to the mesh of which manifests."""
    overlays: dict[Path, list[str]] = {}
    for one in scenarios:
        overlays.setdefault(one.manifests, []).append(one.code)
    return overlays


def _try(watch: Watch, plan: Plan, turn: Turn) -> Trial:
    watch.tell(f"{turn.fault}, round {turn.round} of {plan.rounds}")
    try:
        if turn.fault == NOTHING:
            return watch.left_alone(turn)
        return watch.hurt(turn, plan.scenarios[turn.fault])
    except (LabError, OSError, subprocess.SubprocessError) as error:
        alert = plan.scenarios[turn.fault].alert if turn.fault != NOTHING else ""
        return Trial(turn.fault, turn.round, alert, trouble=str(error))
