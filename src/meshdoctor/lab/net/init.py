"""The first process of the sandbox. Run: `init.py FD RESOLV COMMAND...`.

When it ends the kernel ends every other process of its pid namespace, and with the last of them
the network and the mounts. So it does three things: it runs the command, it takes in orphans, and
it ends as soon as the command has ended or the other end of the pipe FD is gone, which is how
SIGKILL of the lab is felt here. A byte in the pipe is a signal for the command.

Standard library only, and little of it: the sandbox waits for this file to start.
"""

import os
import select
import signal
import sys

EXIT_UNFURNISHED = 125
_KILLED = 128 + signal.SIGKILL


def main() -> None:
    """Do as the module says; never returns."""
    pipe, resolv, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    os.set_inheritable(pipe, False)  # noqa: FBT003 - its only signature
    if not _furnish(resolv):
        os._exit(EXIT_UNFURNISHED)
    wake, wakened = os.pipe()
    os.set_blocking(wakened, False)
    signal.set_wakeup_fd(wakened)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.spawnvp(os.P_NOWAIT, command[0], command)  # noqa: S606 - no shell is wanted
    while True:
        ready, _, _ = select.select([pipe, wake], [], [])
        if pipe in ready:
            _pass_on(os.read(pipe, 1), child)
        if wake in ready:
            os.read(wake, 64)
            _take_in(child)


def _furnish(resolv: str) -> bool:
    """Hide the machine's /run: the sandbox's own holds its names, and no socket of a daemon."""
    mount = ("mount", "-t", "tmpfs", "-o", "mode=755", "lab", "/run")
    if os.spawnvp(os.P_WAIT, mount[0], mount):  # noqa: S606 - as above
        return False
    if resolv.startswith("/run/"):  # where /etc/resolv.conf led to: a Pod's is mounted there
        os.makedirs(os.path.dirname(resolv), exist_ok=True)  # noqa: PTH103, PTH120 - no pathlib
        os.close(os.open(resolv, os.O_CREAT))
    return True


def _pass_on(told: bytes, child: int) -> None:
    if not told:
        os._exit(_KILLED)
    os.kill(child, told[0])


def _take_in(child: int) -> None:
    """Bury the dead; when the command is among them, end with its exit code."""
    try:
        while (dead := os.waitpid(-1, os.WNOHANG))[0]:
            if dead[0] == child:
                code = os.waitstatus_to_exitcode(dead[1])
                os._exit(code if code >= 0 else 128 - code)
    except ChildProcessError:
        pass


if __name__ == "__main__":
    main()
