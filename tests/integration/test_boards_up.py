"""`up` with its local view: the first address it prints, and what becomes of its port."""

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

from tests.support.lab import lab_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


@contextmanager
def up(folder: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run `up` with one backend and without Prometheus."""
    settings = lab_settings()
    variables = {
        "MESH_HOST": settings.host,
        "MESH_RECOMMENDATIONS_HOSTS": settings.recommendations_hosts[0],
        "MESH_CACHE": str(folder / "cache"),
        "MESH_PACKAGES": "false",
        **env,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "meshdoctor.lab", "up", "--out", str(folder)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_up_prints_the_dashboards_first_and_gives_the_port_back(tmp_path: Path) -> None:
    """Their address is the first one printed, it is answered, and after Ctrl-C nobody listens."""
    with up(tmp_path) as process:
        assert process.stdout
        lines = [process.stdout.readline().split() for _ in range(2)]
        address = lines[1][1]
        with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 - ours
            html = answer.read().decode()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)

    assert [["starting", "the", "mesh"], ["dashboards", address]] == lines
    assert "Prometheus does not run" in html
    assert 130 == process.returncode
    with pytest.raises(ConnectionRefusedError):
        connect(address)


def connect(address: str) -> None:
    """Connect to `http://host:port/`, and hang up."""
    host, _, port = address.removeprefix("http://").rstrip("/").partition(":")
    socket.create_connection((host, int(port))).close()


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    """Where something listens already, one sentence names the setting that moves the dashboards."""
    host = lab_settings().host
    with socket.create_server((host, 0)) as taken:
        port = taken.getsockname()[1]
        with up(tmp_path, MESH_DASHBOARDS_PORT=str(port)) as process:
            out, error = process.communicate(timeout=60)

    sentence = (
        f"port {port} on {host} is taken; stop what listens there or set MESH_DASHBOARDS_PORT"
    )
    assert (2, "", sentence) == (process.returncode, out, error.strip())
