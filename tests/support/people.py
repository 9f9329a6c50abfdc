"""Starting Python as an ordinary user, also where the tests run as root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meshdoctor.lab.cluster.needs import environment
from meshdoctor.lab.settings import LabSettings
from tests.support.manifests import ROOT

_NOBODY = "65534"
_SYSTEM = f"python3.{sys.version_info.minor}"
_IMPORTS = "import cryptography, dns, grpc, marketplace, meshdoctor.lab.cluster.cluster"


def ordinary_python(home: Path) -> tuple[str, ...]:
    """Give the command of a Python, with what the lab imports, that runs without privileges.

    Root's own Python may be where nobody else can read it; the system's then takes its place, if
    it is of the same version. Where there is neither the test is skipped, but not in CI.

    Args:
        home: a folder that becomes that user's own, with the lab's programs in it.
    """
    if os.geteuid():
        return (sys.executable,)
    cache = LabSettings().cache.expanduser()
    environment(cache)  # fetches them
    kept = home / ".cache/meshdoctor"
    shutil.copytree(cache, kept, symlinks=True, ignore=lambda _, names: _heavy(names))
    for path in (home, *home.rglob("*")):
        os.chown(path, int(_NOBODY), int(_NOBODY), follow_symlinks=False)
    for each in filter(None, (sys.executable, shutil.which(_SYSTEM, path="/usr/bin"))):
        command = (*_as_nobody(home), each)
        # By way of `env`: `setpriv` itself may still read everything.
        done = subprocess.run((*command, "-c", _IMPORTS), capture_output=True, check=False)
        if not done.returncode:
            return command
    if "CI" in os.environ:
        raise RuntimeError("no Python here that an ordinary user can run")
    pytest.skip("no Python here that an ordinary user can run")


def _heavy(names: list[str]) -> set[str]:
    return {name for name in names if name.startswith(("trixie", "kube", ".lock"))}


def _as_nobody(home: Path) -> tuple[str, ...]:
    user = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    ours = (ROOT / "src", ROOT / "services", ROOT / "protos/gen", ROOT)
    modules = os.pathsep.join((*map(str, ours), packages))
    return (*user, "env", f"HOME={home}", f"PYTHONPATH={modules}", "PYTHONDONTWRITEBYTECODE=1")
