"""Backends that answer 300 ms late: what the load test says of the mesh in front of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from meshdoctor.lab.loopback import loopback_mesh
from tests.support.lab import lab_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

LATE = {"RECOMMENDATIONS_FAULT_DELAY_SECONDS": "0.3"}
PATIENT = {"MARKETPLACE_DEADLINE_SECONDS": "1", "MARKETPLACE_SECOND_TRY_SECONDS": "1"}


@pytest.mark.parametrize(
    ("settings", "breached"), [(PATIENT, "latency"), ({}, "freshness")], ids=["patient", "shipped"]
)
def test_late_backends_fail_the_load_test_by_name(
    settings: dict[str, str], breached: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shop that waits breaches latency; as shipped it does not wait, and breaches freshness."""
    for name, value in {**LATE, **settings}.items():
        monkeypatch.setenv(name, value)
    with loopback_mesh(lab_settings(packages=False), tmp_path) as mesh:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "-f", "loadtest/", "--headless"),
                *("--host", mesh.url, "-u", "10", "-r", "10", "-t", "8s", "--only-summary"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert 1 == ran.returncode
    assert f"{breached}: BREACH" in ran.stderr + ran.stdout
