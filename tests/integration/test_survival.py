"""The mesh under load while its backends are hurt: real processes, real signals, real pages."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.settings import LabSettings
from tests.support.stalls import Stalls
from tests.support.visitors import Visit, Visits, p99, visitors

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(240)]

PER_SECOND = 50
FAULT_SECONDS = 10.0


@pytest.fixture
def mesh(tmp_path: Path, worker_id: str) -> Iterator[Mesh]:
    """A mesh of its own for each test, on addresses that no other test worker uses."""
    net = 100 + int(worker_id.removeprefix("gw") or 0) if worker_id != "master" else 99
    settings = LabSettings(
        host=f"127.0.{net}.1",
        recommendations_hosts=(f"127.0.{net}.11", f"127.0.{net}.12", f"127.0.{net}.13"),
        packages=False,
    )
    with loopback_mesh(settings, tmp_path) as running:
        yield running


def test_no_visitor_sees_an_error_while_every_backend_is_killed(mesh: Mesh) -> None:
    """All killed for 10 s: 0 errors, p99 <= 300 ms, live again <= 3 s after their restart."""
    with (
        Stalls() as stalls,
        visitors(mesh.settings.host, mesh.settings.marketplace_port, PER_SECOND) as visits,
    ):
        time.sleep(3)
        killed = time.monotonic()
        for backend in mesh.recommendations:
            backend.kill()
        time.sleep(FAULT_SECONDS)
        restarted = _restart(mesh)
        time.sleep(4)
    outage = visits.between(killed, restarted)
    back = _last_degraded(visits, restarted)
    _tell("pages in the outage", len(outage))
    _tell("p99 ms", round(p99(outage) * 1000))
    _tell("live again after s", round(back - restarted, 2))

    assert [] == _errors(visits.all)
    assert "live" not in {visit.freshness for visit in visits.between(killed + 0.5, restarted - 2)}
    assert p99(outage) <= 0.3 + stalls.worst
    assert back - restarted <= 3 + stalls.worst


def test_one_hung_backend_of_three_costs_no_page(mesh: Mesh) -> None:
    """SIGSTOP of one backend for 10 s: at most 0.1 % of pages fail or are degraded."""
    with visitors(mesh.settings.host, mesh.settings.marketplace_port, PER_SECOND) as visits:
        time.sleep(3)
        stopped = time.monotonic()
        mesh.recommendations[0].stop()
        time.sleep(FAULT_SECONDS)
        mesh.recommendations[0].cont()
        woken = time.monotonic()
        time.sleep(3)
    bad = [visit for visit in visits.all if visit.status != 200 or visit.freshness != "live"]
    _tell("pages", len(visits.all))
    _tell("bad pages", len(bad))
    _tell("p99 ms while hung", round(p99(visits.between(stopped, woken)) * 1000))

    assert len(visits.all) >= 700
    assert len(bad) <= len(visits.all) * 0.001


def test_rolling_restarts_lose_no_page(mesh: Mesh) -> None:
    """SIGTERM and restart of each backend, 10 times or more: 0 bad of >= 2,000 pages."""
    with visitors(mesh.settings.host, mesh.settings.marketplace_port, PER_SECOND) as visits:
        time.sleep(2)
        rounds = 0
        while rounds < 10 or len(visits.all) < 2000:  # a quick machine has time for more rounds
            for backend in mesh.recommendations:
                backend.restart()
            rounds += 1
        time.sleep(1)
    bad = [visit for visit in visits.all if visit.status != 200 or visit.freshness != "live"]
    _tell("pages", len(visits.all))

    assert [] == bad


def _tell(what: str, figure: float) -> None:
    """Print a figure: `pytest -s` shows it."""
    sys.stdout.write(f"{what}: {figure}\n")


def _restart(mesh: Mesh) -> float:
    for backend in mesh.recommendations:
        backend.start()
    for backend in mesh.recommendations:
        backend.wait_ready()
    return time.monotonic()


def _errors(visits: list[Visit]) -> list[Visit]:
    return [visit for visit in visits if visit.status != 200]


def _last_degraded(visits: Visits, since: float) -> float:
    late = [visit.at for visit in visits.all if visit.at >= since and visit.freshness != "live"]
    return max(late, default=since)
