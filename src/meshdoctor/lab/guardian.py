"""Makes sure that no process outlives the lab, not even one that the lab never knew of.

A killed lab (SIGKILL, out of memory) runs none of its code. So another process, the guardian,
waits at the end of a pipe: each process group enrolls itself there (`tied.py`), the lab strikes
out the ones it has ended, and when the pipe closes the guardian kills what is left. Whole groups:
PR_SET_PDEATHSIG, the kernel's own means, spares the children of the processes that it kills, such
as a web server's workers.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

_HERE = Path(__file__)
_PYTHON = (sys.executable, "-I", "-S")  # starts in a few milliseconds


class Guardian:
    """The lab's end of the pipe."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    @classmethod
    @contextmanager
    def awake(cls) -> Iterator[Self]:
        """Have a guardian for a while; at the end it kills what is still enrolled."""
        theirs, ours = os.pipe()
        # A group of its own: what a terminal sends to the lab's group is not for it.
        process = subprocess.Popen((*_PYTHON, str(_HERE)), stdin=theirs, process_group=0, cwd="/")
        os.close(theirs)
        try:
            yield cls(ours)
        finally:
            os.close(ours)
            process.wait()

    @property
    def descriptor(self) -> int:
        """What a child must inherit to enroll itself."""
        return self._pipe

    def tied(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command that enrolls itself and then becomes `command`."""
        return (*_PYTHON, str(_HERE.with_name("tied.py")), str(self._pipe), *command)

    def strike(self, group: int) -> None:
        """Say that a process group is gone: its number may soon be another's."""
        with suppress(BrokenPipeError):
            os.write(self._pipe, f"-{group}\n".encode())


def watch(lines: Iterable[str]) -> None:
    """Keep the list until the pipe closes, then kill every group that is left on it."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(sys.stdin)
