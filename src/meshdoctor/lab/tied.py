"""Become another program that cannot outlive its parent (Linux).

Run as `python -I -S tied.py PARENT_PID COMMAND...`. PR_SET_PDEATHSIG survives execve(2), so the
kernel kills the program when the thread that started it ends, even by SIGKILL (prctl(2)).
A `preexec_fn` would do the same without this file, but may deadlock in a process with threads,
which the lab is.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
EXIT_NOT_FOUND = 127  # as shells say it


def main() -> None:
    """Tie this process to its parent, then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the tie held
        sys.exit(1)
    # Python ignores it, and an ignored signal stays ignored across execve.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(EXIT_NOT_FOUND)


if __name__ == "__main__":
    main()
