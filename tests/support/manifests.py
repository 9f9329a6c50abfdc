"""The rendered overlays, as objects."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
RENDERED = ROOT / "k8s/rendered"

Manifest = dict[str, Any]

# libyaml's, where it is: seconds sooner than the one in Python.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Overlay:
    """What an overlay renders to.

    Attributes:
        name: the overlay's folder.
        objects: all of it, in order.
    """

    name: str
    objects: tuple[Manifest, ...]

    @property
    def path(self) -> Path:
        """Where it is written."""
        return RENDERED / f"{self.name}.yaml"

    def of(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """Give the objects of a kind, in a namespace or in all."""
        return [
            one
            for one in self.objects
            if one["kind"] == kind and namespace in {None, one["metadata"].get("namespace")}
        ]

    def named(self, kind: str, name: str, namespace: str = "bookstore") -> Manifest:
        """Give the one object of that name."""
        (found,) = (one for one in self.of(kind, namespace) if one["metadata"]["name"] == name)
        return found


def load(name: str) -> Overlay:
    """Read what is committed for an overlay."""
    text = (RENDERED / f"{name}.yaml").read_text("utf-8")
    documents = yaml.load_all(text, Loader=_LOADER)
    return Overlay(name, tuple(one for one in documents if one))


OVERLAYS = tuple(load(path.stem) for path in sorted(RENDERED.glob("*.yaml")))
KUBEADM = load("kubeadm")


def pod_of(owner: Manifest) -> Manifest | None:
    """Give the Pod that an object makes, with its labels; None when it makes none."""
    if owner["kind"] == "Pod":
        return owner
    spec = owner.get("spec", {})
    if owner["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    template: Manifest | None = spec.get("template") if isinstance(spec, dict) else None
    return template if template and "containers" in template.get("spec", {}) else None


def pods(overlay: Overlay) -> dict[str, Manifest]:
    """Give every Pod of an overlay by kind, namespace and name of what makes it."""
    return {
        f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}": pod
        for one in overlay.objects
        if (pod := pod_of(one))
    }


def selects(selector: Manifest | None, labels: Manifest) -> bool:
    """Say whether a label selector matches (an empty one matches all, None matches nothing)."""
    if selector is None:
        return False
    if set(selector) - {"matchLabels", "matchExpressions"}:
        raise ValueError(f"not a label selector: {selector}")
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(_holds(one, labels) for one in selector.get("matchExpressions", ()))


def _holds(expression: Manifest, labels: Manifest) -> bool:
    key, values = expression["key"], expression.get("values", ())
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise ValueError(f"no such operator: {expression['operator']}")
