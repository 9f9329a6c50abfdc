"""Rendered overlays with a defect cut into them, as `meshdoctor preflight` reads them."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Final

import yaml

from meshdoctor.probes.manifests.evidence import Manifests
from meshdoctor.probes.manifests.reading import read
from tests.support.manifests import Manifest, Overlay, load

Change = Callable[["Cut"], object]

_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Cut:
    """The objects of an overlay, to be changed.

    Args:
        overlay: which stays as it is.
    """

    def __init__(self, overlay: Overlay) -> None:
        self.objects = deepcopy(list(overlay.objects))

    def named(self, kind: str, name: str, namespace: str = "bookstore") -> Manifest:
        """Give the one object of that name."""
        return Overlay("cut", tuple(self.objects)).named(kind, name, namespace)

    def container(self, name: str, namespace: str = "bookstore") -> Manifest:
        """Give the first container of a Deployment."""
        spec = self.named("Deployment", name, namespace)["spec"]["template"]["spec"]
        found: Manifest = spec["containers"][0]
        return found

    def variable(self, workload: str, name: str) -> Manifest:
        """Give a variable of a Deployment."""
        (found,) = (one for one in self.container(workload)["env"] if one["name"] == name)
        one: Manifest = found
        return one

    def without(self, kind: str, name: str, namespace: str | None = "bookstore") -> None:
        """Take an object away."""
        left = [
            one
            for one in self.objects
            if (one["kind"], one["metadata"]["name"], one["metadata"].get("namespace"))
            != (kind, name, namespace)
        ]
        assert len(self.objects) - 1 == len(left)
        self.objects = left

    def add(self, kind: str, name: str, namespace: str = "bookstore", **more: object) -> None:
        """Put another object there."""
        meta = {"name": name, "namespace": namespace}
        self.objects.append({"apiVersion": "v1", "kind": kind, "metadata": meta, **more})

    def text(self) -> str:
        """Write them as YAML."""
        return yaml.dump_all(self.objects, Dumper=_DUMPER)


@cache
def lean(name: str) -> Overlay:
    """Give an overlay whose ConfigMaps have their keys and nothing in them, as nobody reads it."""
    overlay = load(name)
    return Overlay(
        name,
        tuple(
            {**one, "data": dict.fromkeys(one.get("data", ()), "")}
            if one["kind"] == "ConfigMap"
            else one
            for one in overlay.objects
        ),
    )


def cut(name: str, change: Change | None = None) -> Manifests:
    """Read an overlay after a change."""
    found = Cut(lean(name))
    if change:
        change(found)
    return read(found.text(), name)
