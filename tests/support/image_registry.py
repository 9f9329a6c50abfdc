"""A registry on loopback, and what it says of an image: index, config blobs, layers."""

import io
import json
import re
import struct
import subprocess
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support.mesh_net import addresses, free_port, until

# A registry answers 404 to who does not name the type that it has.
_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MACHINES: Final = {62: "amd64", 183: "arm64"}  # e_machine of elf(5)
_ELF: Final = b"\x7fELF"
_PROGRAMS: Final = re.compile(r"(usr/)?(local/)?s?bin/")
_KEPT: Final = re.compile(r"var/lib/dpkg/status\.d/[^/]+|app/packages/[^/]+\.dist-info/METADATA")
_SECONDS: Final = 30.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it is stored, looked through once.

    Attributes:
        digest: its name.
        stored: bytes in the registry.
        unpacked: bytes of its files.
        machines: the processors that its programs and libraries are for, by path.
        files: the paths of all regular files.
        kept: texts from which a bill of materials is made, by path.
    """

    digest: str
    stored: int
    unpacked: int
    machines: dict[str, str]
    files: frozenset[str]
    kept: dict[str, bytes]

    @property
    def programs(self) -> list[str]:
        """Files in the folders of programs."""
        return sorted(path for path in self.files if _PROGRAMS.match(path))


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image has for one platform.

    Attributes:
        named: os/architecture in the index.
        configured: os/architecture in the config blob, the part that containerd reads last.
        config: how it is to be run.
        layers: from the root up.
    """

    named: str
    configured: str
    config: Json
    layers: tuple[Layer, ...]

    @property
    def unpacked(self) -> int:
        """Bytes on a node."""
        return sum(layer.unpacked for layer in self.layers)

    @property
    def stored(self) -> int:
        """Bytes to pull."""
        return sum(layer.stored for layer in self.layers)


@dataclass(slots=True)
class Registry:
    """A registry that runs.

    Attributes:
        address: host:port.
    """

    address: str
    _seen: dict[str, Layer] = field(default_factory=dict)

    def platforms(self, name: str, tag: str) -> list[Platform]:
        """Return all that an image has, as its index orders it."""
        index = json.loads(self._get(f"{name}/manifests/{tag}"))
        return [self._platform(name, entry) for entry in index["manifests"]]

    def _platform(self, name: str, entry: Json) -> Platform:
        manifest = json.loads(self._get(f"{name}/manifests/{entry['digest']}"))
        config = json.loads(self._get(f"{name}/blobs/{manifest['config']['digest']}"))
        layers = tuple(self._layer(name, layer["digest"]) for layer in manifest["layers"])
        named = entry["platform"]
        return Platform(
            f"{named['os']}/{named['architecture']}",
            f"{config['os']}/{config['architecture']}",
            config["config"],
            layers,
        )

    def _layer(self, name: str, digest: str) -> Layer:
        if digest not in self._seen:
            self._seen[digest] = look_through(digest, self._get(f"{name}/blobs/{digest}"))
        return self._seen[digest]

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(
            f"http://{self.address}/v2/{path}", headers={"Accept": ", ".join(_TYPES)}
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            body: bytes = answer.read()
        return body


def look_through(digest: str, blob: bytes) -> Layer:
    """Read a layer."""
    unpacked, machines, files, kept = 0, {}, set(), {}
    with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            path = member.name.removeprefix("./")
            unpacked += member.size
            files.add(path)
            head = content.read(20)
            if head.startswith(_ELF):
                (number,) = struct.unpack_from("<H", head, 18)
                machines[path] = _MACHINES.get(number, str(number))
            if _KEPT.fullmatch(path):
                kept[path] = head + content.read()
    return Layer(digest, len(blob), unpacked, machines, frozenset(files), kept)


@contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Run Debian's docker-registry.

    Args:
        folder: for its blobs and its settings.
    """
    (host,) = addresses(1)
    address = f"{host}:{free_port(host)}"
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "blobs")}},
        "http": {"addr": address},
    }
    path = folder / "registry.yaml"
    path.write_text(json.dumps(settings), "utf-8")  # which is YAML as well
    command = ("docker-registry", "serve", str(path))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(address), _SECONDS)
            yield Registry(address)
        finally:
            process.kill()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/v2/", timeout=1):
            return True
    except OSError:
        return False
