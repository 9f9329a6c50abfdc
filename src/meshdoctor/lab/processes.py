"""One real process of the lab: started, awaited, hurt on purpose, and always given back.

Every process leads a process group of its own, so that Ctrl-C in a terminal reaches the lab
alone, and is known to the guardian, so that not even SIGKILL of the lab leaves it behind.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.guardian import Guardian
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.readiness import answers

_POLL_SECONDS = 0.03
_TAIL_LINES = 12


class ProcessDied(LabError):  # noqa: N818 - reads as what it says
    """A process ended by itself; the text ends with the last lines of its log."""


class NotReady(LabError):  # noqa: N818 - reads as what it says
    """A process runs, but does not answer in time."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to know that it is up.

    Attributes:
        name: short and unique in a run; names the log file.
        command: the program and its arguments.
        env: added to the lab's own environment.
        ready: `http://...` (ready when it answers 200) or `tcp://host:port` (ready when it
            accepts a connection); "" is ready at once.
        ready_seconds: how long to wait for that.
        stop_seconds: how long it may take to end after SIGTERM, before SIGKILL.
        task: whether it ends by itself when its work is done.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""
    ready_seconds: float = 60.0  # a busy machine is no reason to give up
    stop_seconds: float = 12.0
    task: bool = False


class Process:
    """A program that runs, or ran. The fault methods are named after the signals they send."""

    def __init__(
        self, program: Program, logs: Path, interruption: Interruption, guardian: Guardian
    ) -> None:
        """Prepare it.

        Args:
            program: what to run.
            logs: an existing folder for its output.
            interruption: what to ask whether the user wants to stop.
            guardian: kills it when the lab dies.
        """
        self.program = program
        self.log = logs / f"{program.name}.log"
        self._interruption = interruption
        self._guardian = guardian
        self._wanted = False
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 before the first start."""
        return self._child.pid if self._child else 0

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal); None while it runs or before it started."""
        return self._child.poll() if self._child else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended; a stopped (SIGSTOP) process runs."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it; its output is appended to `log`."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self._guardian.tied(self.program.command),
                env={**os.environ, **self.program.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
                pass_fds=(self._guardian.descriptor,),
            )
        self._wanted = not self.program.task

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises:
            ProcessDied: it ended instead.
            NotReady: it did neither in `ready_seconds`.
            Interrupted: the user wants to stop.
        """
        until = time.monotonic() + self.program.ready_seconds
        while self.program.ready and not answers(self.program.ready):
            self.check("before it was ready")
            if time.monotonic() > until:
                raise NotReady(
                    f"{self.program.name} did not answer at {self.program.ready} within "
                    f"{self.program.ready_seconds:g} s; {self.tail()}"
                )
            self._interruption.sleep(_POLL_SECONDS)

    def check(self, when: str = "while the mesh ran") -> None:
        """Go on if it runs or was ended on purpose.

        Raises:
            ProcessDied: it ended by itself.
        """
        if self._wanted and not self.running:
            raise ProcessDied(
                f"{self.program.name} ended with {_outcome(self.exit_code)} {when}; {self.tail()}"
            )

    def wait(self, seconds: float) -> int | None:
        """Wait for it to end; the exit code, or None when it still runs after `seconds`."""
        with suppress(subprocess.TimeoutExpired):
            if self._child:
                self._child.wait(seconds)
        return self.exit_code

    def kill(self) -> None:
        """Kill it with its children (SIGKILL) and wait until it is gone."""
        self._wanted = False
        self._signal_group(signal.SIGKILL)
        self.wait(self.program.stop_seconds)
        if self._child:
            self._guardian.strike(self._child.pid)

    def stop(self) -> None:
        """Freeze it with its children (SIGSTOP): its ports stay open and nobody answers."""
        self._signal_group(signal.SIGSTOP)

    def cont(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self._signal_group(signal.SIGCONT)

    def term(self) -> None:
        """Ask it to end (SIGTERM), as Kubernetes does: the process alone, not its children."""
        self._wanted = False
        if self._child:
            self._child.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Make sure that it and its children are gone: SIGTERM, a while, SIGKILL."""
        self.term()
        self.cont()
        self.wait(self.program.stop_seconds)
        self.kill()

    def restart(self) -> None:
        """End it if it runs, start it again and wait for it; raises like `wait_ready`."""
        self.end()
        self.start()
        self.wait_ready()

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if self._child:
                os.killpg(self._child.pid, number)

    def tail(self) -> str:
        """Half a sentence that shows how its log ends."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        if not lines:
            return f"its log {self.log} is empty"
        return "\n    ".join((f"{self.log} ends with:", *lines))


def _outcome(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
