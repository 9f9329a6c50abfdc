"""A mesh's share of the matrix: a mesh for as many trials as it survives, kept after each."""

import os
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.faults.scenario import Scenario
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.budget import fresh_pages
from meshdoctor.lab.matrix.judge import of_trial
from meshdoctor.lab.matrix.model import NOTHING, Matrix, Trial
from meshdoctor.lab.matrix.order import Turn, turns
from meshdoctor.lab.matrix.parts import keep
from meshdoctor.lab.matrix.stage import Stage
from meshdoctor.lab.matrix.watch import Tell, Watch


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try.

    Attributes:
        scenarios: by code.
        rounds: how often each.
        seed: of the order.
        paged: whether to wait for pages.
        out: the folder of the results.
        at_once: meshes that share the rounds.
        mesh: which of them this is, from 1.
    """

    scenarios: Mapping[str, Scenario]
    rounds: int
    seed: int
    paged: bool
    out: Path
    at_once: int = 1
    mesh: int = 1

    def share(self, groups: Iterable[Sequence[str]]) -> Iterator[Turn]:
        """Yield this mesh's turns: every round is some mesh's, and as it is where one mesh runs."""
        for turn in turns(groups, self.rounds, self.seed):
            if (turn.round - self.mesh) % self.at_once == 0:
                yield turn


def run(plan: Plan, interruption: Interruption, tell: Tell) -> None:
    """Make this mesh's trials; what there is of all meshes is written anew after each.

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
    cores = os.cpu_count() or 0
    matrix = Matrix(time.time(), plan.seed, plan.rounds, cores=cores, at_once=plan.at_once)
    overlays = _overlays(plan.scenarios.values())
    left = deque(plan.share(overlays.values()))
    while left:
        group = left[0].group
        with ExitStack() as standing:
            watch = _settled(plan, tuple(overlays)[group], standing, interruption, tell)
            whole = True
            while left and whole and left[0].group == group:
                trial = replace(_try(watch, plan, left.popleft()), load=os.getloadavg()[0])
                whole = not trial.trouble
                matrix = replace(matrix, trials=(*matrix.trials, trial))
                keep(matrix, plan.mesh, plan.out)
                tell(f"{trial.fault}: {'; '.join(of_trial(trial)) or 'met'}")


def _settled(
    plan: Plan, manifests: Path, standing: ExitStack, interruption: Interruption, tell: Tell
) -> Watch:
    """Have a mesh that is at rest; where the first is not, a machine's bad minute, another one."""
    try:
        return _watch(plan, manifests, standing, interruption, tell)
    except LabError as error:
        standing.close()
        tell(f"{error}; a second mesh is tried")
    return _watch(plan, manifests, standing, interruption, tell)


def _watch(
    plan: Plan, manifests: Path, standing: ExitStack, interruption: Interruption, tell: Tell
) -> Watch:
    """Build a mesh that stands as long as the stack does, and look until it is at rest."""
    stage = Stage(plan.out, interruption)
    logs = plan.out.resolve() / "logs" / (str(plan.mesh) if plan.at_once > 1 else "")
    with stage.taken():
        tell("a mesh is built")
        cluster = standing.enter_context(Cluster.up(interruption, Wishes(manifests, logs=logs)))
        watch = Watch(cluster, fresh_pages(), plan.out, plan.paged, interruption, tell, stage)
        watch.settle(f"bundles/unsettled-{plan.mesh}.json")
        tell("the doctor finds nothing in it")
    return watch


def _overlays(scenarios: Iterable[Scenario]) -> Mapping[Path, Sequence[str]]:
    """Which faults are done to the mesh of which manifests."""
    overlays: dict[Path, list[str]] = {}
    for one in scenarios:
        overlays.setdefault(one.manifests, []).append(one.code)
    return overlays


def _try(watch: Watch, plan: Plan, turn: Turn) -> Trial:
    watch.tell(f"{turn.fault}, round {turn.round} of {plan.rounds}")
    began = time.time()
    try:
        if turn.fault == NOTHING:
            return watch.left_alone(turn)
        return watch.hurt(turn, plan.scenarios[turn.fault])
    except (LabError, OSError, subprocess.SubprocessError) as error:
        alert = plan.scenarios[turn.fault].alert if turn.fault != NOTHING else ""
        return Trial(turn.fault, turn.round, alert, trouble=str(error), began=began)
