"""Enroll with the guardian, then become another program. Run: `tied.py FD COMMAND...`.

The process enrolls itself, before it becomes the program, so there is no moment at which the lab
could die and the guardian would not know of it.
"""

import os
import signal
import sys

EXIT_NOT_FOUND = 127  # as shells say it


def main() -> None:
    """Write this process's id to the descriptor, close it, become the command."""
    guardian, command = int(sys.argv[1]), sys.argv[2:]
    os.write(guardian, f"+{os.getpid()}\n".encode())
    os.close(guardian)
    # Python ignores it, and an ignored signal stays ignored across execve(2).
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(EXIT_NOT_FOUND)


if __name__ == "__main__":
    main()
