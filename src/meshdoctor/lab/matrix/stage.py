"""The stage: what needs the machine for itself is done by one mesh at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshdoctor.lab.interruption import Interruption

_POLL_SECONDS: Final = 0.1
_PAUSE_SECONDS: Final = 0.25  # longer than a poll, so that whoever waits is next


@dataclass(frozen=True, slots=True)
class Stage:
    """Meshes that run at once take turns on it.

    It is a lock of the kernel on a folder that all of them see (flock(2)): whoever dies gives it
    back, and no file is left of it.

    Attributes:
        folder: the same for all.
        interruption: what to ask whether the user wants to stop.
    """

    folder: Path
    interruption: Interruption

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the stage and have it; after a good end the others come first.

        Raises:
            Interrupted: the user wants to stop.
        """
        with _opened(self.folder) as descriptor:
            while not _locked(descriptor):
                self.interruption.sleep(_POLL_SECONDS)
            yield
        self.interruption.sleep(_PAUSE_SECONDS)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only one for a moment: waits in the kernel, so only for what is short."""
    with _opened(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Hold a descriptor of a folder; a lock on it ends with it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
