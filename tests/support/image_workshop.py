"""Images made and run without Docker: Buildah, Podman and a registry, all in one folder."""

import importlib.util
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.image_base import make_root
from tests.support.image_registry import Platform, Registry, registry

ROOT: Final = Path(__file__).resolve().parents[2]
DOCKERFILES: Final = {
    "marketplace": "services/marketplace/Dockerfile",
    "recommendations": "services/recommendations/Dockerfile",
    "toolbox": "images/toolbox.Dockerfile",
}
ARCHITECTURES: Final = ("amd64", "arm64")
PLATFORMS: Final = tuple(f"linux/{one}" for one in ARCHITECTURES)
HERE: Final = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
TAG: Final = "built-here"
OUT: Final = ROOT / "out/images"
# What python:VERSION-slim has beside the base: pip; and where this machine keeps its certificates.
_BUILDER: Final = """\
FROM scratch
COPY root-{here} /
COPY pip /usr/lib/python3/dist-packages/pip
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
"""
_BASE: Final = "FROM scratch\nARG TARGETARCH\nCOPY root-${TARGETARCH} /\n"
_CERTIFICATES: Final = "/etc/ssl/certs"
_SECONDS: Final = 600.0


Built = dict[str, list[Platform]]


class BuildError(Exception):
    """A program ended with an error; the text is what it said last."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """The folder and what runs for it.

    Attributes:
        folder: storage, contexts, blobs.
        registry: where built images go, and where they are run from.
        driver: how layers are stored.
    """

    folder: Path
    registry: Registry
    driver: str

    def buildah(self, architecture: str, *arguments: str) -> str:
        """Run Buildah on the storage of an architecture; return what it prints.

        Raises:
            BuildError: it failed.
        """
        return run(("buildah", *self.storage(architecture), *arguments))

    def podman(self, *arguments: str) -> tuple[str, ...]:
        """Return a command of Podman on the storage of this machine's architecture."""
        return (
            *("podman", *self.storage(HERE), f"--tmpdir={self.folder / 'podman'}"),
            *("--cgroup-manager=cgroupfs", "--runtime=runc", "--events-backend=none"),
            *arguments,
        )

    def build(self, name: str, dockerfile: Path, context: Path, *arguments: str) -> float:
        """Build an image for both platforms and push it under one name; return the seconds."""
        start = time.monotonic()
        with ThreadPoolExecutor() as both:
            jobs = [
                both.submit(self._build_one, one, name, dockerfile, context, *arguments)
                for one in ARCHITECTURES
            ]
        parts = [job.result() for job in jobs]
        index = f"{name}-index"
        self.buildah(HERE, "manifest", "create", index)
        for part in parts:
            self.buildah(HERE, "manifest", "add", "--tls-verify=false", index, part)
        where = f"docker://{self.reference(name)}"
        self.buildah(HERE, "manifest", "push", "--all", "--tls-verify=false", index, where)
        return time.monotonic() - start

    def _build_one(
        self, architecture: str, name: str, dockerfile: Path, context: Path, *arguments: str
    ) -> str:
        self.buildah(
            architecture,
            *("build", "--isolation=chroot", "--layers", "--timestamp=0", "--tls-verify=false"),
            *(f"--platform=linux/{architecture}", f"--tag={name}"),
            *(*arguments, f"--file={dockerfile}", str(context)),
        )
        where = f"docker://{self.reference(name)}-{architecture}"
        self.buildah(architecture, "push", "--tls-verify=false", name, where)
        return where

    def build_ours(self, name: str) -> float:
        """Build one of our images from its Dockerfile as it is; return the seconds."""
        arguments = {
            # Debian 12's Buildah does not know it by itself.
            "BUILDPLATFORM": f"linux/{HERE}",
            "BASE": self.reference("base"),
            "BUILDER": f"{self.reference('builder')}-{HERE}",
            "VERSION": TAG,
            "REVISION": "none",
        }
        return self.build(
            name,
            ROOT / DOCKERFILES[name],
            ROOT,
            *(f"--build-arg={key}={value}" for key, value in arguments.items()),
            f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro",
        )

    def reference(self, name: str) -> str:
        """Return the full name of an image."""
        return f"{self.registry.address}/{name}:{TAG}"

    def make_bases(self) -> float:
        """Make what our images stand on; return the seconds."""
        start = time.monotonic()
        context = self.folder / "context"
        with ThreadPoolExecutor() as both:
            for one in ARCHITECTURES:
                both.submit(make_root, context / f"root-{one}", one, self._scratch(one))
        (pip,) = importlib.util.find_spec("pip").submodule_search_locations  # type: ignore[union-attr, misc]
        shutil.copytree(pip, context / "pip")
        base, builder = context / "Base", context / "Builder"
        base.write_text(_BASE, "utf-8")
        builder.write_text(_BUILDER.format(here=HERE), "utf-8")
        self.build("base", base, context)
        self._build_one(HERE, "builder", builder, context)
        return time.monotonic() - start

    def _scratch(self, name: str) -> Path:
        scratch = self.folder / f"apt-{name}"
        scratch.mkdir()
        return scratch

    def storage(self, architecture: str) -> tuple[str, ...]:
        """Return the options that keep a program to the storage of an architecture.

        In one for both, Debian 12's Buildah took layers of one platform for the other's: its cache
        goes by the words of a step.
        """
        folder = self.folder / architecture
        return (
            *("--root", str(folder / "storage"), "--runroot", str(folder / "run")),
            *("--storage-driver", self.driver),
        )


def run(command: tuple[str, ...]) -> str:
    """Run a program to its end.

    Raises:
        BuildError: it failed; its last lines.
    """
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


@contextmanager
def workshop(folder: Path) -> Iterator[Workshop]:
    """Open a workshop in a folder; at the end no container, mount or file is left of it."""
    with registry(folder) as running:
        made = Workshop(folder, running, driver(folder))
        try:
            yield made
        finally:
            for stale in (
                made.podman("rm", "--all", "--force", "--time=0"),
                *(("buildah", *made.storage(one), "rm", "--all") for one in ARCHITECTURES),
            ):
                subprocess.run(stale, capture_output=True, timeout=_SECONDS, check=False)
            unmount(folder)
            shutil.rmtree(folder)


def driver(folder: Path) -> str:
    """Return how layers can be stored here: as overlays, or as whole copies if need be."""
    trial = ("--root", str(folder / "trial"), "--runroot", str(folder / "trial-run"))
    for name in ("overlay", "vfs"):
        command = ("buildah", *trial, "--storage-driver", name, "from", "scratch")
        done = subprocess.run(command, capture_output=True, check=False)
        unmount(folder)
        shutil.rmtree(folder / "trial", ignore_errors=True)
        if not done.returncode:
            return name
    raise BuildError("Buildah can store no layer here")


def unmount(folder: Path) -> None:
    """Unmount all below a folder, the deepest first."""
    lines = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    mounts = (line.split()[1] for line in lines)
    for mount in sorted((one for one in mounts if one.startswith(f"{folder}/")), reverse=True):
        command = ("umount", mount)
        subprocess.run(command, check=False)
