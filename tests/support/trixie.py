"""Programs of Debian trixie: newer ones than this machine's, and Prometheus with Kubernetes in it.

They are fetched and unpacked below the lab's cache and never installed.
"""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pytest

from meshdoctor.lab.aptget import AptError, Deadline, download, unpack
from meshdoctor.lab.debian import source
from meshdoctor.lab.settings import LabSettings

PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "prometheus": "prometheus",
        "promtool": "promtool",
        "prometheus-alertmanager": "prometheus-alertmanager",
        "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    }
)
_SECONDS: Final = 120.0


def trixie(name: str) -> Path:
    """Give the path of a program of `PACKAGES`.

    Without it the test is skipped and says so; in CI it may not be missing.
    """
    package = PACKAGES[name]
    folder = LabSettings().cache.expanduser() / "trixie" / package
    if not folder.exists():
        try:
            _fetch(package, folder)
        except (AptError, OSError) as error:
            if "CI" in os.environ:
                raise
            pytest.skip(f"{name} of Debian trixie cannot be had here: {error}")
    return folder / "usr/bin" / name


def _fetch(package: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    deadline = Deadline(_SECONDS)
    with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
        room = Path(tempfile.mkdtemp(dir=partial))
        sources = Path(partial) / "trixie.list"
        sources.write_text(source("trixie"), "utf-8")
        debs = download([package], room, deadline, sources)
        whole = Path(partial) / "whole"
        unpack(debs[package], whole, deadline)
        with suppress(FileExistsError, OSError):  # another test's run was quicker
            whole.rename(folder)
    assert folder.is_dir()
