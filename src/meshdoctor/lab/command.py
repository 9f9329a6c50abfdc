"""A command of the lab from its first signal handler to its exit code."""

import sys
from collections.abc import Callable

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interrupted, Interruption
from meshdoctor.settings import EXIT_USAGE


def carried_out(work: Callable[[Interruption], int]) -> int:
    """Do the work of a command; the exit code.

    Args:
        work: gives the exit code of its good end.
    """
    interruption = Interruption()
    try:
        with interruption.installed():
            return work(interruption)
    except Interrupted as interrupted:
        return interrupted.exit_code
    except LabError as error:
        print(error, file=sys.stderr)
    return EXIT_USAGE
