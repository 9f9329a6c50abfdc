"""The objects, and what happened to them: what etcd is to a real API."""

import copy
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from meshdoctor.lab.kubeapi.resources import BUILT_IN, DEFINITIONS, Resource, custom

_REMEMBERED: Final = 4000
"""So many changes can be watched after the fact; a real API forgets them after minutes, too."""

Manifest = dict[str, Any]
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """A change, as those who watch are told.

    Attributes:
        version: the resource version that the change made.
        title: what kind of object changed.
        type: ADDED, MODIFIED or DELETED.
        object: as it was after the change, or last.
    """

    version: int
    title: str
    type: str
    object: Manifest


@dataclass(slots=True)
class Store:
    """All objects, in the order in which they came.

    Attributes:
        changed: told of every change and of the end; its lock guards everything here.
        closed: nobody should wait any longer.
    """

    changed: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False
    _objects: dict[Key, Manifest] = field(default_factory=dict)
    _events: deque[Event] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _version: int = 1

    @property
    def version(self) -> int:
        """The resource version of the last change."""
        return self._version

    def remembers(self, version: int) -> bool:
        """Whether every change after a resource version can still be told."""
        with self.changed:
            return not self._events or self._events[0].version <= version + 1

    def resources(self) -> tuple[Resource, ...]:
        """Give all kinds of objects, those of the definitions in here among them."""
        added = (each for one in self.all(DEFINITIONS) for each in custom(one))
        return (*BUILT_IN, *added)

    def get(self, resource: Resource, namespace: str, name: str) -> Manifest | None:
        """Give a copy of an object."""
        with self.changed:
            return copy.deepcopy(self._objects.get((resource.title, namespace, name)))

    def all(self, resource: Resource, namespace: str = "") -> list[Manifest]:
        """Give copies of all objects of a kind, in a namespace or everywhere."""
        with self.changed:
            return [
                copy.deepcopy(found)
                for (title, where, _), found in self._objects.items()
                if title == resource.title and namespace in {"", where}
            ]

    def put(self, resource: Resource, found: Manifest) -> Manifest:
        """Store an object as it is, with a new resource version, and give it back."""
        with self.changed:
            key = key_of(resource, found)
            type_ = "MODIFIED" if key in self._objects else "ADDED"
            self._objects[key] = self._tell(resource, type_, found)
            return copy.deepcopy(self._objects[key])

    def drop(self, resource: Resource, found: Manifest) -> None:
        """Forget an object."""
        with self.changed:
            self._objects.pop(key_of(resource, found))
            self._tell(resource, "DELETED", found)

    def since(self, version: int, resource: Resource, seconds: float) -> list[Event]:
        """Wait for changes of a kind of object and give those after a resource version."""

        def news() -> list[Event]:
            return [one for one in self._events_after(version) if one.title == resource.title]

        with self.changed:
            self.changed.wait_for(lambda: self.closed or news(), seconds)
            return news()

    def close(self) -> None:
        """Let go everybody who waits."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _events_after(self, version: int) -> Iterator[Event]:
        return (one for one in self._events if one.version > version)

    def _tell(self, resource: Resource, type_: str, found: Manifest) -> Manifest:
        self._version += 1
        told = copy.deepcopy(found)
        told["apiVersion"], told["kind"] = resource.group_version, resource.kind
        told["metadata"]["resourceVersion"] = str(self._version)
        self._events.append(Event(self._version, resource.title, type_, copy.deepcopy(told)))
        self.changed.notify_all()
        return told


def key_of(resource: Resource, found: Manifest) -> Key:
    """Give the place of an object."""
    namespace = found["metadata"].get("namespace", "") if resource.namespaced else ""
    return resource.title, namespace, found["metadata"]["name"]
