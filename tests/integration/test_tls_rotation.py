"""Certificates change while visitors come: real processes, and files as a mounted Secret has."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from meshdoctor.lab.authority import Authority, Leaf
from meshdoctor.settings import EXIT_USAGE
from tests.support.mesh_net import free_port, until
from tests.support.tls_mesh import Side, TlsMesh, refusal
from tests.support.tls_rollout import in_order, measure
from tests.support.tls_secrets import Secret, backend_leaf
from tests.support.visitors import Visits, visitors

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

OLD: Final = Authority()
NEW: Final = Authority()
SECONDS: Final = 4.0
"""Between two changes: the files are looked at each second, and backends move within two."""


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[TlsMesh]:
    """Give a shop that is live over mutual TLS."""
    with TlsMesh(tmp_path, OLD) as started:
        until(lambda: "recommendations right now" not in started.process.get("/")[1], 20)
        yield started


def outcomes(visits: Visits) -> Counter[tuple[int, str]]:
    """Count visits by status and freshness."""
    return Counter((visit.status, visit.freshness) for visit in visits.all)


def renewals(mesh: TlsMesh) -> int:
    """Read from the shop's log how often it took new files; ends the shop."""
    mesh.process.process.terminate()
    said, _errors = mesh.process.process.communicate(timeout=30)
    return said.count(b'"event":"tls.renewed"')


@pytest.mark.slow
def test_rotation_costs_nobody_a_page(mesh: TlsMesh) -> None:
    """Three new leaves on both sides and a new CA: every page is there, and live.

    The CA changes as docs/mtls.md says: first both sides believe old and new, then they get leaves
    of the new one, then the old one goes.
    """
    with visitors(mesh.process.host, mesh.process.port, per_second=40) as visits:
        for side in (mesh.backend, mesh.shop) * 3:
            side.renew(OLD)
            time.sleep(SECONDS / 2)
        changes: tuple[Callable[[Side], None], ...] = (
            lambda side: side.believe(OLD, NEW),
            lambda side: side.renew(NEW),
            lambda side: side.believe(NEW),
        )
        for change in changes:
            for side in (mesh.shop, mesh.backend):
                change(side)
            time.sleep(SECONDS)

    assert {(200, "live")} == set(outcomes(visits))
    assert len(visits.all) > 500
    assert 6 == renewals(mesh)


def test_strangers_degrade_the_page_and_the_metric_says_why(tmp_path: Path) -> None:
    """Two CAs that do not know each other: pages of built-in books, never an error; the cause."""
    failed = 'rpc_client_failures_total{cause="tls-handshake"'
    with TlsMesh(tmp_path, OLD, NEW) as mesh:
        with visitors(mesh.process.host, mesh.process.port, per_second=20) as visits:
            time.sleep(SECONDS)
        metrics = mesh.process.get("/metrics", mesh.process.metrics_port)[1]

    assert {(200, "builtin")} == set(outcomes(visits))
    assert 0 < sum(
        float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(failed)
    )


@pytest.mark.slow
def test_a_mesh_that_runs_goes_over_to_tls(tmp_path: Path) -> None:
    """One backend, all shops, the other backends: at any time each shop has one to talk to."""
    seen = measure(in_order, tmp_path, DEADLINE_SECONDS="2", SECOND_TRY_SECONDS="0.5")

    assert {"200 live"} == set(seen)


@pytest.mark.parametrize("service", ["marketplace", "recommendations"])
def test_bad_files_are_one_sentence(tmp_path: Path, service: str) -> None:
    """The variable, the path, and what is wrong; the exit code of bad settings."""
    leaf = backend_leaf(OLD)
    other = Leaf(leaf.certificate, backend_leaf(OLD).key, OLD.certificate)
    files = Secret(tmp_path / "tls", other).tls_files
    given = {"TLS_CERTIFICATE": str(files.certificate), "TLS_KEY": str(files.key)}
    missing = tmp_path / "nowhere.crt"
    prefix = service.upper()
    mismatch = "this key does not belong to the certificate"
    ports = {"PORT": str(free_port("127.0.0.1")), "METRICS_PORT": str(free_port("127.0.0.1"))}

    assert (
        EXIT_USAGE,
        f"{prefix}_TLS_CA cannot be used: {missing}: no such file or directory\n",
    ) == refusal(service, **ports, **given, TLS_CA=str(missing))
    assert (
        EXIT_USAGE,
        f"{prefix}_TLS_KEY cannot be used: {files.key}: {mismatch}\n",
    ) == refusal(service, **ports, **given, TLS_CA=str(files.ca))


def test_names_of_callers_need_tls() -> None:
    """Who asks for names is not left without: in plain text everybody would be served."""
    code, said = refusal("recommendations", TLS_CLIENTS="shop.example.com")

    assert EXIT_USAGE == code
    assert "RECOMMENDATIONS_TLS_CLIENTS: " in said
    assert "without TLS callers have no names" in said


@pytest.mark.parametrize("service", ["marketplace", "recommendations"])
def test_a_part_of_tls_is_none(service: str) -> None:
    """Who names a certificate and no key is not served in plain text."""
    code, said = refusal(service, TLS_CERTIFICATE="/tls.crt", TLS_CA="/ca.crt")
    prefix = service.upper()

    assert EXIT_USAGE == code
    assert f"{prefix}_TLS_CA: " in said
    assert f"TLS needs three files, and {prefix}_TLS_KEY names none" in said
