"""The sandbox, from outside: what it gives, and that nothing of it stays."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.lab import eventually
from tests.support.manifests import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ENTER = ("-m", "tests.support.sandboxed")
FAMILY = "sleep {0} & (setsid sleep {0} &) ; echo up; exec sleep {0}"
EACH = (
    "import os; from meshdoctor.lab.net.sandbox import enter_each; "
    "print(enter_each([{0}], os.environ))"
)
TWO = EACH.format(
    "('sh', '-c', 'readlink /proc/self/ns/net; exit 3'), "
    "('sh', '-c', 'sleep 0.2; readlink /proc/self/ns/net')"
)
SLEEP_TWICE = EACH.format("('sleep', '1198.25'), ('sleep', '1198.25')")
FORBID = (
    "echo 0 > /proc/sys/user/max_user_namespaces; "
    'exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
)


def sandboxed(
    *command: str, python: tuple[str, ...] = (sys.executable,)
) -> subprocess.CompletedProcess[str]:
    """Run a command in a sandbox, to its end."""
    return subprocess.run(
        (*python, *ENTER, *command), cwd=ROOT, capture_output=True, text=True, check=False
    )


def mounts() -> str:
    """What is mounted for this process."""
    return Path("/proc/self/mounts").read_text()


def running(seconds: str) -> list[int]:
    """Every `sleep` for exactly so long."""
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if read(path).split("\0")[:2] == ["sleep", seconds]
    ]


def read(path: Path) -> str:
    """A file of a process that may just have ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


def spaces() -> set[str]:
    """Every network namespace that a process is in."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(str(path.readlink()))
        except OSError:
            continue
    return found


@contextmanager
def family(marker: str) -> Iterator[subprocess.Popen[str]]:
    """A sandbox with processes in it, one of them in a session of its own."""
    command = (sys.executable, *ENTER, "sh", "-c", FAMILY.format(marker))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout
        assert "up\n" == lab.stdout.readline()
        assert eventually(lambda: len(running(marker)) == 3)
        try:
            yield lab
        finally:
            lab.kill()


def test_a_command_is_root_alone_in_its_own_rooms(ordinary: tuple[str, ...]) -> None:
    """Also an ordinary user's: root, few processes, no network but loopback, a /run of its own."""
    seen = sandboxed(
        *("sh", "-c", "id -u; echo /proc/[0-9]*; ls /sys/class/net /run; ip -o link | wc -l"),
        python=ordinary,
    )
    user, processes, *_, links = seen.stdout.split("\n")[:-1]
    assert ("0", "1") == (user, links)
    assert len(processes.split()) <= 4


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_the_commands(code: int) -> None:
    """A shell can ask for it as if there was no sandbox."""
    assert code == sandboxed("sh", "-c", f"exit {code}").returncode


def test_what_cannot_be_run_is_told(tmp_path: Path) -> None:
    """A program that is not there is a failure with a reason, and no traceback."""
    done = sandboxed(str(tmp_path / "absent"))
    assert 0 != done.returncode


def test_several_at_once_are_rooms_of_their_own() -> None:
    """Each has its network, and its exit code is told in the order of the commands."""
    command = (sys.executable, "-c", TWO)
    seen = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    *rooms, codes = seen.stdout.splitlines()
    assert "(3, 0)" == codes
    assert 2 == len(set(rooms) - spaces())


def test_a_wish_to_stop_reaches_each_of_several() -> None:
    """And SIGKILL, too, leaves none of them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with subprocess.Popen((sys.executable, "-c", SLEEP_TWICE), cwd=ROOT) as lab:
            assert eventually(lambda: len(running("1198.25")) == 2, 30)
            lab.send_signal(number)
            lab.wait(10)
        assert eventually(lambda: not running("1198.25"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_wish_to_stop_reaches_the_command(number: signal.Signals) -> None:
    """The command decides what becomes of it; `sleep` ends, and 128 + N is the exit code."""
    before = mounts()
    with family(f"11{number.value}.25") as lab:
        lab.send_signal(number)
        assert 128 + number == lab.wait(5)
    assert not running(f"11{number.value}.25")
    assert before == mounts()


def test_sigkill_of_the_lab_leaves_nothing() -> None:
    """No code of ours runs then, and yet no process, namespace or mount is left."""
    mounted, before = mounts(), spaces()
    with family("1199.25") as lab:
        assert spaces() - before
        lab.kill()
        assert eventually(lambda: not running("1199.25"))
    assert eventually(lambda: not spaces() - before)
    assert mounted == mounts()


def test_where_it_is_forbidden_one_line_says_what_to_change() -> None:
    """The setting, its value, and the command that changes it; tried on the real setting."""
    python = (sys.executable, *ENTER, "true")
    forbidden = ("unshare", "--user", "--map-root-user", "sh", "-c", FORBID, "sh", *python)
    done = subprocess.run(forbidden, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (
        "the lab may not make namespaces here, because user.max_user_namespaces is 0: as root run "
        "`sysctl -w user.max_user_namespaces=15000`, or run the lab as root"
    ) == done.stderr.strip().splitlines()[-1].partition(": ")[2]


def test_a_sandbox_is_there_at_once() -> None:
    """It must not be what a start of the lab waits for: generous here, printed where it is run."""
    began = time.monotonic()
    assert 0 == sandboxed("true").returncode
    assert time.monotonic() - began < 10
