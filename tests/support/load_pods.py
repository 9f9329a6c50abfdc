"""The Jobs of the load test as ordinary processes: their arguments, variables and mounted files."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.manifests import Manifest, Overlay
from tests.support.mesh_shop_process import kept_environment

NAMESPACE = "load"
ANYWHERE = "0.0.0.0"  # noqa: S104 - what the manifests say, to be replaced
MASTER, WORKERS = "locust-master", "locust-worker"


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that is over: exit codes, and what the master wrote."""

    master: int
    workers: list[int]
    log: str

    @property
    def told(self) -> list[str]:
        """The sentences of the load test itself, without Locust's tables."""
        return [
            text for line in self.log.splitlines() if (text := line.partition("/loadtest: ")[2])
        ]


def container(overlay: Overlay, job: str) -> Manifest:
    """Give the one container of a Job."""
    spec = overlay.named("Job", job, NAMESPACE)["spec"]["template"]["spec"]
    (only,) = spec["containers"]
    found: Manifest = only
    return found


def variables(overlay: Overlay, job: str) -> dict[str, str]:
    """Give a container's variables as the kubelet would: its own win over those of ConfigMaps."""
    whole = container(overlay, job)
    filled: dict[str, str] = {}
    for one in whole.get("envFrom", ()):
        filled |= overlay.named("ConfigMap", one["configMapRef"]["name"], NAMESPACE)["data"]
    return filled | {one["name"]: one["value"] for one in whole["env"]}


def mount(overlay: Overlay, job: str, folder: Path) -> dict[str, Path]:
    """Write a Job's ConfigMaps as the kubelet does: links to a hidden folder with the version.

    Returns:
        Path in the container -> folder here; an emptyDir is an empty one.
    """
    spec = overlay.named("Job", job, NAMESPACE)["spec"]["template"]["spec"]
    volumes = {one["name"]: one for one in spec["volumes"]}
    mounted = {}
    for one in container(overlay, job)["volumeMounts"]:
        here = mounted[one["mountPath"]] = folder / one["name"]
        here.mkdir(parents=True)
        if source := volumes[one["name"]].get("configMap"):
            data = overlay.named("ConfigMap", source["name"], NAMESPACE)["data"]
            _write_version(here, data)
    return mounted


def _write_version(here: Path, data: Mapping[str, str]) -> None:
    version = here / "..2026_01_01"
    version.mkdir()
    (here / "..data").symlink_to(version.name)
    for name, text in data.items():
        (version / name).write_text(text, "utf-8")
        (here / name).symlink_to(f"..data/{name}")


class LoadPods:
    """A run: the master, and as many workers as the manifests start.

    Args:
        overlay: with both Jobs.
        folder: an empty one.
        address: the loopback address that stands for the master's Pod and its Service.
        replaced: values for variables.
    """

    def __init__(self, overlay: Overlay, folder: Path, address: str, **replaced: str) -> None:
        self.overlay = overlay
        self.folder = folder
        self.replaced = {"LOCUST_MASTER_NODE_HOST": address, **replaced}
        self.address = address
        self.workers: list[subprocess.Popen[str]] = []
        self.master = self._start(MASTER, "master")

    def start_workers(self) -> None:
        """Start them all."""
        count = self.overlay.named("Job", WORKERS, NAMESPACE)["spec"]["parallelism"]
        self.workers += [self._start(WORKERS, f"worker-{number}") for number in range(count)]

    def ends(self, seconds: float) -> Ended:
        """Wait for the end of all, in this time."""
        end = time.monotonic() + seconds
        _, log = self.master.communicate(timeout=seconds)
        codes = [one.wait(max(end - time.monotonic(), 1.0)) for one in self.workers]
        return Ended(self.master.returncode, codes, log)

    def _start(self, job: str, name: str) -> subprocess.Popen[str]:
        paths = mount(self.overlay, job, self.folder / name)
        told = container(self.overlay, job)
        arguments = [_here(argument, paths) for argument in told["args"]]
        environment = {
            key: self.address if value == ANYWHERE else _here(self.replaced.get(key, value), paths)
            for key, value in variables(self.overlay, job).items()
        }
        return subprocess.Popen(
            (sys.executable, "-m", "locust", *arguments),
            cwd=paths[told["workingDir"]],
            env={**kept_environment(), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if job == MASTER else subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        for one in (self.master, *self.workers):
            with one, suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)


def _here(text: str, paths: Mapping[str, Path]) -> str:
    for inside, here in paths.items():
        head, equals, value = text.rpartition("=")
        if value == inside or value.startswith(f"{inside}/"):
            return f"{head}{equals}{here}{value.removeprefix(inside)}"
    return text
