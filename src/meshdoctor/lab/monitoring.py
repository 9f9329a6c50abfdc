"""Prometheus and Alertmanager beside the mesh, where they can be had.

They are searched for and, if need be, fetched by a process of its own while the services start.
A run needs neither: whatever goes wrong here becomes one sentence, and the run goes on.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.packages import locate
from meshdoctor.lab.ports import Need
from meshdoctor.lab.processes import Process, Program
from meshdoctor.lab.prometheus import alertmanager, prometheus
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.settings import LabSettings

_NAMES = ("prometheus", "alertmanager")
_FETCH_SECONDS = 30.0
_GRACE_SECONDS = 2.0


def needs(settings: LabSettings) -> tuple[Need, ...]:
    """The addresses that must be free."""
    return (
        Need(settings.host, settings.prometheus_port, "MESH_PROMETHEUS_PORT"),
        Need(settings.host, settings.alertmanager_port, "MESH_ALERTMANAGER_PORT"),
    )


class Monitoring:
    """Finds, fetches and starts them. Call `begin` early and `finish` when the services run."""

    def __init__(self, settings: LabSettings, folder: Path, interruption: Interruption) -> None:
        self._settings = settings
        self._cache = settings.cache.expanduser()
        self._folder = folder
        self._at = f"{settings.host}:{settings.prometheus_port}"
        self._alerts_at = f"{settings.host}:{settings.alertmanager_port}"
        self._interruption = interruption
        self._fetching: Process | None = None

    def begin(self, crew: Crew) -> None:
        """Start fetching what is missing, without waiting for it."""
        if not self._settings.packages or all(locate(name, self._cache) for name in _NAMES):
            return
        command = (
            *(sys.executable, "-m", "meshdoctor.lab.packages", *_NAMES),
            *("--cache", str(self._cache), "--seconds", str(_FETCH_SECONDS)),
        )
        program = Program("packages", command, stop_seconds=_GRACE_SECONDS, task=True)
        (self._fetching,) = crew.start(program)

    def finish(
        self, crew: Crew, jobs: Mapping[str, tuple[str, ...]]
    ) -> tuple[Prometheus | None, tuple[str, ...]]:
        """Start what was found.

        Args:
            crew: the run's processes.
            jobs: addresses of metrics pages by scrape job.

        Returns:
            A client of the running Prometheus, or None; and a sentence for each that is missing.

        Raises:
            Interrupted: the user wants to stop.
        """
        missing = self._wait() or f"{' and '.join(_NAMES)} are not on PATH, and MESH_PACKAGES=false"
        wave = crew.start(*self._programs(jobs))
        problems = {process.program.name: _problem(process) for process in wave}
        notes = (problems.get(name, f"{missing}; the run goes on without") for name in _NAMES)
        client = Prometheus(f"http://{self._at}") if problems.get("prometheus") == "" else None
        return client, tuple(dict.fromkeys(filter(None, notes)))

    def _programs(self, jobs: Mapping[str, tuple[str, ...]]) -> Iterator[Program]:
        if binary := locate("alertmanager", self._cache):
            yield alertmanager(binary, self._folder, self._alerts_at)
        if binary := locate("prometheus", self._cache):
            jobs = {**jobs, "prometheus": (self._at,)}
            yield prometheus(binary, self._folder, self._at, jobs, self._alerts_at)

    def _wait(self) -> str:
        """Wait until nothing is being fetched; the reason if that failed."""
        if not self._fetching:
            return ""
        until = time.monotonic() + _FETCH_SECONDS + _GRACE_SECONDS
        while self._fetching.running and time.monotonic() < until:
            self._interruption.sleep(0.1)
        if self._fetching.exit_code == 0:
            return ""
        self._fetching.end()
        lines = self._fetching.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else f"they were not fetched within {_FETCH_SECONDS:g} s"


def _problem(process: Process) -> str:
    """Wait until it is ready; the reason if that failed, and then it is ended."""
    try:
        process.wait_ready()
    except LabError as error:
        process.kill()
        return f"the run goes on without {process.program.name}: {error}"
    return ""
