"""A command of the user's, in front: it has the terminal until it ends."""

import os
import signal
import subprocess
import sys

from meshdoctor.lab.interruption import Interrupted, Interruption

_POLL_SECONDS = 0.05
_STOP_SECONDS = 5.0


def run_in_front(command: tuple[str, ...], interruption: Interruption) -> int:
    """Run a command and wait for it.

    On a terminal it is alone in front, as if a shell had started it: Ctrl-C is the command's own
    affair then.

    Returns:
        Its exit code, 128 + N after signal N.

    Raises:
        Interrupted: somebody wants the lab to stop; the command was ended.
    """
    alone = sys.stdin.isatty()
    with subprocess.Popen(command, process_group=0 if alone else None) as process:
        if alone:
            os.tcsetpgrp(sys.stdin.fileno(), process.pid)
        try:
            while process.poll() is None:
                interruption.sleep(_POLL_SECONDS)
        except Interrupted:
            _end(process)
            raise
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def take_back_terminal() -> None:
    """Be in front again after a command that was; nothing happens where no terminal is."""
    if sys.stdin.isatty():
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # who is not in front may not ask
        os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
        signal.signal(signal.SIGTTOU, before)
