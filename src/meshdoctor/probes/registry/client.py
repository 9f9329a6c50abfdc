"""One registry over its HTTP API, version 2 (the OCI Distribution Specification 1.1).

It reads only: manifests and blobs. Nothing is retried: whoever asks a doctor wants to see the
failure. Every answer is bounded in bytes and in time, and held against its digest.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import urllib3

from meshdoctor.probes.deadline import Deadline, within
from meshdoctor.probes.registry.errors import (
    LIBRARY,
    DamagedError,
    LimitedError,
    MissingError,
    NotARegistryError,
    NotReadError,
    RefusedError,
    RegistryError,
    ours,
    plain,
)
from meshdoctor.probes.registry.proof import Asker, Proof
from meshdoctor.probes.registry.reference import Reference, is_digest

INDEX_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)

_ALL_TYPES: Final = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_MANIFEST_BYTES: Final = 4 * 1024 * 1024  # what registries have to take, and no more (spec, "Push")
_REDIRECTS: Final = 5
_CHALLENGE: Final = "www-authenticate"
_DIGEST: Final = "docker-content-digest"
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 200, 401, 403, 404, 429

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest, an index or a config blob.

    Attributes:
        media_type: as the registry says it.
        digest: of the bytes that came.
        content: the JSON in it.
    """

    media_type: str
    digest: str
    content: dict[str, Any]


