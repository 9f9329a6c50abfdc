"""A base image's root for a platform, of Debian's packages: nothing of it is run, no Docker asked.

The packages are those that the shipped base lists, so that sizes are near to what is shipped:
private/repos/deb/trixie.yaml and trixie_python.yaml of github.com/GoogleContainerTools/distroless.
"""

import os
import subprocess
from pathlib import Path
from typing import Final

from meshdoctor.lab.debian import source

SUITE: Final = "trixie"
PYTHON: Final = "python3.13"
PACKAGES: Final = (
    *("base-files", "ca-certificates", "libc6", "libc-bin", "libssl3t64", "netbase", "openssl"),
    *("tzdata", "tzdata-legacy", "media-types", "zlib1g", "libzstd1", "gcc-14-base", "libgcc-s1"),
    *("libgomp1", "libstdc++6", "libatomic1", "libbz2-1.0", "libcom-err2", "libcrypt1"),
    *("libdb5.3t64", "libexpat1", "libffi8", "libgssapi-krb5-2", "libk5crypto3", "libkeyutils1"),
    *("libkrb5-3", "libkrb5support0", "liblzma5", "libncursesw6", "libnsl2", "libreadline8t64"),
    *("libsqlite3-0", "libtinfo6", "libtirpc3t64", "libuuid1", f"{PYTHON}-venv"),
    *(f"lib{PYTHON}-minimal", f"lib{PYTHON}-stdlib", f"{PYTHON}-minimal"),
)
_STATUS: Final = "var/lib/dpkg/status.d"  # where the shipped base tells what it holds
_SECONDS: Final = 120.0


def make_root(root: Path, architecture: str, scratch: Path) -> None:
    """Unpack the packages of an architecture.

    Args:
        root: the folder that becomes the root.
        architecture: as Debian and BuildKit name it.
        scratch: an empty folder for apt.
    """
    root.mkdir(parents=True)
    (root / _STATUS).mkdir(parents=True)
    for deb in download(PACKAGES, architecture, scratch):
        _run(("dpkg", "-x", deb.name, str(root)), deb.parent)
        told = _run(("dpkg-deb", "--field", deb.name), deb.parent)
        (root / _STATUS / deb.name.partition("_")[0]).write_text(told, "utf-8")
    # What the packages' scripts, which are not run, would have made.
    for name in ("python", "python3"):
        (root / "usr/bin" / name).symlink_to(PYTHON)
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    known = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle.write_text("".join(path.read_text("utf-8") for path in known), "utf-8")


def download(packages: tuple[str, ...], architecture: str, scratch: Path) -> list[Path]:
    """Fetch packages, and none that they need.

    Args:
        packages: Debian's names.
        architecture: as Debian names it; foreign ones as well.
        scratch: an empty folder; packages and apt's own files go there.

    Returns:
        The files.
    """
    for needed in ("lists/partial", "cache/archives/partial"):
        (scratch / needed).mkdir(parents=True)
    sources = scratch / "suite.list"
    sources.write_text(source(SUITE), "utf-8")
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "Dir::Etc::SourceList": str(sources),
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": str(scratch / "lists"),
        "Dir::State::status": os.devnull,
        "Dir::Cache": str(scratch / "cache"),
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
    }
    options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    _run(("apt-get", "-qq", *options, "update"), scratch)
    _run(("apt-get", "-qq", *options, "download", *packages), scratch)
    return sorted(scratch.glob("*.deb"))


def _run(command: tuple[str, ...], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert 0 == done.returncode, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
