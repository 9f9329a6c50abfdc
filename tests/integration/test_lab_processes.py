"""The lab's processes, real ones: what starts is known, and what is known is given back."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from meshdoctor.lab.crew import Crew
from meshdoctor.lab.guardian import watch
from meshdoctor.lab.interruption import Interrupted, Interruption
from meshdoctor.lab.processes import NotReady, Process, ProcessDied, Program
from tests.support.lab import alive, eventually, free_port, state

pytestmark = pytest.mark.integration

LISTEN = "import socket,time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
STUBBORN = (
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(60)"
)
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
A_LAB = """
import sys, time
from pathlib import Path
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.guardian import watch
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.processes import Program
with Crew.at_work(Path(sys.argv[1]), Interruption()) as crew:
    (process,) = crew.start(Program("parent", (sys.executable, "-c", sys.argv[2])))
    while not process.log.read_text():
        time.sleep(0.02)
    print(process.pid, process.log.read_text(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    """A crew whose processes are ended after the test."""
    with Crew.at_work(tmp_path, Interruption()) as crew:
        yield crew


def python(name: str, code: str, **options: object) -> Program:
    """A program of a few lines of Python."""
    return Program(name, (sys.executable, "-c", code), **options)  # type: ignore[arg-type]


def test_ready_means_that_it_answers(crew: Crew) -> None:
    """After `wait_ready` a connection is accepted at once."""
    port = free_port()
    (process,) = crew.start(
        python("server", LISTEN.format(port=port), ready=f"tcp://127.0.0.1:{port}")
    )
    process.wait_ready()

    socket.create_connection(("127.0.0.1", port), 1).close()


def test_a_process_that_dies_early_shows_its_log(crew: Crew) -> None:
    """The sentence names the process, how it ended, and the last lines that it wrote."""
    (process,) = crew.start(
        python(
            "front", "print('a', flush=True); exit('no such book: 7')", ready="tcp://127.0.0.1:9"
        )
    )

    with pytest.raises(ProcessDied) as caught:
        process.wait_ready()

    assert (
        f"front ended with exit code 1 before it was ready; {process.log} ends with:\n"
        "    a\n"
        "    no such book: 7" == str(caught.value)
    )


def test_a_program_that_is_not_there_is_told(crew: Crew) -> None:
    """A missing program is a sentence, no stack trace."""
    (process,) = crew.start(Program("front", ("/no/such",), ready="tcp://127.0.0.1:9"))

    with pytest.raises(ProcessDied, match="cannot run /no/such: No such file or directory"):
        process.wait_ready()


def test_a_silent_process_is_given_up_on(crew: Crew) -> None:
    """A process that never listens ends the wait at its deadline, with address and deadline."""
    program = python(
        "front", "import time; time.sleep(9)", ready="tcp://127.0.0.1:9", ready_seconds=0.2
    )
    (process,) = crew.start(program)

    with pytest.raises(NotReady, match=r"did not answer at tcp://127.0.0.1:9 within 0.2 s"):
        process.wait_ready()


def test_a_later_death_is_noticed_and_a_wanted_one_is_not(crew: Crew) -> None:
    """`check` raises for a process that ended by itself, and never for one that was killed."""
    killed, died = crew.start(python("killed", PARENT), python("died", "pass"))
    killed.kill()
    died.wait(5)

    with pytest.raises(ProcessDied, match="died ended with exit code 0 while the mesh ran"):
        crew.check()


def test_faults_are_the_signals_they_are_named_after(crew: Crew) -> None:
    """Stop freezes, cont thaws, kill ends the children too, restart brings back another."""
    (process,) = crew.start(python("parent", PARENT))
    assert eventually(lambda: process.log.read_text().strip() != "")
    first, child = process.pid, int(process.log.read_text())

    process.stop()
    assert eventually(lambda: "T" == state(first) == state(child))
    process.cont()
    assert eventually(lambda: "S" == state(first) == state(child))
    process.kill()
    assert eventually(lambda: not alive(first) and not alive(child))
    process.restart()
    assert process.running
    assert first != process.pid


def test_a_frozen_or_stubborn_process_ends_too(crew: Crew) -> None:
    """SIGTERM, a while, SIGKILL; a frozen process is thawed, so that it may end in order."""
    frozen, stubborn = crew.start(
        Program("frozen", ("sleep", "60")), python("stubborn", STUBBORN, stop_seconds=0.3)
    )

    assert eventually(partial(said_up, stubborn))

    frozen.stop()
    frozen.end()
    stubborn.end()

    assert (-signal.SIGTERM, -signal.SIGKILL) == (frozen.exit_code, stubborn.exit_code)


def said_up(process: Process) -> bool:
    """Whether it wrote that it is up."""
    return process.log.read_text() == "up\n"


def test_waves_end_in_reverse(tmp_path: Path) -> None:
    """What started last ends first: a front is gone before its backends."""
    note = (
        "import pathlib,signal,sys,time; "
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up', flush=True)\n"
        "try: time.sleep(60)\n"
        "finally: pathlib.Path({path!r}).open('a').write({name!r})"
    )
    path = str(tmp_path / "order")
    with Crew.at_work(tmp_path / "logs", Interruption()) as crew:
        for name in "abc":
            (process,) = crew.start(python(name, note.format(path=path, name=name)))
            assert eventually(partial(said_up, process))

    assert "cba" == Path(path).read_text()


def test_an_error_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """Whatever goes wrong in the body, every process that was started is gone."""
    started: list[Process] = []

    def body() -> None:
        with Crew.at_work(tmp_path, Interruption()) as crew:
            started.extend(crew.start(*(python(name, PARENT) for name in "ab")))
            raise LookupError

    with pytest.raises(LookupError):
        body()

    assert [False, False] == [alive(process.pid) for process in started]


def test_no_process_is_started_after_a_signal(tmp_path: Path) -> None:
    """Once someone pressed Ctrl-C, nothing more begins."""
    interruption = Interruption()
    with Crew.at_work(tmp_path, interruption) as crew, interruption.installed():
        os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Interrupted):
            crew.start(Program("late", ("sleep", "60")))

    assert not (tmp_path / "late.log").exists()


@pytest.mark.parametrize("frozen", [False, True])
def test_no_process_outlives_a_killed_lab(tmp_path: Path, *, frozen: bool) -> None:
    """SIGKILL of the lab, and its processes are gone with their children, frozen ones too."""
    command = (sys.executable, "-c", A_LAB, str(tmp_path), PARENT)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout
        pids = [int(word) for word in lab.stdout.readline().split()]
        assert [True, True] == [alive(pid) for pid in pids]
        if frozen:
            os.killpg(pids[0], signal.SIGSTOP)
        lab.kill()

    assert eventually(lambda: [False, False] == [alive(pid) for pid in pids])


def test_the_guardian_spares_what_was_struck_out() -> None:
    """The number of a group that has ended may be another's by now, and stays untouched."""
    sleeper = (sys.executable, "-c", "import time; time.sleep(60)")
    with subprocess.Popen(sleeper, process_group=0) as another:
        watch([f"+{another.pid}\n", f"-{another.pid}\n"])
        assert alive(another.pid)
        watch([f"+{another.pid}\n"])

    assert -signal.SIGKILL == another.returncode


def test_ctrl_c_in_a_terminal_reaches_the_lab_alone(crew: Crew) -> None:
    """Each process leads a group of its own, so the lab decides the order in which they end."""
    (process,) = crew.start(Program("sleeper", ("sleep", "60")))

    assert process.pid == os.getpgid(process.pid) != os.getpgrp()
