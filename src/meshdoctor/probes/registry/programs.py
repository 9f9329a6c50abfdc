"""Which program an image starts, and for which processor it is: read out of the layers.

The index and the config blob are labels; the first bytes of the program are the content. To know
which file a path means, all layers have to be read, so this is asked for on purpose, and bounded.
"""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from meshdoctor.probes.registry.client import Registry
from meshdoctor.probes.registry.elf import HEAD, interpreter, machine
from meshdoctor.probes.registry.errors import DamagedError, NotReadError, RegistryError
from meshdoctor.probes.registry.evidence import Program
from meshdoctor.probes.registry.tree import (
    Change,
    File,
    Folder,
    Link,
    NotFoundError,
    Tree,
    candidates,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

MOST_BYTES: Final = 512 * 1024 * 1024
"""Of all layers together, as they are sent."""

_MOST_UNPACKED: Final = 4 * MOST_BYTES
_MOST_NAMES: Final = 500_000
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SCRIPTS: Final = 4  # as deep as Linux goes (execve(2))
_CHUNK: Final = 64 * 1024


def look_at_program(
    registry: Registry, manifest: dict[str, Any], running: dict[str, Any], command: tuple[str, ...]
) -> Program:
    """Read an image's layers for the program that it starts.

    Args:
        registry: where the layers are.
        manifest: names the layers.
        running: the part `config` of the config blob.
        command: what is started.

    Returns:
        The program; why it was not found, or not read, when it was not.
    """
    try:
        if not command:
            raise NotReadError("the image names no command")
        tree = Tree()
        for layer in _layers(manifest):
            tree.apply(registry.blob(layer["digest"], partial(_changes, layer)))
        return _find(tree, command[0], running)
    except RegistryError as error:
        return Program(command[0] if command else "", failure=error.failure)


def _layers(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    layers = manifest.get("layers")
    if not isinstance(layers, list) or not all(isinstance(one, dict) for one in layers):
        raise NotReadError("the manifest lists no layers")
    for one in layers:
        kind = str(one.get("mediaType", ""))
        if not kind.endswith((".tar", ".tar+gzip", ".tar.gzip")) or "foreign" in kind:
            raise NotReadError(f"a layer of the type {kind[:80]!r} is not read here")
        if not isinstance(one.get("size"), int) or not isinstance(one.get("digest"), str):
            raise NotReadError("a layer without size or digest")
    if sum(one["size"] for one in layers) > MOST_BYTES:
        raise NotReadError(f"the layers are larger than {MOST_BYTES // 1024**2} MiB")
    return layers


class _Checked(io.RawIOBase):
    """A layer that is hashed as it is read, and ends at the size that was promised."""

    def __init__(self, source: Callable[[int], bytes], size: int, digest: str) -> None:
        self._source = source
        self._left = size
        self._digest = digest
        self._hash = hashlib.new(digest.partition(":")[0])

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill a buffer, less at the end."""
        view = memoryview(buffer)
        wanted = min(self._left, len(view))
        data = self._source(wanted) if wanted else b""
        view[: len(data)] = data
        self._left -= len(data)
        self._hash.update(data)
        return len(data)

    def finish(self) -> None:
        """Read what is left and hold everything against the digest."""
        while self.read(_CHUNK):
            pass
        if self._hash.hexdigest() != self._digest.partition(":")[2]:
            raise DamagedError(f"layer {self._digest}: what came has another digest")


class _Bounded(io.RawIOBase):
    """Unpacked bytes, of which there may be only so many."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._left = _MOST_UNPACKED

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill a buffer, less at the end."""
        count = self._stream.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise NotReadError(f"a layer unpacks to more than {_MOST_UNPACKED // 1024**2} MiB")
        return count


def _changes(layer: dict[str, Any], source: Callable[[int], bytes]) -> list[Change]:
    raw = _Checked(source, layer["size"], layer["digest"])
    packed: io.BufferedIOBase = io.BufferedReader(raw, _CHUNK)
    if "gzip" in layer["mediaType"]:
        packed = gzip.GzipFile(fileobj=packed, mode="rb")
    try:
        with tarfile.open(fileobj=_Bounded(packed), mode="r|", bufsize=_CHUNK) as archive:
            changes = list(_names(archive))
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedError(f"layer {layer['digest']}: {error}") from error
    raw.finish()
    return changes


def _names(archive: tarfile.TarFile) -> Iterator[Change]:
    for number, one in enumerate(archive):
        if number > _MOST_NAMES:
            raise NotReadError(f"a layer holds more than {_MOST_NAMES} names")
        if one.isdir():
            yield Change(one.name, Folder())
        elif one.issym():
            yield Change(one.name, Link(one.linkname))
        elif one.islnk():
            yield Change(one.name, same_as=one.linkname)
        elif one.isfile() and (opened := archive.extractfile(one)):
            with closing(opened):
                yield Change(one.name, File(opened.read(HEAD)))


def _find(tree: Tree, program: str, running: dict[str, Any]) -> Program:
    path = program
    scripts: list[str] = []
    for _ in range(_SCRIPTS + 1):
        found, file = _locate(tree, path, running)
        if (told := machine(file.head)) is not None:
            return Program(found, told, tuple(scripts))
        if (reader := interpreter(file.head)) is None:
            raise NotReadError(f"{found} is neither a program nor a script")
        scripts.append(found)
        path = reader
    raise NotReadError(f"{program}: scripts that name scripts")


def _locate(tree: Tree, program: str, running: dict[str, Any]) -> tuple[str, File]:
    env = running.get("Env")
    pairs = [str(one).partition("=") for one in env] if isinstance(env, list) else []
    folders = {name: value for name, _, value in pairs}.get("PATH", _PATH)
    for path in candidates(program, folders, str(running.get("WorkingDir") or "/")):
        try:
            return tree.find(path)
        except NotFoundError:
            continue
    raise NotReadError(f"the layers hold no {program}")
