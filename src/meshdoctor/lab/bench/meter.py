"""CPU time of processes and their children, as the kernel accounts it (proc_pid_stat(5))."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12  # after the command's name, which may contain anything


def cpu_seconds(*pids: int) -> float:
    """Return user and system CPU seconds so far of `pids` and all their living descendants."""
    return sum(_ticks(pid) for pid in _with_descendants(pids)) / _TICKS


def _with_descendants(pids: tuple[int, ...]) -> list[int]:
    found = list(pids)
    for pid in found:  # grows while it is walked
        with suppress(FileNotFoundError, ProcessLookupError):
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                found.extend(int(child) for child in children.read_text().split())
    return found


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[_UTIME]) + int(fields[_STIME])