class Registry:
    """The repository of one image, asked by one person until a deadline."""

    def __init__(
        self, reference: Reference, asker: Asker, proof: Proof, deadline: Deadline
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            reference: says where and what.
            asker: sends requests.
            proof: answers challenges.
            deadline: for everything.
        """
        self._reference = reference
        self._base = f"{asker.scheme}://{reference.api}/v2/"
        self._asker = asker
        self._proof = proof
        self._deadline = deadline

    def manifest(self, wanted: str) -> Document:
        """Read a manifest or an index.

        Args:
            wanted: a tag or a digest.

        Raises:
            RegistryError: it is not to be had.
        """
        asked = f"{self._reference.host}/{self._reference.path}:{wanted}"
        if ":" in wanted:
            asked = f"{self._reference.host}/{self._reference.path}@{_address(wanted)}"
        told, body = self._whole(f"manifests/{wanted}", asked, _ALL_TYPES)
        digest = _checked(body, wanted if ":" in wanted else told.get(_DIGEST, ""), asked)
        content = _object(body, asked)
        media_type = told.get("content-type", "").partition(";")[0].strip()
        if media_type not in INDEX_TYPES + MANIFEST_TYPES:
            media_type = str(content.get("mediaType", media_type))
        if media_type not in INDEX_TYPES + MANIFEST_TYPES:
            raise NotARegistryError(f"{asked}: {plain(media_type)!r} is no manifest of an image")
        return Document(media_type, digest, content)

    def config(self, digest: str) -> dict[str, Any]:
        """Read the config blob of an image.

        Args:
            digest: of the blob.

        Raises:
            RegistryError: it is not to be had.
        """
        asked = f"config blob {_address(digest)}"
        _told, body = self._whole(f"blobs/{digest}", asked, "*/*")
        _checked(body, digest, asked)
        return _object(body, asked)

    def blob(self, digest: str, reader: Callable[[Callable[[int], bytes]], T]) -> T:
        """Hand a blob to a reader as it comes.

        Args:
            digest: of the blob.
            reader: is given what reads so many bytes of it, fewer at its end.

        Raises:
            RegistryError: it is not to be had, or the reader's own reason.
        """

        def read(response: urllib3.BaseHTTPResponse) -> T:
            def some(size: int) -> bytes:
                self._deadline.left()  # also for a thread that nobody waits for any more
                return response.read(size, decode_content=False)

            return reader(some)

        asked = f"layer {_address(digest)}"
        return self._guarded(asked, lambda: self._read(f"blobs/{digest}", "*/*", read))

    def _whole(self, path: str, asked: str, accept: str) -> tuple[Mapping[str, str], bytes]:
        def read(response: urllib3.BaseHTTPResponse) -> tuple[Mapping[str, str], bytes]:
            body = response.read(_MANIFEST_BYTES + 1, decode_content=False)
            if len(body) > _MANIFEST_BYTES:
                raise NotReadError(f"{asked}: more than {_MANIFEST_BYTES} bytes")
            return response.headers, body

        return self._guarded(asked, lambda: self._read(path, accept, read))

    def _guarded(self, asked: str, work: Callable[[], T]) -> T:
        try:
            return within(self._deadline, work)
        except LIBRARY as error:
            raise ours(error, asked) from error

    def _read(self, path: str, accept: str, reader: Callable[[urllib3.BaseHTTPResponse], T]) -> T:
        url = f"{self._base}{self._reference.path}/{path}"
        response = self._ask(url, accept)
        try:
            if response.status != _OK:
                raise self._trouble(response, url)
            return reader(response)
        finally:
            response.close()

    def _ask(self, url: str, accept: str) -> urllib3.BaseHTTPResponse:
        """Ask, say who we are if that is asked for, and follow where the content lies."""
        # As it is: what is compressed on the way has another digest.
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        response = self._asker.send("GET", url, {**headers, **self._proof.headers()})
        if response.status == _UNAUTHORIZED and (asked := response.headers.get(_CHALLENGE)):
            response.close()
            proven = self._proof.answer(asked)
            response = self._asker.send("GET", url, {**headers, **proven})
        for _ in range(_REDIRECTS):
            if response.status not in _MOVED:
                return response
            response.close()
            # Whoever keeps the blobs is not told who we are.
            url = urljoin(url, response.headers.get("location", ""))
            response = self._asker.send("GET", url, headers)
        return response

    def _trouble(self, response: urllib3.BaseHTTPResponse, url: str) -> RegistryError:
        words = _complaint(response)
        said = (
            f"{urlsplit(url).netloc} answers HTTP {response.status}{f': {words}' if words else ''}"
        )
        if response.status in {_UNAUTHORIZED, _FORBIDDEN}:
            return RefusedError(f"{said}; {self._proof.told}")
        if response.status == _TOO_MANY:
            return LimitedError(said)
        if response.status == _NOT_FOUND and (words or self._is_registry()):
            return MissingError(said)
        return NotARegistryError(said)

    def _is_registry(self) -> bool:
        """Ask what every registry answers (spec, "Determining Support")."""
        response = self._asker.send("GET", self._base, {})
        response.close()
        return response.status in {_OK, _UNAUTHORIZED}


def _checked(body: bytes, digest: str, asked: str) -> str:
    """Hold bytes against their digest, "" when nobody named one; return it."""
    algorithm = digest.partition(":")[0] if is_digest(digest) else "sha256"
    found = f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
    if digest and found != digest:
        raise DamagedError(f"{asked}: what came has the digest {found}")
    return found


def _address(digest: str) -> str:
    """Pass on a digest that an address can be made of: the registry itself may have sent it."""
    if not is_digest(digest):
        raise DamagedError(f"{digest[:80]!r} is no digest")
    return digest


def _object(body: bytes, asked: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        shown = plain(repr(body[:60]))
        raise NotARegistryError(f"{asked}: the answer is no JSON: {shown}") from error
    if not isinstance(content, dict):
        raise NotARegistryError(f"{asked}: the answer is no object of JSON")
    return content


def _complaint(response: urllib3.BaseHTTPResponse) -> str:
    """Return a registry's own words of an error, "" when it has none (spec, "Error Codes")."""
    try:
        told = json.loads(response.read(_MANIFEST_BYTES, decode_content=False))
        first = told["errors"][0]
        return plain(f"{first['code']} {first.get('message', '')}")
    except (ValueError, LookupError, TypeError, AttributeError, urllib3.exceptions.HTTPError):
        return ""
