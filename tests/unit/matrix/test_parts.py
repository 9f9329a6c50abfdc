"""The parts of several meshes: together they are one matrix, and none is lost on the way."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.matrix.model import Matrix, read
from meshdoctor.lab.matrix.parts import PARTS, PICTURE, RESULT, begin, keep, kept, together
from meshdoctor.lab.matrix.picture import draw
from tests.support.trials import BEGAN, good, matrix, quiet

KEEPS = """
import sys
from pathlib import Path
from meshdoctor.lab.matrix.parts import keep
from tests.support.trials import good, matrix

mesh, trials = int(sys.argv[2]), []
for number in range(5):
    trials.append(good("app-down", mesh * 10 + number))
    keep(matrix(*trials), mesh, Path(sys.argv[1]))
"""
ROOT = Path(__file__).resolve().parents[3]

FIRST = replace(
    matrix(replace(good("app-down"), began=BEGAN + 10), replace(quiet(), began=BEGAN + 130)),
    at_once=2,
)
SECOND = replace(
    FIRST, began=BEGAN - 1, trials=(replace(good("dns-slow", 2), began=BEGAN + 60, names=()),)
)


def written(out: Path) -> Matrix:
    """Read the result."""
    return read((out / RESULT).read_text("utf-8"), RESULT)


def test_together_they_are_in_the_order_of_time() -> None:
    """Whichever mesh a trial was made in; the run began with the first of them."""
    whole = together((FIRST, SECOND))

    assert ["app-down", "dns-slow", "healthy"] == [one.fault for one in whole.trials]
    assert (BEGAN - 1, 2, FIRST.seed) == (whole.began, whole.at_once, whole.seed)


def test_each_part_that_is_kept_is_in_the_result_at_once(tmp_path: Path) -> None:
    """So that nothing has to be put together when somebody was killed."""
    begin(tmp_path)
    keep(FIRST, 1, tmp_path)
    alone = written(tmp_path)
    keep(SECOND, 2, tmp_path)
    both = written(tmp_path)

    assert {"app-down", "healthy"} == {one.fault for one in alone.trials}
    assert set(together((FIRST, SECOND)).trials) == set(both.trials)
    assert draw(both) == (tmp_path / PICTURE).read_text("utf-8")
    missed = json.loads((tmp_path / RESULT).read_text("utf-8"))["missed"]
    assert ["dns-slow, round 2: the doctor said healthy"] == missed


def test_meshes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes that write as fast as they can: the last result has all their trials."""
    begin(tmp_path)
    command = (sys.executable, "-c", KEEPS, str(tmp_path))
    running = [subprocess.Popen((*command, str(mesh)), cwd=ROOT) for mesh in range(1, 5)]

    assert [0] * 4 == [one.wait(60) for one in running]
    numbers = sorted(one.round for one in written(tmp_path).trials)
    assert [mesh * 10 + number for mesh in range(1, 5) for number in range(5)] == numbers


def test_a_new_run_does_not_take_in_the_last_one(tmp_path: Path) -> None:
    """It may have had more meshes; its result stays until there is a new one."""
    begin(tmp_path)
    keep(FIRST, 2, tmp_path)
    begin(tmp_path)

    assert () == kept(tmp_path)
    assert {"app-down", "healthy"} == {one.fault for one in written(tmp_path).trials}


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    """One line, and the file in it."""
    begin(tmp_path)
    damaged = tmp_path / PARTS / "1.json"
    damaged.write_text("{", "utf-8")
    with pytest.raises(LabError, match=rf"^{damaged} is no matrix: "):
        kept(tmp_path)
