"""The files of an image, as its layers leave them; of each only the first bytes are kept.

Layers are applied from the lowest up, as the OCI image specification says (`layer.md`): a name in
a higher layer hides that of a lower one, `.wh.NAME` takes a name away, `.wh..wh..opq` empties a
folder of what lower layers put there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_LINKS: Final = 40  # as many as Linux follows (path_resolution(7))


class NotFoundError(LookupError):
    """No file is at that path; the text says which part of it is missing."""


@dataclass(slots=True)
class Folder:
    """A folder: what is in it by name."""

    entries: dict[str, "Node"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A file: its first bytes."""

    head: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link: what it points to."""

    target: str


Node = Folder | File | Link


@dataclass(frozen=True, slots=True)
class Change:
    """One name in a layer.

    Attributes:
        path: relative to the root, as it stands in the archive.
        node: what is there now.
        same_as: the path of a hard link's other name; then there is no node.
    """

    path: str
    node: Node | None = None
    same_as: str = ""


class Tree:
    """Files under one root."""

    def __init__(self) -> None:
        self._root = Folder()

    def apply(self, changes: Sequence[Change]) -> None:
        """Lay one more layer on top.

        Args:
            changes: all names of the layer, in the order of the archive.
        """
        for change in changes:  # whiteouts reach lower layers alone, wherever they stand
            folder, name = _split(change.path)
            if name.startswith(_WHITEOUT):
                self._remove(folder, name)
        for change in changes:
            folder, name = _split(change.path)
            if name and not name.startswith(_WHITEOUT):
                self._add(folder, name, change)

    def find(self, path: str) -> tuple[str, File]:
        """Find a file.

        Args:
            path: absolute, or relative to the root.

        Returns:
            Its path with all symbolic links followed, and the file.

        Raises:
            NotFoundError: there is none.
        """
        names, node = self._walk(path)
        if not isinstance(node, File):
            raise NotFoundError(f"{path} is no file")
        return f"/{'/'.join(names)}", node

    def _remove(self, folder: str, name: str) -> None:
        try:
            _names, node = self._walk(folder)
        except NotFoundError:
            return
        if isinstance(node, Folder):
            if name == _OPAQUE:
                node.entries.clear()
            else:
                node.entries.pop(name.removeprefix(_WHITEOUT), None)

    def _add(self, folder: str, name: str, change: Change) -> None:
        parent = self._folder(folder)
        node = change.node
        if change.same_as:
            try:
                node = self.find(change.same_as)[1]
            except NotFoundError:
                return
        if node is None or (
            isinstance(node, Folder) and isinstance(parent.entries.get(name), Folder)
        ):
            return  # a folder that is already there keeps what is in it
        parent.entries[name] = node

    def _folder(self, path: str) -> Folder:
        """Return a folder, made when it is missing; links on the way are followed."""
        here = self._root
        done: list[str] = []
        for name in _names(path):
            done.append(name)
            node = here.entries.get(name)
            if isinstance(node, Link):
                try:
                    node = self._walk("/".join(done))[1]
                except NotFoundError:
                    node = None
            if not isinstance(node, Folder):
                node = here.entries[name] = Folder()
            here = node
        return here

    def _walk(self, path: str) -> tuple[list[str], Node]:
        """Follow a path within the root, as Linux would after chroot(2)."""
        waiting = _names(path)[::-1]
        stack: list[tuple[str, Node]] = [("", self._root)]
        links = 0
        while waiting:
            name = waiting.pop()
            if name == "..":
                stack = stack[: max(1, len(stack) - 1)]  # above the root is the root
                continue
            here = stack[-1][1]
            node = here.entries.get(name) if isinstance(here, Folder) else None
            if node is None:
                raise NotFoundError(f"{path}: there is no {name}")
            if not isinstance(node, Link):
                stack.append((name, node))
                continue
            links += 1
            if links > _LINKS:
                raise NotFoundError(f"{path}: too many symbolic links")
            stack = stack[:1] if node.target.startswith("/") else stack
            waiting += _names(node.target)[::-1]
        return [name for name, _node in stack[1:]], stack[-1][1]


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in {"", "."}]


def _split(path: str) -> tuple[str, str]:
    names = _names(path)
    if not names or ".." in names:  # nobody writes above the root
        return "", ""
    return "/".join(names[:-1]), names[-1]


def candidates(program: str, folders: str, working_folder: str) -> Iterable[str]:
    """Give the paths where a program may be (execvp(3), and runc's own lookup).

    Args:
        program: the first word of the command.
        folders: the value of PATH.
        working_folder: where the process starts.
    """
    if "/" in program:
        return (program if program.startswith("/") else f"{working_folder}/{program}",)
    return tuple(f"{folder}/{program}" for folder in folders.split(":") if folder)
