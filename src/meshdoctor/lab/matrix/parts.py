"""The files of a run: a part for each mesh, and what all parts are together."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from meshdoctor.lab.matrix.judge import missed
from meshdoctor.lab.matrix.model import Matrix, document, read
from meshdoctor.lab.matrix.picture import draw
from meshdoctor.lab.matrix.stage import alone

RESULT: Final = "matrix.json"
PICTURE: Final = "matrix.svg"
PARTS: Final = "parts"


def begin(out: Path) -> None:
    """Have a folder for parts without those of an earlier run.

    Raises:
        OSError: it cannot be written.
    """
    parts = out / PARTS
    if parts.exists():
        shutil.rmtree(parts)
    parts.mkdir(parents=True)


def keep(part: Matrix, mesh: int, out: Path) -> None:
    """Write what a mesh has tried so far, and all that any mesh has: each whole or not at all.

    Whoever writes a part puts all of them together, so nothing is left to do when one is killed.

    Args:
        part: its trials.
        mesh: its number.
        out: the folder of the results, after `begin`.

    Raises:
        OSError: it cannot be written.
    """
    with alone(out / PARTS):
        _write(out / PARTS / f"{mesh}.json", _text(part))
        whole = together(kept(out))
        _write(out / RESULT, _text(whole))
        _write(out / PICTURE, draw(whole))


def kept(out: Path) -> tuple[Matrix, ...]:
    """Return the parts that there are.

    Raises:
        LabError: one is damaged.
    """
    files = sorted((out / PARTS).glob("[0-9]*.json"))
    return tuple(read(file.read_text("utf-8"), str(file)) for file in files)


def together(parts: Sequence[Matrix]) -> Matrix:
    """Return one matrix with the trials of all parts, by the time at which they began.

    Args:
        parts: of one run; at least one.
    """
    trials = sorted((one for part in parts for one in part.trials), key=lambda one: one.began)
    return replace(parts[0], began=min(part.began for part in parts), trials=tuple(trials))


def _text(matrix: Matrix) -> str:
    return json.dumps(document(matrix, missed(matrix)), indent=2) + "\n"


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}")
    new.write_text(text, "utf-8")
    new.replace(path)
