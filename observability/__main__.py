"""`python -m observability [DIR]` writes every generated file; DIR is observability/generated."""

import argparse
from pathlib import Path
from typing import Final

from observability.files import files

GENERATED: Final = Path(__file__).with_name("generated")


def write(texts: dict[str, str], folder: Path) -> None:
    """Write texts below a folder, by their paths."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def remove_others(texts: dict[str, str], folder: Path) -> None:
    """Remove the files below a folder that nothing generates any more, and empty folders."""
    # The longest paths first, so that a folder comes after what it holds.
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(folder).as_posix() not in texts:
            path.unlink()


def main() -> None:
    """Write the files; what is left over from before is removed from our own folder only."""
    parser = argparse.ArgumentParser(prog="python -m observability", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=GENERATED, metavar="DIR")
    folder = parser.parse_args().folder
    texts = files()
    write(texts, folder)
    if folder.resolve() == GENERATED.resolve():
        remove_others(texts, folder)


if __name__ == "__main__":
    main()
