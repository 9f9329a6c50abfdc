"""Install a lock for the platform that an image is for, whatever platform builds it.

`python3 packages.py LOCK FOLDER` picks the wheels of TARGETARCH, as BuildKit and Buildah set it:
hashes are checked, nothing is compiled by a compiler, nothing of the other platform is run.
"""

import compileall
import os
import subprocess
import sys
from py_compile import PycInvalidationMode
from typing import Final

MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
# From Debian 12's down to the oldest that wheels are still made for: PEP 600's tags do not imply
# each other when pip is told a platform.
GLIBCS: Final = range(36, 16, -1)


def command(lock: str, folder: str, machine: str) -> list[str]:
    """Return pip's command.

    Args:
        lock: a requirements file with a hash for everything it names.
        folder: where packages go.
        machine: the processor, as wheels' tags name it.
    """
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile"),
        *("--disable-pip-version-check", "--root-user-action=ignore", "--no-deps"),
        *("--require-hashes", f"--requirement={lock}", f"--target={folder}"),
        *("--only-binary=:all:", *(f"--platform=manylinux_2_{n}_{machine}" for n in GLIBCS)),
        f"--platform=manylinux2014_{machine}",
    ]


def main() -> int:
    """Install and compile; return 0, pip's exit code, or 1 when a file does not compile."""
    lock, folder = sys.argv[1:]
    done = subprocess.run(command(lock, folder, MACHINES[os.environ["TARGETARCH"]]), check=False)
    if done.returncode:
        return done.returncode
    # Never looked at again: images lose the files' times, and nobody may write beside them.
    compiled = compileall.compile_dir(
        folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
    )
    return 0 if compiled else 1


if __name__ == "__main__":
    sys.exit(main())
