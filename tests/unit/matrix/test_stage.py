"""The stage: one at a time has it, whoever dies gives it back, and who waits can be stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshdoctor.lab.interruption import Interrupted, Interruption
from meshdoctor.lab.matrix.stage import Stage, alone

TAKES = """
import sys
import time
from pathlib import Path
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.stage import Stage

folder, often, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
for _time in range(often):
    with Stage(folder, Interruption()).taken(), (folder / "seen").open("a", 1) as seen:
        seen.write("in\\n")
        print("in", flush=True)
        time.sleep(seconds)
        seen.write("out\\n")
"""


@contextmanager
def taking(folder: Path, often: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Have a process that takes the stage so often, for so long each."""
    command = (sys.executable, "-c", TAKES, str(folder), str(often), str(seconds))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_one_at_a_time_has_it(tmp_path: Path) -> None:
    """Three processes that want it twice each: nobody comes while another is there."""
    with (
        taking(tmp_path, 2, 0.05) as one,
        taking(tmp_path, 2, 0.05) as two,
        taking(tmp_path, 2, 0.05) as three,
    ):
        assert [0, 0, 0] == [each.wait(60) for each in (one, two, three)]

    assert ["in", "out"] * 6 == (tmp_path / "seen").read_text().split()


def test_whoever_is_killed_gives_it_back(tmp_path: Path) -> None:
    """The kernel takes the lock of a dead process; no code of ours runs then."""
    with taking(tmp_path, 1, 600) as holder:
        assert holder.stdout
        assert "in\n" == holder.stdout.readline()
        holder.kill()
        with Stage(tmp_path, Interruption()).taken():
            assert ["in"] == (tmp_path / "seen").read_text().split()


def test_whoever_waits_can_be_stopped(tmp_path: Path) -> None:
    """Ctrl-C does not have to wait until the stage is free."""
    interruption = Interruption()
    taken = Stage(tmp_path, interruption).taken()
    with alone(tmp_path), interruption.installed():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted) as raised:
            taken.__enter__()

    assert 130 == raised.value.exit_code


def test_a_failure_gives_it_back(tmp_path: Path) -> None:
    """A trial that cannot go on does not stop the other meshes."""
    stage = Stage(tmp_path, Interruption())
    with pytest.raises(OSError, match="gone"), stage.taken():
        raise OSError("gone")
    with stage.taken():
        left = sorted(tmp_path.iterdir())

    assert [] == left
