"""The drill with everything real: services, load, Prometheus, Alertmanager, and the lab's pager."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from meshdoctor.lab.drill.run import DrillPlan, on_net, run
from meshdoctor.lab.drill.scenarios import SCENARIOS
from meshdoctor.lab.drill.trial import Phases
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.packages import locate
from meshdoctor.lab.readiness import answers
from meshdoctor.lab.settings import LabSettings
from tests.support.lab import eventually

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(480)]

CACHE = LabSettings().cache.expanduser()
PORTS = (30997, 50051, 9464, 10053, 4317, 9090, 9093, 9095, 9646)
TRIED = ("app-down", "app-hung", "dns-timeout")


@pytest.fixture
def settings(worker_id: str) -> LabSettings:
    """Settings with room for nets that no other test worker uses."""
    net = f"127.{60 + int(worker_id.removeprefix('gw'))}.0" if worker_id != "master" else "127.59.0"
    hosts = (f"{net}.11", f"{net}.12", f"{net}.13")
    return LabSettings.model_validate(
        {"host": f"{net}.1", "recommendations_hosts": hosts, "cache": CACHE}
    )


@pytest.fixture
def _watchers() -> None:
    """Prometheus and Alertmanager; CI has to have them."""
    if "CI" not in os.environ and not all(map(_there, ("prometheus", "alertmanager"))):
        pytest.skip("Prometheus and Alertmanager are not at hand: run the lab once to fetch them")


def _there(name: str) -> bool:
    return locate(name, CACHE) is not None


@pytest.mark.usefixtures("_watchers")
def test_the_right_page_comes_once_and_in_time(settings: LabSettings, tmp_path: Path) -> None:
    """Three faults, three meshes at once: every goal of the drill is met in each."""
    scenarios = tuple(each for each in SCENARIOS if each.fault in TRIED)
    plan = DrillPlan(scenarios, Phases(30, 80, 65), len(scenarios), tmp_path)
    results = run(plan, settings, Interruption(), _say)

    assert dict.fromkeys(TRIED, ()) == {each.scenario.fault: each.reasons for each in results}
    assert json.loads((tmp_path / "drill.json").read_text())["met"]


@pytest.mark.usefixtures("_watchers")
def test_ctrl_c_gives_everything_back(settings: LabSettings, tmp_path: Path) -> None:
    """In the middle of two trials: 128 + SIGINT, and no port listens any more."""
    process = _lab(settings, tmp_path, "--only", "app-down", "--only", "app-hung")
    assert process.stdout
    for line in process.stdout:
        if "healthy" in line:
            break
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)

    assert 128 + signal.SIGINT == process.returncode
    assert "SIGINT: everything is stopped\n" in told
    assert eventually(lambda: [] == _listening(settings))
    assert not (tmp_path / "drill.json").exists()


def test_without_watchers_nothing_can_be_timed(settings: LabSettings, tmp_path: Path) -> None:
    """The sentence says what is missing; 2 is the exit code of a run that could not be made."""
    env = {"MESH_PACKAGES": "false", "MESH_CACHE": str(tmp_path), "PATH": "/nowhere"}
    process = _lab(settings, tmp_path / "out", "--only", "app-down", **env)
    said, _ = process.communicate(timeout=60)

    assert "app-down: it could not be tried: a drill needs Prometheus and Alertmanager: " in said
    assert 2 == process.returncode
    assert [] == _listening(settings)


def _lab(settings: LabSettings, out: Path, *options: str, **env: str) -> subprocess.Popen[str]:
    addresses = {
        "MESH_HOST": settings.host,
        "MESH_RECOMMENDATIONS_HOSTS": ",".join(settings.recommendations_hosts),
    }
    return subprocess.Popen(
        (sys.executable, "-m", "meshdoctor.lab", "drill", "--out", str(out), *options),
        env={**os.environ, **addresses, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _listening(settings: LabSettings) -> list[str]:
    """What still listens on the nets of the first two trials."""
    return [
        f"{host}:{port}"
        for net in (on_net(settings, 1), on_net(settings, 2))
        for host in (net.host, *net.recommendations_hosts)
        for port in PORTS
        if answers(f"tcp://{host}:{port}")
    ]


def _say(fault: str, text: str) -> None:
    """Print how things stand: `pytest -s` shows it."""
    sys.stdout.write(f"{fault}: {text}\n")
