"""The local view of a real mesh: its pages from the real Prometheus, its spans, its logs."""

import os
import re
import signal
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshdoctor.lab import load
from meshdoctor.lab.boards import snapshot
from meshdoctor.lab.boards.reader import read_boards
from meshdoctor.lab.boards.server import BoardServer
from meshdoctor.lab.boards.site import Site
from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.up import sources_of
from tests.support.lab import alive, eventually, lab_settings

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(180)]

CACHE = LabSettings().cache.expanduser()
BOARDS = ("mesh-overview", "mesh-grpc", "mesh-dns-network", "mesh-load", "mesh-runtime")
PAGES = (*(f"d/{uid}" for uid in BOARDS), "", "alerts", "traces", "runbook")
TRACE = re.compile(r'href="/traces/([0-9a-f]{32})"')
MISSING = re.compile(r"<strong>No data</strong> (.*?)</p>")


@dataclass(frozen=True, slots=True)
class Shown:
    """A mesh under load and the address of its local view."""

    mesh: Mesh
    url: str
    began: float

    def page(self, path: str) -> str:
        """Fetch a page that has to be there."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=20) as answer:  # noqa: S310 - ours
            return str(answer.read().decode())


@contextmanager
def shown(out: Path) -> Iterator[Shown]:
    """Run a mesh with Prometheus under load, and its local view."""
    settings = lab_settings(cache=CACHE, packages=True)
    with loopback_mesh(settings, out, monitored=True) as mesh:
        if mesh.prometheus is None and "CI" not in os.environ:
            pytest.skip(mesh.notes[0])  # a machine without the packages; CI has to have them
        assert () == mesh.notes
        plan = load.LoadPlan(users=10, seconds=150, shape="steady")
        result = (out / "load.json").resolve()
        mesh.crew.start(load.program(plan, mesh.url, result, mesh.load_address))
        began = time.time()
        with BoardServer(settings.host, 0, Site(sources_of(mesh))) as server:
            yield Shown(mesh, server.url, began)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A local view that has calls and exemplars to show."""
    with shown(tmp_path_factory.mktemp("boards")) as running:
        assert eventually(lambda: bool(TRACE.search(running.page("d/mesh-grpc"))), 60)
        yield running


def kill_prometheus(mesh: Mesh) -> None:
    """Kill the Prometheus of this mesh, found by its configuration, and wait until it is gone."""
    config = str(mesh.out / "monitoring" / "prometheus.yml")
    (pid,) = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if f"--config.file={config}" in path.read_bytes().decode().split("\0")
    ]
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not alive(pid), 10)


def test_every_page_is_there(mesh: Shown) -> None:
    """Each dashboard, the alerts, the traces and the runbook are answered, nothing in them late."""
    pages = {path: mesh.page(path) for path in PAGES}

    assert [] == [path for path, html in pages.items() if "did not answer" in html]
    assert [] == [path for path, html in pages.items() if "Not known" in html]


def test_what_has_no_data_says_what_it_needs(mesh: Shown) -> None:
    """In a mesh on one machine only the agent's and the cluster's panels have no data.

    The rules of the objectives are first looked at within half a minute.
    """

    def reasons() -> set[str]:
        return {reason for uid in BOARDS for reason in MISSING.findall(mesh.page(f"d/{uid}"))}

    expected = {"Needs the agent on each node.", "Needs kube-state-metrics."}
    assert eventually(lambda: reasons() == expected, 90), reasons()


def test_a_diamond_leads_to_a_trace_and_its_log_lines(mesh: Shown) -> None:
    """From the gRPC dashboard one click leads to the spans of a request and to its log lines."""
    found = TRACE.search(mesh.page("d/mesh-grpc"))
    assert found

    trace = found.group(1)
    assert eventually(lambda: "Waterfall of a trace" in mesh.page(f"traces/{trace}"), 15)
    html = mesh.page(f"traces/{trace}")
    assert f'id="trace-{trace}"' in html
    assert "<td>http.request</td>" in html


def test_the_alerts_page_knows_prometheus_and_the_pager(mesh: Shown) -> None:
    """It is there and quiet in a healthy mesh; the watchdog, which is for machines, is no row."""
    html = mesh.page("alerts?from=now-15m")

    assert "What the pager got" in html
    assert "Watchdog" not in html


def test_the_report_has_the_same_panels(mesh: Shown) -> None:
    """A snapshot of the run has an answer for every panel but those that name what they need."""
    boards, problems = read_boards()
    assert () == problems

    def silent() -> list[str]:
        taken = snapshot.take(mesh.mesh.prometheus, boards, (), mesh.began, time.time())
        assert "" == taken.problem
        return [
            panel.title
            for board, answers in zip(taken.boards, taken.answers, strict=True)
            for panel, answer in zip(board.panels, answers, strict=True)
            if (answer.problem or not answer.series) and "Needs " not in panel.description
        ]

    assert eventually(lambda: silent() == [], 90), silent()


def test_the_report_knows_the_alerts(mesh: Shown) -> None:
    """The watchdog, which always fires, is among the alerts of a snapshot."""

    def names() -> set[str]:
        taken = snapshot.take(mesh.mesh.prometheus, (), (), mesh.began, time.time())
        return {span.name for span in taken.alerts}

    assert eventually(lambda: "Watchdog" in names(), 60)


def test_without_prometheus_the_pages_stay(mesh: Shown) -> None:
    """When Prometheus dies, every page is still answered, and those that ask it say so.

    The last test of this mesh: it hurts it.
    """
    kill_prometheus(mesh.mesh)

    pages = {path: mesh.page(path) for path in PAGES}

    told = {path for path, html in pages.items() if "Prometheus did not answer" in html}
    assert {"", "alerts", *(f"d/{uid}" for uid in BOARDS)} == told
