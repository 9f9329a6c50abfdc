"""Make the root of an image from its base: the one program in it is Python.

`python3 root.py FOLDER` changes a copy of the base in place. What goes is never opened by a Python
service. Nothing in the folder is run, so the base may be of any platform.
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin")
KEPT: Final = "python"
NEEDLESS: Final = (
    "usr/lib/*/gconv",  # character sets for iconv(3), a third of arm64's libraries
    "usr/lib/python3*/ensurepip",
    "usr/lib/python3*/idlelib",
    "usr/lib/python3*/pydoc_data",
    "usr/lib/python3*/test",
    "usr/lib/python3*/turtledemo",
    "usr/share/doc/*/changelog*",  # copyright stays
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/python-wheels",
)
OURS: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"


def has_our_python(root: Path) -> bool:
    """Say whether packages and bytecode that are made here suit the base."""
    folders = (root / "usr/lib", root / "usr/local/lib")
    return any((folder / OURS / "os.py").is_file() for folder in folders)


def needless(root: Path) -> Iterator[Path]:
    """Yield what no service opens."""
    for pattern in NEEDLESS:
        yield from root.glob(pattern)
    for folder in PROGRAMS:
        if not (root / folder).is_symlink():
            yield from (
                path for path in (root / folder).glob("*") if not path.name.startswith(KEPT)
            )


def main() -> int:
    """Remove it; return 0, or 1 and say why when the base is of another Python."""
    root = Path(sys.argv[1])
    if not has_our_python(root):
        why = f"BUILDER has {OURS}, BASE has not: give two of the same minor version."
        print(why, file=sys.stderr)
        return 1
    for path in list(needless(root)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # some have two names
    return 0


if __name__ == "__main__":
    sys.exit(main())
