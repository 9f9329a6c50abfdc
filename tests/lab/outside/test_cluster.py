"""The cluster from outside: an ordinary user has it, and nothing of it is left, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.outside.test_sandbox import mounts, read, spaces
from tests.support.lab import eventually
from tests.support.manifests import RENDERED, ROOT

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(240)]

LAB = ("-m", "meshdoctor.lab")
SECONDS = 60.0
IN_THE_SHOP = (
    "import urllib.request as u; p = u.urlopen('http://10.0.0.10:30997/');"
    " print(p.status, p.headers['X-Mesh-Freshness'])"
)


def of_the_lab() -> list[int]:
    """Every process of a cluster: services, agents, the API, what was started for them."""
    words = ("marketplace", "recommendations", "meshdoctor.agent", "meshdoctor.lab.kubeapi", "nsd")
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if set(read(path).split("\0")) & set(words)
    ]


def test_an_ordinary_user_has_the_whole_mesh(ordinary: tuple[str, ...]) -> None:
    """Without any privilege: the page is live by way of a node that has no Pod of the shop."""
    words = ("shell", "--users=0", "worker-1", "--", "python3", "-c", IN_THE_SHOP)
    done = subprocess.run(
        (*ordinary, *LAB, *words), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (0, "200 live") == (done.returncode, done.stdout.splitlines()[-1]), done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_cluster_that_was_stopped(number: signal.Signals) -> None:
    """Whether somebody pressed Ctrl-C or killed it: no process, no namespace, no mount, no file."""
    mounted, before, others = mounts(), spaces(), set(of_the_lab())
    with subprocess.Popen(
        (sys.executable, *LAB, "cluster", "--users=5"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as lab:
        assert lab.stdout
        try:
            assert any("Ctrl-C ends it all" in line for line in lab.stdout)
            assert len(set(of_the_lab()) - others) >= 10
            lab.send_signal(number)
            assert lab.wait(SECONDS) == (128 + number if number == signal.SIGINT else -number)
        finally:
            lab.kill()
    assert eventually(lambda: not set(of_the_lab()) - others, SECONDS)
    assert eventually(lambda: not spaces() - before, SECONDS)
    assert mounted == mounts()
    assert not Path("/run/meshdoctor").exists()


def test_nothing_is_left_of_a_cluster_that_did_not_start(tmp_path: Path) -> None:
    """A service that refuses its settings: its own words are the reason, and all else is ended."""
    before, others = spaces(), set(of_the_lab())
    text = (RENDERED / "kubeadm.yaml").read_text("utf-8")
    broken = tmp_path / "broken.yaml"
    here = "- name: RECOMMENDATIONS_PORT\n          value: "
    assert here in text
    broken.write_text(text.replace(f'{here}"50051"', f'{here}"nowhere"'), "utf-8")
    assert broken.read_text("utf-8") != text
    done = subprocess.run(
        (sys.executable, *LAB, "cluster", f"--manifests={broken}"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 2 == done.returncode
    assert "recommendations-1" in done.stderr
    assert "RECOMMENDATIONS_PORT" in done.stderr
    assert eventually(lambda: not set(of_the_lab()) - others, SECONDS)
    assert eventually(lambda: not spaces() - before, SECONDS)


def test_a_place_that_is_not_there_is_one_line() -> None:
    """Before anything is built for it."""
    done = subprocess.run(
        (sys.executable, *LAB, "shell", "nowhere"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert (2, True) == (done.returncode, line.startswith("there is no nowhere, but control-plane"))
