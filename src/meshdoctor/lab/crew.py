"""All processes of a run, in the order they came: the last wave goes first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.processes import Process, Program


class Crew:
    """Starts processes in waves and ends every one of them, whatever happened in between.

    Use it as a context manager.
    """

    def __init__(self, logs: Path, interruption: Interruption) -> None:
        self._logs = logs
        self._interruption = interruption
        self._waves: list[tuple[Process, ...]] = []
        # One thread that lives as long as the crew: the processes are tied to it.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.end()

    def start(self, *programs: Program) -> tuple[Process, ...]:
        """Start programs side by side, without waiting for them; they form a wave.

        Raises:
            Interrupted: the user wants to stop; what was started stays known, and is ended.
        """
        self._interruption.check()
        wave = tuple(
            Process(program, self._logs, self._interruption, self._starter) for program in programs
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
        self._starter.shutdown()


def end_all(*processes: Process) -> None:
    """End processes side by side: a drain takes seconds, and three of them need not take three."""
    with ThreadPoolExecutor(max(len(processes), 1)) as pool:
        list(pool.map(Process.end, processes))
