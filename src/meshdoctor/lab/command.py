"""A command of the lab from its first signal handler to its exit code."""

import sys
from collections.abc import Callable

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interrupted, Interruption
from meshdoctor.settings import EXIT_USAGE


def carried_out(
    work: Callable[[Interruption], int],
    stopped: str = "",
    errors: tuple[type[Exception], ...] = (LabError,),
) -> int:
    """Do the work of a command; the exit code.

    Args:
        work: gives the exit code of its good end.
        stopped: what is said after Ctrl-C; "" for nothing.
        errors: whose text is all that the user needs.
    """
    interruption = Interruption()
    try:
        with interruption.installed():
            return work(interruption)
    except Interrupted as interrupted:
        if stopped:
            print(stopped, file=sys.stderr)
        return interrupted.exit_code
    except errors as error:
        print(error, file=sys.stderr)
    return EXIT_USAGE
