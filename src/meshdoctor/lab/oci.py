"""Images as a registry keeps them: made in code, pushed over its HTTP API.

The names of types and fields are those of the OCI image and distribution specifications 1.1.
"""

import gzip
import hashlib
import http
import io
import json
import ssl
import struct
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

import urllib3

from meshdoctor.lab.errors import LabError
from meshdoctor.probes.registry.platforms import Platform, parse

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"

AMD64: Final = parse("linux/amd64")
ARM64: Final = parse("linux/arm64")

_SECONDS: Final = 30.0
_CONFIGS: Final = {
    OCI_MANIFEST: "application/vnd.oci.image.config.v1+json",
    DOCKER_MANIFEST: "application/vnd.docker.container.image.v1+json",
}
_LAYERS: Final = {
    OCI_MANIFEST: "application/vnd.oci.image.layer.v1.tar+gzip",
    DOCKER_MANIFEST: "application/vnd.docker.image.rootfs.diff.tar.gzip",
}


@dataclass(frozen=True, slots=True)
class Pushed:
    """Something that the registry has: a descriptor (OCI image specification)."""

    media_type: str
    digest: str
    size: int

    def json(self, platform: Platform | None = None) -> dict[str, Any]:
        """Give it as an index lists it."""
        told = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if platform is None:
            return told
        parts = {"os": platform.os, "architecture": platform.architecture}
        return {
            **told,
            "platform": parts | ({"variant": platform.variant} if platform.variant else {}),
        }


@dataclass(frozen=True, slots=True)
class Registry:
    """A running registry, for whoever pushes.

    Attributes:
        host: `host:port`.
        headers: to be let in.
        ca: a file with who signed its certificate; "" is plain HTTP.
    """

    host: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ca: str = ""

    @property
    def scheme(self) -> str:
        """How to speak to it."""
        return "https" if self.ca else "http"

    def blob(self, name: str, data: bytes, media_type: str) -> Pushed:
        """Push a blob."""
        digest = digest_of(data)
        started = self.ask("POST", f"{name}/blobs/uploads/")
        place = urljoin(f"{self.scheme}://{self.host}/", started.headers["location"])
        joint = "&" if "?" in place else "?"
        self.ask("PUT", f"{place}{joint}digest={digest}", data, "application/octet-stream")
        return Pushed(media_type, digest, len(data))

    def manifest(self, name: str, tag: str, content: Mapping[str, Any]) -> Pushed:
        """Push a manifest or an index; without a tag under its digest alone."""
        data = json.dumps(content).encode()
        media_type = content["mediaType"]
        self.ask("PUT", f"{name}/manifests/{tag or digest_of(data)}", data, media_type)
        return Pushed(media_type, digest_of(data), len(data))

    def image(
        self,
        name: str,
        platform: Platform | None,
        *,
        tag: str = "",
        media_type: str = OCI_MANIFEST,
        layers: Sequence[bytes] = (),
        running: Mapping[str, Any] | None = None,
    ) -> Pushed:
        """Push an image whose config blob says `platform`."""
        told = {
            **parts_of(platform),
            "config": running or {},
            "rootfs": {"type": "layers", "diff_ids": []},
        }
        config = self.blob(name, json.dumps(told).encode(), _CONFIGS[media_type])
        pushed = [self.blob(name, layer, _LAYERS[media_type]) for layer in layers]
        content = {"schemaVersion": 2, "mediaType": media_type, "config": config.json()}
        return self.manifest(name, tag, {**content, "layers": [one.json() for one in pushed]})

    def index(
        self,
        name: str,
        tag: str,
        entries: Sequence[tuple[Pushed, Platform | None]],
        media_type: str = OCI_INDEX,
    ) -> Pushed:
        """Push an index that promises these platforms."""
        listed = [pushed.json(platform) for pushed, platform in entries]
        content = {"schemaVersion": 2, "mediaType": media_type, "manifests": listed}
        return self.manifest(name, tag, content)

    def both(self, name: str, tag: str = "1", *, docker: bool = False) -> Pushed:
        """Push an index as it should be: both platforms, in index and config blobs."""
        kind = DOCKER_MANIFEST if docker else OCI_MANIFEST
        entries = [(self.image(name, each, media_type=kind), each) for each in (AMD64, ARM64)]
        return self.index(name, tag, entries, DOCKER_LIST if docker else OCI_INDEX)

    def ask(
        self, method: str, path: str, body: bytes | None = None, media_type: str = ""
    ) -> urllib3.BaseHTTPResponse:
        """Send a request that has to succeed.

        Raises:
            LabError: it does not.
        """
        kind = {"Content-Type": media_type} if media_type else {}
        url = urljoin(f"{self.scheme}://{self.host}/v2/", path)
        trust = ssl.create_default_context(cafile=self.ca) if self.ca else None
        response = urllib3.PoolManager(ssl_context=trust).request(
            method,
            url,
            body=body,
            headers={**self.headers, **kind},
            retries=False,
            timeout=_SECONDS,
        )
        if response.status >= http.HTTPStatus.MULTIPLE_CHOICES:
            said = response.data.decode("utf-8", "replace").strip()
            raise LabError(f"{method} {url} is answered with {response.status}: {said}")
        return response


def parts_of(platform: Platform | None) -> dict[str, str]:
    """Give a platform as it stands in an index or a config blob."""
    if platform is None:
        return {}
    parts = {"os": platform.os, "architecture": platform.architecture}
    return {**parts, "variant": platform.variant} if platform.variant else parts


def digest_of(data: bytes) -> str:
    """Give the digest of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer(
    *entries: tuple[str, bytes | str | None], links: Mapping[str, str] | None = None
) -> bytes:
    """Pack a layer: a name with bytes is a file, with text a symbolic link, with None a folder.

    Args:
        entries: names and what they are.
        links: names and the names that they are hard links to.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, what in entries:
            one = tarfile.TarInfo(name)
            one.mode = 0o755
            if isinstance(what, bytes):
                one.size = len(what)
            elif what is None:
                one.type = tarfile.DIRTYPE
            else:
                one.type, one.linkname = tarfile.SYMTYPE, what
            archive.addfile(one, io.BytesIO(what) if isinstance(what, bytes) else None)
        for name, target in (links or {}).items():
            one = tarfile.TarInfo(name)
            one.type, one.linkname = tarfile.LNKTYPE, target
            archive.addfile(one)
    return gzip.compress(packed.getvalue(), mtime=0)


def elf(machine: int, *, bits: int = 2, order: int = 1) -> bytes:
    """Give the first bytes of a program (System V gABI)."""
    ident = b"\x7fELF" + bytes((bits, order, 1)) + bytes(9)
    return ident + struct.pack("<HH" if order == 1 else ">HH", 2, machine) + bytes(44)


ELF_AMD64: Final = elf(62)
ELF_ARM64: Final = elf(183)
