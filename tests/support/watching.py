"""The watchers of the manifests as processes: Alertmanager and the blackbox exporter."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.manifests import Overlay
from tests.support.mesh_net import free_port, until
from tests.support.prometheus_pod import config_map, container
from tests.support.trixie import trixie

_SECONDS: Final = 60.0
_NOT_YET: Final = "--config.enable-auto-reload"
"""Known since the blackbox exporter 0.28; Debian trixie has 0.26."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """A watcher that runs.

    Attributes:
        place: host and port where it listens.
    """

    place: str

    def page(self, path: str) -> str:
        """Fetch a page."""
        with urllib.request.urlopen(f"http://{self.place}{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def probe(self, module: str, target: str) -> float:
        """Ask the blackbox exporter to probe; give what Prometheus would read, 1 for success."""
        lines = self.page(f"/probe?module={module}&target={target}").splitlines()
        (value,) = (line.split()[1] for line in lines if line.startswith("probe_success "))
        return float(value)

    def alerts(self) -> set[str]:
        """Give the names of the alerts that Alertmanager has."""
        found: list[dict[str, Any]] = json.loads(self.page("/api/v2/alerts"))
        return {one["labels"]["alertname"] for one in found}

    def answers(self, path: str) -> bool:
        """Whether a page is there."""
        try:
            return bool(self.page(path))
        except OSError:
            return False


@contextmanager
def alertmanager(overlay: Overlay, folder: Path, address: str) -> Iterator[Watcher]:
    """Run Alertmanager at its port of an address, with its rendered arguments."""
    (one,) = (
        found
        for found in overlay.of("ConfigMap", "monitoring")
        if "alertmanager.yaml" in found["data"]
    )
    (folder / "alertmanager.yaml").write_text(one["data"]["alertmanager.yaml"], "utf-8")
    arguments = [
        argument.replace("/etc/alertmanager/", f"{folder}/").replace(
            "=/alertmanager", f"={folder}/data"
        )
        for argument in container(overlay, "alertmanager")["args"]
    ]
    place = f"{address}:9093"
    program = _with_its_templates(trixie("prometheus-alertmanager"))
    command = [*program, *arguments, f"--web.listen-address={place}"]
    with _running(command, folder, place, "/-/ready") as watcher:
        yield watcher


def _with_its_templates(program: Path) -> list[str]:
    """Debian's build opens its templates in /usr/share; in a mount namespace that is its own."""
    share = program.parents[1] / "share"
    bind = 'mount --bind "$0" /usr/share && exec "$@"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", bind]
    return [*inside, str(share), str(program)]


@contextmanager
def blackbox(overlay: Overlay, folder: Path) -> Iterator[Watcher]:
    """Run the blackbox exporter, with its rendered arguments but one."""
    (folder / "blackbox.yaml").write_text(config_map(overlay, "blackbox-exporter"), "utf-8")
    arguments = [
        argument.replace("/etc/blackbox-exporter/", f"{folder}/")
        for argument in container(overlay, "prometheus", "blackbox-exporter")["args"]
        if argument != _NOT_YET
    ]
    place = f"127.0.0.1:{free_port('127.0.0.1')}"
    program = str(trixie("prometheus-blackbox-exporter"))
    command = [program, *arguments, f"--web.listen-address={place}"]
    with _running(command, folder, place, "/-/healthy") as watcher:
        yield watcher


@contextmanager
def _running(command: list[str], folder: Path, place: str, path: str) -> Iterator[Watcher]:
    with (
        (folder / "watcher.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process,
    ):
        watcher = Watcher(place)
        try:
            until(lambda: process.poll() is not None or watcher.answers(path), _SECONDS)
            assert process.poll() is None, (folder / "watcher.log").read_text("utf-8")
            yield watcher
        finally:
            process.terminate()
