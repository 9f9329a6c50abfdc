"""Debian packages without root: downloaded and unpacked into a folder, the system untouched.

apt gets lists, caches and locks of its own in that folder, so it works for any user and on a
machine that never ran `apt-get update`. Signatures are checked with the machine's keys as always.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

_INSTALLED = "/var/lib/dpkg/status"


class AptError(Exception):
    """The packages are not to be had; the text says why and what to do."""


class Deadline:
    """A moment at which to give up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, what: str) -> float:
        """Seconds until then.

        Raises:
            AptError: there are none left; `what` says what was still going on.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise AptError(f"{what} after {self._seconds:g} s; try again, or install them")
        return left


def download(
    packages: Iterable[str], folder: Path, deadline: Deadline, sources: Path | None = None
) -> dict[str, Path]:
    """Download packages.

    Args:
        packages: Debian package names.
        folder: an empty folder; the packages and apt's own files go there.
        deadline: when to give up.
        sources: a sources.list; None means the machine's own.

    Returns:
        The downloaded file of each package.

    Raises:
        AptError: with apt's own reason.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise AptError("they are not on PATH, and there is no apt-get to fetch them: install them")
    packages = tuple(packages)
    options = _options(folder, sources)
    # One broken source among many makes `update` fail; what counts is whether the download works.
    update = _run(("apt-get", *options, "update"), folder, deadline)
    fetched = _run(("apt-get", *options, "download", *packages), folder, deadline)
    debs = {name: next(folder.glob(f"{name}_*.deb"), None) for name in packages}
    if fetched.returncode or None in debs.values():
        raise AptError(f"{_reason(update, fetched)}; install them, or see to apt's sources")
    return {name: deb for name, deb in debs.items() if deb}


def download_with_needs(
    package: str, folder: Path, deadline: Deadline, sources: Path | None = None
) -> list[Path]:
    """Download a package and whatever it needs that this machine has not installed.

    Args:
        package: a Debian package name.
        folder: an empty folder; the packages and apt's own files go there.
        deadline: when to give up.
        sources: a sources.list; None means the machine's own.

    Returns:
        The downloaded files.

    Raises:
        AptError: with apt's own reason.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise AptError("they are not on PATH, and there is no apt-get to fetch them: install them")
    # No lock: nothing is installed here, and the system's lock is root's alone.
    here = ("-o", f"Dir::State::status={_INSTALLED}", "-o", "Debug::NoLocking=1")
    options = [*_options(folder, sources), *here]
    update = _run(("apt-get", *options, "update"), folder, deadline)
    wanted = ("install", "--download-only", "--no-install-recommends", "--yes", package)
    fetched = _run(("apt-get", *options, *wanted), folder, deadline)
    if fetched.returncode:
        raise AptError(f"{_reason(update, fetched)}; install them, or see to apt's sources")
    return sorted((folder / "cache/archives").glob("*.deb"))


def unpack(deb: Path, folder: Path, deadline: Deadline) -> None:
    """Unpack the files of a package; none of its scripts run.

    Raises:
        AptError: it is damaged, or there is no room.
    """
    done = _run(("dpkg", "-x", str(deb), str(folder)), folder.parent, deadline)
    if done.returncode:
        raise AptError(f"dpkg cannot unpack {deb.name}: {_last_line(done.stderr)}")


def _options(folder: Path, sources: Path | None) -> list[str]:
    for needed in ("lists/partial", "cache/archives/partial"):
        (folder / needed).mkdir(parents=True)
    settings = {
        "Dir::State": folder,
        "Dir::State::Lists": folder / "lists",
        # As if nothing was installed: what is, from elsewhere, would be the candidate for good.
        "Dir::State::status": os.devnull,
        "Dir::Cache": folder / "cache",
        "Dir::Log": folder,
        "APT::Sandbox::User": "",  # root's apt would hand the work to _apt, who may not write here
        "APT::Update::Post-Invoke": "",
        "APT::Update::Post-Invoke-Success": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "0",
        "Acquire::http::Timeout": "10",
        "Acquire::https::Timeout": "10",
    }
    if sources:
        settings |= {"Dir::Etc::SourceList": sources, "Dir::Etc::SourceParts": "-"}
    return ["-q", *(part for key, value in settings.items() for part in ("-o", f"{key}={value}"))]


def _run(
    command: tuple[str, ...], folder: Path, deadline: Deadline
) -> subprocess.CompletedProcess[str]:
    what = f"{command[0]} was still at work"
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline.left(what),
            check=False,
        )
    except subprocess.TimeoutExpired:
        deadline.left(what)
        raise AptError(what) from None


def _reason(*runs: subprocess.CompletedProcess[str]) -> str:
    """The first complaint: later ones only follow from it."""
    lines = [line for run in runs for line in run.stderr.splitlines()]
    told = [line.partition(" ")[2] for line in lines if line.startswith(("Err:", "E:", "W:"))]
    return f"apt-get says {' '.join(told[0].split())!r}" if told else "apt-get failed"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
