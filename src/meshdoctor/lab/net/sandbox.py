"""A room of namespaces in which the lab is root and that leaves no trace.

User, network, mount and pid namespaces: what happens in them is seen by nobody else, and when the
first process in there ends (`init.py`), the kernel takes the others, the network and the mounts
back. The lab itself runs inside, so its processes, pipes and sockets need no bridge to the outside.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.permission import privileged, require

INIT = str(Path(__file__).with_name("init.py"))
"""The program of a sandbox's first process."""

_PYTHON = (sys.executable, "-I", "-S")  # starts in a few milliseconds
_ROOMS = ("--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
_AS_ROOT = ("--user", "--map-root-user")
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def enter(
    command: Sequence[str], environment: Mapping[str, str], handed_in: Collection[int] = ()
) -> int:
    """Run a command in a sandbox of its own and wait for it.

    Args:
        command: the program and its arguments.
        environment: all of its environment.
        handed_in: descriptors that the command inherits.

    Returns:
        Its exit code, 128 + N after signal N.

    Raises:
        Forbidden: this machine does not allow it.
    """
    (code,) = enter_each((command,), environment, handed_in)
    return code


def enter_each(
    commands: Sequence[Sequence[str]],
    environment: Mapping[str, str],
    handed_in: Collection[int] = (),
) -> tuple[int, ...]:
    """Run commands at once, each in a sandbox of its own, and wait for all of them.

    Signals that ask this process to stop are passed on to each. If this process is killed,
    everything in the sandboxes is.

    Args:
        commands: programs with their arguments.
        environment: as of `enter`, the same for all.
        handed_in: as of `enter`.

    Returns:
        Their exit codes, as of `enter`.

    Raises:
        Forbidden: this machine does not allow it.
    """
    unshare = ("unshare", *(() if privileged() else _AS_ROOT), *_ROOMS)
    require(unshare)
    init = (*unshare, *_PYTHON, INIT)
    pipes = [os.pipe() for _command in commands]
    with _signals_into([ours for _theirs, ours in pipes]):
        children = []
        for command, (theirs, _ours) in zip(commands, pipes, strict=True):
            words = (*init, str(theirs), os.path.realpath("/etc/resolv.conf"), *command)
            passed = (theirs, *handed_in)
            children.append(subprocess.Popen(words, env=environment, pass_fds=passed))
            os.close(theirs)
        codes = [child.wait() for child in children]
    for _theirs, ours in pipes:
        os.close(ours)
    return tuple(code if code >= 0 else 128 - code for code in codes)


@contextmanager
def _signals_into(pipes: Collection[int]) -> Iterator[None]:
    def note(number: int, _frame: FrameType | None) -> None:
        for pipe in pipes:
            with suppress(BrokenPipeError):  # it has just ended
                os.write(pipe, bytes([number]))

    before = {number: signal.signal(number, note) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def require_inside() -> None:
    """Go on only in a sandbox: outside, the same commands would rebuild this machine's network.

    Raises:
        LabError: this process is in none.
    """
    if INIT.encode() not in Path("/proc/1/cmdline").read_bytes().split(b"\0"):
        raise LabError("the lab's network lives in a sandbox: start it with meshdoctor.lab.net")
