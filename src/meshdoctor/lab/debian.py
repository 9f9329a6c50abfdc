"""Another suite of Debian than the machine's own, as a source that apt can take packages from."""

import platform
import subprocess
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Debian's own keys, from its package debian-archive-keyring."""

_PUBLIC = "https://deb.debian.org/debian"
_KIND = "Created-By: Packages"
_TARGETS = "$(REPO_URI) $(RELEASE) $(COMPONENT)"


def source(suite: str) -> str:
    """Return the line of a sources.list that names a suite, its signatures checked.

    Args:
        suite: a suite or code name, such as `trixie`.
    """
    return f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n"


def mirror() -> str:
    """Return the address of Debian's archive that this machine uses, else the public one.

    apt tells it (apt-get(8), `indextargets`), whatever its sources are written in: the archive of
    the release that runs here has all other releases, too.
    """
    release = _release()
    for line in _targets():
        match line.split():
            case [address, suite, "main"] if suite == release:
                return address.rstrip("/")
    return _PUBLIC


def _release() -> str | None:
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        return None
    return told.get("VERSION_CODENAME") if told["ID"] == "debian" else None


def _targets() -> list[str]:
    # Without release info it works before the first `apt-get update`, too.
    command = ("apt-get", "indextargets", "--no-release-info", "--format", _TARGETS)
    done = subprocess.run((*command, _KIND), capture_output=True, text=True, check=False)
    return done.stdout.splitlines()
