"""Entering a cluster that runs already, from another terminal.

Nothing is written down about it: its first process is found in /proc, and its rooms are entered.
"""

import os
from pathlib import Path

from meshdoctor.lab.net.sandbox import INIT

_MODULE = "meshdoctor.lab.cluster"


def running() -> int:
    """Give the first process of the newest cluster of this user; 0 when there is none."""
    found = [int(each.name) for each in Path("/proc").glob("[0-9]*") if _is_first(each)]
    return max(found, key=_started, default=0)


def command(first: int, inside: tuple[str, ...]) -> tuple[str, ...]:
    """Give the command that enters a cluster, in the visitors' place, and then becomes `inside`.

    Args:
        first: process id, from `running`.
        inside: the program and its arguments.
    """
    ours, theirs = (Path(f"/proc/{each}/ns/user").readlink() for each in ("self", str(first)))
    as_root = ("--user", "--preserve-credentials") if ours != theirs else ()
    rooms = ("nsenter", f"--target={first}", *as_root, "--net", "--mount", "--pid")
    return (*rooms, *inside)


def _is_first(process: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        mine = process.stat().st_uid == os.geteuid()
    except OSError:  # it has just ended
        return False
    # `unshare`, which made its rooms, has the same words behind its own.
    return mine and words[3:4] == [INIT.encode()] and _MODULE.encode() in words


def _started(process: int) -> int:
    """When it was started, in the kernel's ticks (proc(5), field 22)."""
    text = Path(f"/proc/{process}/stat").read_text("utf-8")
    return int(text.rpartition(")")[2].split()[19])
