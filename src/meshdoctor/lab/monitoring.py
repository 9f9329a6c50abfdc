"""Prometheus and Alertmanager beside the mesh, where they can be had.

They are searched for and, if need be, fetched by a process of its own while the services start.
They run the project's alert rules and routes. A run needs none of it: whatever goes wrong here
becomes one sentence, and the run goes on.
"""

import re
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.packages import locate
from meshdoctor.lab.ports import Need
from meshdoctor.lab.processes import Process, ProcessDied, Program
from meshdoctor.lab.prometheus import alertmanager, prometheus
from meshdoctor.lab.promquery import LOAD_JOB, Prometheus
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.watchers import GENERATED, Watchers, read

_NAMES = ("prometheus", "alertmanager")
_FETCH_SECONDS = 30.0
_GRACE_SECONDS = 2.0
# The first error in a log; the last lines only tell what else was stopped because of it.
_ERROR = re.compile(r'level=error .*err="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


def needs(settings: LabSettings) -> tuple[Need, ...]:
    """The addresses that must be free."""
    ports = ("prometheus_port", "alertmanager_port", "pager_port", "load_metrics_port")
    return tuple(
        Need(settings.host, getattr(settings, name), f"MESH_{name.upper()}") for name in ports
    )


class Monitoring:
    """Finds, fetches and starts them. Call `begin` early and `finish` when the services run."""

    def __init__(
        self,
        settings: LabSettings,
        folder: Path,
        interruption: Interruption,
        generated: Path = GENERATED,
    ) -> None:
        """Prepare it.

        Args:
            settings: addresses and ports.
            folder: for configurations and data.
            interruption: what to ask whether the user wants to stop.
            generated: the folder of rules and routes.
        """
        self._settings = settings
        self._cache = settings.cache.expanduser()
        self._folder = folder
        self._generated = generated
        self._at = f"{settings.host}:{settings.prometheus_port}"
        self._alerts_at = f"{settings.host}:{settings.alertmanager_port}"
        self._pager = f"http://{settings.host}:{settings.pager_port}/"
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
        found = {name: path for name in _NAMES if (path := locate(name, self._cache))}
        watchers = read(self._generated, self._pager)
        failed = _start(crew, [self._program(name, found[name], jobs, watchers) for name in found])
        refused = {name: failure for name, failure in failed.items() if failure.died}
        again = [self._program(name, found[name], jobs, Watchers()) for name in refused]
        failed = {name: each for name, each in failed.items() if name not in refused}
        failed |= _start(crew, again)
        running = found.keys() - failed
        notes = (
            *([f"{missing}; the run goes on without"] if len(found) < len(_NAMES) else []),
            *(f"the run goes on without {name}: {failed[name].text}" for name in failed),
            *(watchers.notes if running else []),
            *(
                f"{name} refused what is in {self._generated} and runs without: {failure.reason}"
                for name, failure in refused.items()
                if name in running
            ),
        )
        client = Prometheus(f"http://{self._at}") if "prometheus" in running else None
        return client, notes

    def _program(
        self, name: str, binary: Path, jobs: Mapping[str, tuple[str, ...]], watchers: Watchers
    ) -> Program:
        if name == "alertmanager":
            return alertmanager(binary, self._folder, self._alerts_at, watchers.routes)
        load = f"{self._settings.host}:{self._settings.load_metrics_port}"
        pages = {**jobs, LOAD_JOB: (load,), "prometheus": (self._at,)}
        return prometheus(binary, self._folder, self._at, pages, self._alerts_at, watchers.rules)

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


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a process is not there: the whole text, and the reason that it gave itself."""

    text: str
    reason: str
    died: bool


def _start(crew: Crew, programs: Iterable[Program]) -> dict[str, _Failure]:
    """Start them side by side and wait; those that failed are ended, and why, by name."""
    failed = {}
    for process in crew.start(*programs):
        try:
            process.wait_ready()
        except LabError as error:
            process.kill()
            log = process.log.read_text(encoding="utf-8", errors="replace")
            reason = _ERROR.search(log)
            failed[process.program.name] = _Failure(
                text=str(error),
                reason=reason[1].replace('\\"', '"') if reason else str(error),
                died=isinstance(error, ProcessDied),
            )
    return failed
