"""The cluster from outside: an ordinary user has it, and nothing of it is left, however it ends."""

import errno
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.outside.test_sandbox import mounts, read
from tests.support.lab import eventually, free_port
from tests.support.manifests import RENDERED, ROOT

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(240)]

LAB = ("-m", "meshdoctor.lab")
SECONDS = 60.0
IN_THE_SHOP = (
    "import urllib.request as u; p = u.urlopen('http://10.0.0.10:30997/');"
    " print(p.status, p.headers['X-Mesh-Freshness'])"
)


def spaces_of(paths: Iterable[Path]) -> set[str]:
    """The network namespaces behind links in /proc; a process may just have ended."""
    found = set()
    for path in paths:
        with suppress(OSError):
            found.add(str(path.readlink()))
    return found


@dataclass(frozen=True, slots=True)
class Marked:
    """Runs that are told from everybody else's by a variable that all their processes inherit.

    Attributes:
        mark: its value.
        more: other variables.
    """

    mark: str
    more: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of such a run."""
        return {**os.environ, **self.more, "LAB_TEST": self.mark}

    def processes(self) -> list[int]:
        """Every process of it."""
        wanted = f"LAB_TEST={self.mark}"
        return [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/environ")
            if wanted in read(path).split("\0")
        ]

    def spaces(self) -> set[str]:
        """Every network namespace that they are in."""
        return spaces_of(Path(f"/proc/{each}/ns/net") for each in self.processes())

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the lab to its end."""
        return subprocess.run(
            (sys.executable, *LAB, *words),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def marked() -> Marked:
    """A run that no other test knows, on ports of its own."""
    names = ("MARKETPLACE", "PROMETHEUS", "ALERTMANAGER")
    return Marked(secrets.token_hex(8), {f"MESH_{name}_PORT": str(free_port()) for name in names})


def test_an_ordinary_user_has_the_whole_mesh(ordinary: tuple[str, ...]) -> None:
    """Without any privilege: the page is live by way of a node that has no Pod of the shop."""
    words = ("shell", "--users=0", "worker-1", "--", "python3", "-c", IN_THE_SHOP)
    done = subprocess.run(
        (*ordinary, *LAB, *words), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (0, "200 live") == (done.returncode, done.stdout.splitlines()[-1]), done.stderr


@contextmanager
def standing(marked: Marked) -> Iterator["subprocess.Popen[str]"]:
    """A cluster with a few readers."""
    command = (sys.executable, *LAB, "cluster", "--users=5")
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=marked.environment
    ) as lab:
        assert lab.stdout
        try:
            assert any("Ctrl-C ends it all" in line for line in lab.stdout)
            yield lab
        finally:
            lab.kill()


def freshness(marked: Marked) -> str:
    """Where the books come from on the page, as a browser of this machine sees it."""
    port = int(marked.more["MESH_MARKETPLACE_PORT"])
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/")
        return str(connection.getresponse().headers["X-Mesh-Freshness"])


def nobody_listens(marked: Marked) -> bool:
    """Whether the page's port is free again."""
    with socket.socket() as probe:
        probe.settimeout(2)
        port = int(marked.more["MESH_MARKETPLACE_PORT"])
        return probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def lab_mounts() -> list[str]:
    """What is mounted here of the kinds that the lab mounts; others may mount what they like."""
    kinds = (" /run", " /etc/", " /proc ", "kubernetes.io", "netns")
    return [line for line in mounts().splitlines() if any(kind in line for kind in kinds)]


def nobody_is_in(spaces: set[str]) -> bool:
    """Whether these network namespaces are gone, as far as processes can be in them."""
    return not spaces & spaces_of(Path("/proc").glob("[0-9]*/ns/net"))


def test_a_cluster_is_seen_and_entered_from_outside_until_ctrl_c(marked: Marked) -> None:
    """The page on loopback, a Pod from another terminal; then no process, namespace or mount."""
    mounted, ours = lab_mounts(), str(Path("/proc/self/ns/net").readlink())
    with standing(marked) as lab:
        assert "live" == freshness(marked)
        assert "marketplace-2\n" == marked.run("shell", "marketplace-2", "--", "hostname").stdout
        made = marked.spaces() - {ours}
        lab.send_signal(signal.SIGINT)
        assert 128 + signal.SIGINT == lab.wait(SECONDS)
    assert eventually(lambda: not marked.processes(), SECONDS)
    assert eventually(lambda: nobody_is_in(made), SECONDS)
    assert mounted == lab_mounts()


def test_nothing_is_left_of_a_cluster_that_was_killed(marked: Marked) -> None:
    """SIGKILL of the command: no process, no namespace, no mount, no file, and its port is free."""
    mounted, ours = lab_mounts(), str(Path("/proc/self/ns/net").readlink())
    with standing(marked) as lab:
        made = marked.spaces() - {ours}
        assert len(made) >= 10
        lab.kill()
        lab.wait(SECONDS)
        assert eventually(lambda: not marked.processes(), SECONDS)
        assert eventually(lambda: nobody_is_in(made), SECONDS)
    assert mounted == lab_mounts()
    assert not Path("/run/meshdoctor").exists()
    assert eventually(lambda: nobody_listens(marked), SECONDS)


def test_nothing_is_left_of_a_cluster_that_did_not_start(marked: Marked, tmp_path: Path) -> None:
    """A service that refuses its settings: its own words are the reason, and all else is ended."""
    text = (RENDERED / "kubeadm.yaml").read_text("utf-8")
    broken = tmp_path / "broken.yaml"
    here = "- name: RECOMMENDATIONS_PORT\n          value: "
    assert here in text
    broken.write_text(text.replace(f'{here}"50051"', f'{here}"nowhere"'), "utf-8")
    assert broken.read_text("utf-8") != text
    done = marked.run("run", f"--manifests={broken}", "app-down")
    assert 2 == done.returncode
    assert "recommendations-1" in done.stderr
    assert "RECOMMENDATIONS_PORT" in done.stderr
    assert eventually(lambda: not marked.processes(), SECONDS)


def test_a_place_that_is_not_there_is_one_line(marked: Marked) -> None:
    """Before anything is built for it."""
    done = marked.run("shell", "nowhere")
    (line,) = done.stderr.splitlines()
    said = "there is no nowhere, but visitor, control-plane"
    assert (2, True) == (done.returncode, line.startswith(said))
