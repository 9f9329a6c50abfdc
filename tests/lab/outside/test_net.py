"""The command `net`, as a person starts it: `python -m meshdoctor.lab net`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.outside.test_sandbox import mounts, running, spaces
from tests.support.lab import eventually
from tests.support.manifests import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

NET = ("-m", "meshdoctor.lab", "net")
NAMES = Path("/run/netns")
ROWS = ("mesh-agent-1", "marketplace-2", "control-plane", "worker-2", "a visitor")


def net(
    *arguments: str, python: tuple[str, ...] = (sys.executable,)
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = (*python, *NET, *arguments)
    environment = {**os.environ, "COLUMNS": "140"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("mtu", ["1500", "9001"])
def test_the_table_shows_every_asker_of_a_healthy_network(mtu: str) -> None:
    """Exit code 0 says that each edge works, with packets of usual and of jumbo size."""
    names = NAMES.exists()
    done = net("--mtu", mtu)
    assert (0, "") == (done.returncode, done.stderr)
    assert all(row in done.stdout for row in ROWS)
    assert "no answer" not in done.stdout
    assert names == NAMES.exists()


def test_an_ordinary_user_sees_a_fault_and_a_pod(ordinary: tuple[str, ...]) -> None:
    """Without any privilege: the story's fault, and DNS silent in a Pod because of it."""
    ask = "import socket; socket.gethostbyname('recommendations.bookstore.svc.cluster.local.')"
    done = net(
        *("--fault", "network-nodes-blocked", "--in", "marketplace-2"),
        *("--", "python3", "-c", ask),
        python=ordinary,
    )
    assert "network-nodes-blocked: all traffic between nodes is dropped" in done.stdout
    assert "no answer" in done.stdout
    assert "Temporary failure in name resolution" in done.stderr
    assert 1 == done.returncode


def test_a_command_sees_its_pods_names() -> None:
    """The resolver, the hosts and the host name are the Pod's; the exit code is the command's."""
    files = "hostname; cat /etc/resolv.conf /etc/hosts; exit 7"
    done = net("--in", "recommendations-2", "--", "sh", "-c", files)
    assert 7 == done.returncode
    assert [
        "recommendations-2",
        "nameserver 10.96.0.10",
        "search bookstore.svc.cluster.local svc.cluster.local cluster.local",
        "options ndots:2 timeout:1 attempts:2",
    ] == done.stdout.splitlines()[-6:-2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--in", "nowhere"), "there is no nowhere, but control-plane, worker-1"),
        (("--manifests", "/nonexistent.yaml"), "cannot read the manifests"),
    ],
)
def test_a_wrong_wish_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    """It says what is wrong, and nothing was built for it."""
    done = net(*arguments)
    (line,) = done.stderr.splitlines()
    assert (2, True) == (done.returncode, line.startswith(said))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_network_that_was_stopped(number: signal.Signals) -> None:
    """Whether somebody pressed Ctrl-C or killed it: no process, no namespace, no mount, no file."""
    mounted, before, marker = mounts(), spaces(), f"22{number.value}.25"
    command = (sys.executable, *NET, "--in", "worker-1", "--", "sleep", marker)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as lab:
        try:
            assert eventually(lambda: bool(running(marker)), 60)
            assert len(spaces() - before) >= 2
            lab.send_signal(number)
            lab.wait(30)
        finally:
            lab.kill()
    assert eventually(lambda: not running(marker), 10)
    assert eventually(lambda: not spaces() - before, 10)
    assert mounted == mounts()
    assert not Path("/run/meshdoctor").exists()
