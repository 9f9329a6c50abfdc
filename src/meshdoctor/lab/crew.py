"""All processes of a run, in the order they came: the last wave goes first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from meshdoctor.lab.guardian import Guardian
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.processes import Process, Program


class Crew:
    """Starts processes in waves; see `at_work`."""

    def __init__(self, logs: Path, interruption: Interruption, guardian: Guardian) -> None:
        self._logs = logs
        self._interruption = interruption
        self._guardian = guardian
        self._waves: list[tuple[Process, ...]] = []

    @classmethod
    @contextmanager
    def at_work(cls, logs: Path, interruption: Interruption) -> Iterator[Self]:
        """Have a crew whose every process is ended, whatever happens in the `with` block.

        Args:
            logs: a folder for what the processes print; it is made.
            interruption: what to ask whether the user wants to stop.
        """
        logs.mkdir(parents=True, exist_ok=True)
        with Guardian.awake() as guardian:
            crew = cls(logs, interruption, guardian)
            try:
                yield crew
            finally:
                crew.end()

    def start(self, *programs: Program) -> tuple[Process, ...]:
        """Start programs side by side, without waiting for them; they form a wave.

        Raises:
            Interrupted: the user wants to stop; what was started stays known, and is ended.
        """
        self._interruption.check()
        wave = tuple(
            Process(program, self._logs, self._interruption, self._guardian) for program in programs
        )
        self._waves.append(wave)
        for process in wave:
            process.log.unlink(missing_ok=True)  # of a run before
            process.start()
        return wave

    def check(self) -> None:
        """Go on unless a process ended by itself (`ProcessDied`)."""
        for wave in self._waves:
            for process in wave:
                process.check()

    def end(self) -> None:
        """End every process: wave by wave, backwards, the processes of a wave side by side."""
        while self._waves:
            end_all(*self._waves.pop())


def end_all(*processes: Process) -> None:
    """End processes side by side: a drain takes seconds, and three of them need not take three."""
    with ThreadPoolExecutor(max(len(processes), 1)) as pool:
        list(pool.map(Process.end, processes))
