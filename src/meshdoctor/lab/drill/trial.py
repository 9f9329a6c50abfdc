"""One trial: a mesh under load is hurt, heals, and whatever was paged is kept."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from meshdoctor.lab import load
from meshdoctor.lab.alerts import alert_timeline
from meshdoctor.lab.drill.scenarios import Scenario
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.model import AlertSpan
from meshdoctor.lab.processes import Process
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.webhook import FIRING, Notification

PAGE = "page"
"""The receiver of pages, as the generated routes call it."""

Tell = Callable[[str], None]

_POLL_SECONDS = 0.25
_SPARE_SECONDS = 300  # of load, for what hurting and healing take; it is ended with the mesh
_STEP_SECONDS = 1.0
_MOST_STEPS = 10_000  # Prometheus answers 11,000 at most


@dataclass(frozen=True, slots=True)
class Phases:
    """How long each phase of a trial lasts, in seconds."""

    healthy: float
    hurt: float
    healed: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.healthy + self.hurt + self.healed


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened. All times are Unix seconds.

    Attributes:
        started: when the load began.
        hurt: when the fault was about to begin.
        healed: when the mesh was whole again, every process ready.
        ended: when nobody looked any longer.
        notifications: all that the pager got.
        timeline: every alert that was pending or firing, also those that paged nobody.
    """

    started: float
    hurt: float
    healed: float
    ended: float
    notifications: tuple[Notification, ...]
    timeline: tuple[AlertSpan, ...]

    @property
    def pages(self) -> tuple[Notification, ...]:
        """What rang: messages to the receiver of pages that something fires."""
        return pages(self.notifications)


def pages(notifications: tuple[Notification, ...]) -> tuple[Notification, ...]:
    """Pick what rang."""
    return tuple(each for each in notifications if (each.receiver, each.status) == (PAGE, FIRING))


def make(
    scenario: Scenario,
    phases: Phases,
    settings: LabSettings,
    out: Path,
    interruption: Interruption,
    tell: Tell,
) -> Trial:
    """Make a trial in a mesh of its own.

    Args:
        scenario: how to hurt it.
        phases: how long to look at it.
        settings: where everything listens.
        out: a folder for logs and data.
        interruption: what to ask whether the user wants to stop.
        tell: called again and again with a few words on how things stand.

    Raises:
        LabError: the mesh or its watchers could not start, or a part of it died that nobody hurt.
        Interrupted: the user wants to stop.
    """
    tell("starting")
    with loopback_mesh(settings, out, interruption, monitored=True) as mesh:
        prometheus = _watching(mesh)
        process = _push(mesh, scenario.users, phases.seconds)

        def last(seconds: float, phase: str) -> None:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                tell(f"{phase}; pages: {len(pages(mesh.pager.notifications))}")
                _check(mesh, process)
                interruption.sleep(min(left, _POLL_SECONDS))

        started = time.time()
        last(phases.healthy, "healthy")
        hurt = time.time()
        scenario.hurt(mesh)
        last(phases.hurt, scenario.says)
        scenario.heal(mesh)
        healed = time.time()
        last(phases.healed, "healed")
        ended = time.time()
        step = max(_STEP_SECONDS, (ended - started) / _MOST_STEPS)
        timeline = alert_timeline(prometheus, started, ended, step)
        return Trial(started, hurt, healed, ended, mesh.pager.notifications, timeline)


def _watching(mesh: Mesh) -> Prometheus:
    if mesh.prometheus is None or mesh.notes:
        raise LabError(f"a drill needs Prometheus and Alertmanager: {'; '.join(mesh.notes)}")
    return mesh.prometheus


def _push(mesh: Mesh, users: int, seconds: float) -> Process:
    plan = load.LoadPlan(users, math.ceil(seconds) + _SPARE_SECONDS, "steady")
    result = mesh.out.resolve() / "load.json"
    (process,) = mesh.crew.start(load.program(plan, mesh.url, result, mesh.load_address))
    return process


def _check(mesh: Mesh, process: Process) -> None:
    mesh.crew.check()
    if not process.running:
        raise load.LoadBroken(f"the load ended too early; {process.tail()}")
