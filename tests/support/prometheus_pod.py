"""Prometheus as its manifest starts it, with its configuration, against an API of the test.

What a process on this machine needs otherwise is changed, and nothing else: paths, the address to
listen on, where the Kubernetes API is and who asks it, where the blackbox exporter listens, and for
the one job that asks DNS what DNS would answer.
"""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import yaml

from tests.support.guarded import TOKEN
from tests.support.manifests import Manifest, Overlay
from tests.support.mesh_net import free_port, until
from tests.support.trixie import trixie

LOAD: Final = "127.168.8.8:9646"
"""What DNS would answer about the load test's master."""

_BLACKBOX: Final = "127.0.0.1:9115"
_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
_SECONDS: Final = 60.0


def container(overlay: Overlay, deployment: str, name: str = "") -> Manifest:
    """Give a container of a Deployment of `monitoring`, the one of that name or of its own."""
    spec = overlay.named("Deployment", deployment, "monitoring")["spec"]["template"]["spec"]
    return next(one for one in spec["containers"] if one["name"] == (name or deployment))


def config_map(overlay: Overlay, name: str) -> str:
    """Give the one file of a ConfigMap of `monitoring`."""
    (text,) = overlay.named("ConfigMap", name, "monitoring")["data"].values()
    return str(text)


def configuration(overlay: Overlay) -> dict[str, Any]:
    """Give Prometheus' rendered configuration."""
    found: dict[str, Any] = yaml.safe_load(config_map(overlay, "prometheus"))
    return found


@dataclass(frozen=True, slots=True)
class PrometheusPod:
    """Prometheus that runs.

    Attributes:
        place: host and port where it listens.
    """

    place: str

    def ask(self, path: str) -> Any:  # noqa: ANN401 - whatever it answers
        """Give the data of an answer of its API."""
        with urllib.request.urlopen(f"http://{self.place}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]

    def targets(self) -> list[dict[str, Any]]:
        """Give what it scrapes."""
        found: list[dict[str, Any]] = self.ask("targets?state=active")["activeTargets"]
        return found

    def value(self, expression: str) -> dict[str, float]:
        """Answer a question: a value for each instance."""
        found = self.ask(f"query?{urlencode({'query': expression})}")["result"]
        return {one["metric"]["instance"]: float(one["value"][1]) for one in found}

    def alertmanagers(self) -> list[str]:
        """Give the URLs of where it sends alerts."""
        return [one["url"] for one in self.ask("alertmanagers")["activeAlertmanagers"]]


@contextmanager
def prometheus_pod(
    overlay: Overlay, folder: Path, api: str, *, blackbox: str = _BLACKBOX, address: str = ""
) -> Iterator[PrometheusPod]:
    """Run it until it is ready.

    Args:
        overlay: whose manifest.
        folder: for its files.
        api: URL of the Kubernetes API.
        blackbox: where the blackbox exporter listens.
        address: its Pod's, to be there at its own port; else it takes any free port.
    """
    place = f"{address}:9090" if address else f"127.0.0.1:{free_port('127.0.0.1')}"
    config = _adapted(configuration(overlay), folder, api, blackbox)
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    (folder / "token").write_text(TOKEN, "utf-8")
    (folder / "rules.yaml").write_text(config_map(overlay, "prometheus-rules"), "utf-8")
    places = {
        "/etc/prometheus/config": str(folder),
        "/prometheus": str(folder / "data"),
    }
    arguments = [_placed(one, places) for one in container(overlay, "prometheus")["args"]]
    command = (str(trixie("prometheus")), *arguments, f"--web.listen-address={place}")
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stderr=log, cwd=folder) as process,
    ):
        pod = PrometheusPod(place)
        try:
            until(lambda: process.poll() is not None or _ready(pod), _SECONDS)
            assert process.poll() is None, (folder / "log").read_text("utf-8")
            yield pod
        finally:
            process.terminate()


def _placed(argument: str, places: dict[str, str]) -> str:
    name, equals, value = argument.partition("=")
    for theirs, ours in places.items():
        if value == theirs or value.startswith(f"{theirs}/"):
            return f"{name}{equals}{ours}{value.removeprefix(theirs)}"
    return argument


def _adapted(config: dict[str, Any], folder: Path, api: str, blackbox: str) -> dict[str, Any]:
    config["rule_files"] = [str(folder / "rules.yaml")]
    for one in (*config["scrape_configs"], *config["alerting"]["alertmanagers"]):
        if one.pop("dns_sd_configs", None):
            one["static_configs"] = [{"targets": [LOAD]}]
        for discovery in one.get("kubernetes_sd_configs", ()):
            discovery["api_server"] = api
            discovery["authorization"] = {"credentials_file": str(folder / "token")}
        if "authorization" in one:
            one["authorization"]["credentials_file"] = str(folder / "token")
        for rule in one["relabel_configs"]:
            if rule.get("replacement") == _BLACKBOX:
                rule["replacement"] = blackbox
    return config


def _ready(pod: PrometheusPod) -> bool:
    try:
        with urllib.request.urlopen(f"http://{pod.place}/-/ready", timeout=2):
            return True
    except OSError:
        return False
