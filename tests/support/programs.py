"""Programs that a test needs and a machine may lack."""

import os
from pathlib import Path
from typing import Final

import pytest

from meshdoctor.lab.aptget import AptError, Deadline
from meshdoctor.lab.packages import fetch, locate
from meshdoctor.lab.settings import LabSettings

_SECONDS_TO_FETCH: Final = 60.0


def program(name: str) -> Path:
    """Find a program of `meshdoctor.lab.packages`, fetching it if need be.

    Without it the test is skipped and says so; in CI it may not be missing.
    """
    cache = LabSettings().cache.expanduser()
    try:
        fetch([name], cache, Deadline(_SECONDS_TO_FETCH), None)
    except (AptError, OSError) as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"{name} cannot be had here: {error}")
    found = locate(name, cache)
    assert found
    return found
