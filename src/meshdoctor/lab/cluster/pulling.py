"""What a kubelet and its containerd do with an image's name: ask the real registry, and say.

They ask from the node, and choose by the node's platform. Their words are those of containerd 2
and a kubelet 1.36, as `tests/captures` holds them: kubelets pass on what containerd says.
"""

import errno
import http.client
import io
import json
import socket
import ssl
import struct
import tarfile
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from meshdoctor.probes.registry.image import platform_of
from meshdoctor.probes.registry.platforms import Platform
from meshdoctor.probes.registry.reference import Reference, parse

_SECONDS = 5.0
_INDEXES = (OCI_INDEX, DOCKER_LIST)
_ACCEPTED = ", ".join((*_INDEXES, OCI_MANIFEST, DOCKER_MANIFEST))
_NOT_FOUND = "rpc error: code = NotFound desc = "
# Go's words for errors of a connection (syscall/zerrors_linux_amd64.go).
_CONNECTING = {
    errno.ECONNREFUSED: "connect: connection refused",
    errno.EHOSTUNREACH: "connect: no route to host",
    errno.ENETUNREACH: "connect: network is unreachable",
}
_MACHINES = {"amd64": 62, "arm64": 183}  # e_machine of elf(5)
_MACHINE_AT = 18

Json = dict[str, Any]


class PullError(Exception):
    """A pull failed; the text is containerd's."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a node has of an image.

    Attributes:
        digest: of the manifest that it took.
        program: what the image starts.
        runs: whether the node's processor knows that program.
    """

    digest: str
    program: str
    runs: bool


@dataclass(frozen=True, slots=True)
class Runtime:
    """The container runtime of a node.

    Attributes:
        node: its name, and that of its network namespace.
        platform: of it.
        authority: the certificate that it believes.
    """

    node: str
    platform: Platform
    authority: Path

    def pull(self, image: str) -> Pulled:
        """Pull an image.

        Args:
            image: its name, the registry's address included.

        Raises:
            PullError: it cannot be had, or there is none for this platform.
        """
        with within(self.node):
            return _Pull(self, parse(image), image).done()


class _Pull:
    """One pull: resolve, choose, fetch."""

    def __init__(self, runtime: Runtime, reference: Reference, image: str) -> None:
        self._runtime = runtime
        self._reference = reference
        self._image = image
        self._manifests = f"/v2/{reference.path}/manifests"
        self._blobs = f"/v2/{reference.path}/blobs"

    def done(self) -> Pulled:
        """Have the image."""
        digest, kind = self._resolved()
        if kind in _INDEXES:
            digest = self._chosen(digest)
        # containerd asks nobody for which platform a single manifest is.
        manifest = self._json(f"{self._manifests}/{digest}")
        config = self._json(f"{self._blobs}/{manifest['config']['digest']}")
        layers = [self._body(f"{self._blobs}/{one['digest']}") for one in manifest["layers"]]
        program = str(config["config"]["Entrypoint"][0])
        machine = _MACHINES[self._runtime.platform.architecture]
        return Pulled(digest, program, _machine_of(program, layers) == machine)

    def _resolved(self) -> tuple[str, str]:
        """Learn the digest and the type of what the tag leads to."""
        path = f"{self._manifests}/{self._reference.wanted}"
        status, headers, _body = self._asked("HEAD", path)
        if status == HTTPStatus.NOT_FOUND:
            reason = self._unresolved(f"{self._image}: not found")
            raise PullError(f"{_NOT_FOUND}{reason}")
        if status == HTTPStatus.UNAUTHORIZED:
            raise PullError(
                self._unresolved(
                    "pull access denied, repository does not exist or may require authorization: "
                    "authorization failed: no basic auth credentials"
                )
            )
        if status != HTTPStatus.OK:
            raise PullError(self._unresolved(f"unexpected status from HEAD request: {status}"))
        return headers["docker-content-digest"], headers["content-type"]

    def _chosen(self, digest: str) -> str:
        """Give the manifest of the node's platform; what the index says of it is believed."""
        for one in self._json(f"{self._manifests}/{digest}")["manifests"]:
            platform = platform_of(one.get("platform"))
            if platform and platform.runs_on(self._runtime.platform):
                return str(one["digest"])
        said = f"no match for platform in manifest {digest}: not found"
        raise PullError(f"{_NOT_FOUND}get image config descriptor: {said}")

    def _unresolved(self, why: str) -> str:
        said = f'failed to pull and unpack image "{self._image}": failed to resolve image'
        return f"{said}: {why}"

    def _json(self, path: str) -> Json:
        found: Json = json.loads(self._body(path))
        return found

    def _body(self, path: str) -> bytes:
        status, _headers, body = self._asked("GET", path)
        if status != HTTPStatus.OK:
            raise PullError(f"{_NOT_FOUND}{self._image}: {path} is answered with {status}")
        return body

    def _asked(self, method: str, path: str) -> tuple[int, Json, bytes]:
        host = self._reference.host
        trust = ssl.create_default_context(cafile=self._runtime.authority)
        connection = http.client.HTTPSConnection(host, timeout=_SECONDS, context=trust)
        try:
            connection.request(method, path, headers={"Accept": _ACCEPTED})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read()
        except OSError as error:
            asked = f'failed to do request: {method.capitalize()} "https://{host}{path}"'
            reason = self._unresolved(f"{asked}: {words_of(error, host)}")
            raise PullError(reason) from error
        finally:
            connection.close()


def words_of(error: OSError, host: str) -> str:
    """Say what went wrong with a connection as Go does.

    Args:
        error: of Python.
        host: `host:port` that was asked.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    if isinstance(error, ssl.SSLError):
        return "tls: first record does not look like a TLS handshake"
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host.partition(':')[0]}: no such host"
    if isinstance(error, TimeoutError):
        return f"dial tcp {host}: i/o timeout"
    said = _CONNECTING.get(error.errno or 0, f"connect: {str(error.strerror).lower()}")
    return f"dial tcp {host}: {said}"


def _machine_of(program: str, layers: list[bytes]) -> int:
    """Read for which processor a program is: e_machine of its header; 0 when it is not there."""
    for one in reversed(layers):
        with tarfile.open(fileobj=io.BytesIO(one)) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content and member.name == program.lstrip("/"):
                    (machine,) = struct.unpack_from("<H", content.read(), _MACHINE_AT)
                    return int(machine)
    return 0
