"""The programs that a cluster needs beside those of its network."""

from collections.abc import Mapping
from pathlib import Path

from meshdoctor.lab.cluster import metering, registry
from meshdoctor.lab.net import needs


def environment(cache: Path) -> Mapping[str, str]:
    """Return an environment for the sandbox, fetching what is missing; see `lab.net.needs`.

    Raises:
        LabError: something is not to be had here.
    """
    return needs.environment(cache, (*metering.NEEDS, *registry.NEEDS))
