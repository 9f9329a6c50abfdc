"""The whole mesh on loopback, with the real services, and the two commands that run it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshdoctor.lab.evidence import gather
from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.model import Latency, LoadResult, group_traces
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.readiness import answers
from meshdoctor.lab.settings import LabSettings
from tests.support.lab import eventually, lab_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

CACHE = LabSettings().cache.expanduser()
OPENER = urllib.request.build_opener()
NO_LOAD = LoadResult(0, 0, 0.0, Latency(0, 0, 0), (), (), {}, (), (), 0, 0)


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    """A mesh with three backends, every request traced."""
    with loopback_mesh(lab_settings(), tmp_path) as mesh:
        yield mesh


def freshness(mesh: Mesh) -> str:
    """How fresh the front page is; raises when it is no 200."""
    with OPENER.open(mesh.url, timeout=5) as answer:
        return str(answer.headers["X-Mesh-Freshness"])


def test_the_mesh_serves_breaks_heals_and_drains(mesh: Mesh) -> None:
    """Live; with every backend killed still a page; live again after a restart; traces whole."""
    asked: list[str] = []

    def live() -> bool:
        asked.append(freshness(mesh))
        return asked[-1] == "live"

    assert eventually(live, seconds=10)

    for backend in mesh.recommendations:
        backend.kill()
    assert eventually(lambda: freshness(mesh) != "live")
    mesh.crew.check()  # a death on purpose is no reason to stop

    for backend in mesh.recommendations:
        backend.restart()
    assert eventually(lambda: freshness(mesh) == "live", seconds=10)

    assert ["live"] * 3 == [freshness(mesh) for _page in range(3)]  # traces that must be whole

    facts = gather(mesh, NO_LOAD, ended=1)
    # The backends of the first pages were killed before they told of their part.
    assert facts.complete_traces >= len(facts.traces) - len(asked) > 2
    assert [True] * 4 == [target.up for target in facts.targets]
    assert facts.causes
    assert {"live"} < set(facts.freshness)
    assert not any(process.running for process in (mesh.marketplace, *mesh.recommendations))


def holds(prometheus: Prometheus, expression: str) -> bool:
    """Whether an expression has any result now."""
    return len(prometheus.instant(expression)) > 0


def test_prometheus_sees_every_part(tmp_path: Path) -> None:
    """All five targets are up, calls are counted, exemplars name traces that arrived."""
    settings = lab_settings(cache=CACHE, packages=True)
    with loopback_mesh(settings, tmp_path, monitored=True) as mesh:
        if mesh.prometheus is None and "CI" not in os.environ:
            pytest.skip(mesh.notes[0])  # a machine without the packages; CI has to have them
        assert () == mesh.notes
        prometheus = mesh.prometheus
        assert prometheus
        calls = "sum(rate(rpc_client_call_duration_seconds_count[5s]))"
        seen = f"sum(up) == 5 and ({calls}) > 0"
        assert eventually(lambda: freshness(mesh) == "live" and holds(prometheus, seen), 15)
        assert {True} == {target.up for target in prometheus.targets()}
        assert min(target.samples for target in prometheus.targets()) > 10
        assert prometheus.version()[0] in "23"
        exemplars = prometheus.exemplars("rpc_client_call_duration_seconds_bucket", 0, 4e9)
        mesh.drain()
        traces = {trace.trace_id for trace in group_traces(mesh.spans.spans())}

    assert {exemplar.labels["trace_id"] for exemplar in exemplars} <= traces
    assert exemplars


@contextmanager
def lab(command: str, tmp_path: Path, until: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run a lab command with one backend and without Prometheus, up to a line of its output."""
    settings = lab_settings()
    arguments = (sys.executable, "-m", "meshdoctor.lab", *command.split(), "--out", str(tmp_path))
    variables = {
        "MESH_HOST": settings.host,
        "MESH_RECOMMENDATIONS_HOSTS": settings.recommendations_hosts[0],
        "MESH_CACHE": str(tmp_path / "cache"),
        "MESH_PACKAGES": "false",
        **env,
    }
    with subprocess.Popen(
        arguments,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith(until):
                break
        try:
            yield process
        finally:
            process.kill()


def listening() -> list[str]:
    """What still listens on the addresses of this test worker."""
    settings = lab_settings()
    return [
        f"{host}:{port}"
        for host in (settings.host, *settings.recommendations_hosts)
        for port in (30997, 50051, 9464, 10053, 4317, 9090, 9093, 9095, 9646)
        if answers(f"tcp://{host}:{port}")
    ]


@pytest.mark.parametrize(
    ("command", "until", "number"),
    [
        ("demo --seconds 30 --users 5", "pushing", signal.SIGINT),
        ("up", "Ctrl-C", signal.SIGKILL),
    ],
)
def test_nothing_is_left_whatever_ends_the_lab(
    tmp_path: Path, command: str, until: str, number: signal.Signals
) -> None:
    """After Ctrl-C in the middle of the load, or SIGKILL, no port listens any more."""
    with lab(command, tmp_path, until) as process:
        assert listening()
        process.send_signal(number)
        _, told = process.communicate(timeout=30)

    assert eventually(lambda: [] == listening())
    if number == signal.SIGKILL:
        assert -number == process.returncode
    else:
        assert 128 + number == process.returncode
        assert ["stopping", f"{number.name}: everything is stopped"] == told.split("\n")[1:3]


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    """One line with port and setting, exit code 2, and no log of any process."""
    host = lab_settings().host
    with (
        socket.create_server((host, 30997)),
        lab("up", tmp_path / "out", "never") as process,
    ):
        _, told = process.communicate(timeout=30)

    assert 2 == process.returncode
    assert (
        f"port 30997 on {host} is taken; stop what listens there or set MESH_MARKETPLACE_PORT\n"
        == told
    )
    assert not (tmp_path / "out").exists()


def test_a_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The service's own complaint reaches the terminal, and what had started is stopped."""
    with lab("up", tmp_path, "never", RECOMMENDATIONS_THREADS="many") as process:
        _, told = process.communicate(timeout=30)

    assert 2 == process.returncode
    assert told.startswith("recommendations-1 ended with exit code 2 before it was ready; ")
    assert "RECOMMENDATIONS_THREADS" in told
    assert [] == listening()


def test_an_unwritable_folder_is_told_with_exit_code_2(tmp_path: Path) -> None:
    """A file where the folder should be is one sentence, and nothing is left running."""
    (tmp_path / "file").touch()
    with lab("up", tmp_path / "file", "never") as process:
        _, told = process.communicate(timeout=30)

    assert (2, 1) == (process.returncode, len(told.splitlines()))
    assert told.startswith("cannot write the results: ")


def test_a_short_demo_leaves_a_judged_result(tmp_path: Path) -> None:
    """Two seconds of load give a result file, a report, and an exit code that agree."""
    with lab("demo --seconds 2 --users 20", tmp_path, "report:") as process:
        process.communicate(timeout=30)
    result = json.loads((tmp_path / "result.json").read_text())

    assert {"pass": 0, "fail": 1}[result["verdict"]] == process.returncode
    assert result["requests"] > 10
    assert 1.0 == result["traces"]["complete_ratio"]
    assert {"targets": 2, "up": 2} == result["scrape"]
    assert result["verdict"] in (tmp_path / "report.html").read_text()
