"""Patches: JSON merge patch (RFC 7386), and Kubernetes' strategic merge patch.

Source of the latter: the Kubernetes community's document "Strategic Merge Patch", and the
`patchMergeKey`s of the API types. Only what kubectl sends is there.
"""

import copy
from typing import Any, Final

Manifest = dict[str, Any]

_KEYS: Final = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "port"),  # of containers, of Services
    "topologySpreadConstraints": ("topologyKey",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "hostAliases": ("ip",),
}
_SETS: Final = frozenset({"finalizers"})


def merged(found: Any, patch: Any) -> Any:  # noqa: ANN401 # any JSON
    """Return what a JSON merge patch makes of a value."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = copy.deepcopy(found) if isinstance(found, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def strategically_merged(found: Any, patch: Manifest) -> Manifest:  # noqa: ANN401 # any JSON
    """Return what a strategic merge patch makes of an object."""
    if patch.get("$patch") == "replace":
        return _bare(patch)
    result: Manifest = copy.deepcopy(found) if isinstance(found, dict) else {}
    if kept := patch.get("$retainKeys"):
        result = {key: value for key, value in result.items() if key in kept}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [one for one in result.get(name, ()) if one not in value]
        elif key.startswith("$"):
            continue  # the order of elements and its like: nothing of ours depends on it
        elif value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
            result.pop(key, None)
        else:
            result[key] = _value(key, result.get(key), value)
    return result


def _value(name: str, found: Any, patch: Any) -> Any:  # noqa: ANN401 # any JSON
    if isinstance(patch, dict):
        return strategically_merged(found, patch)
    if isinstance(patch, list) and (key := _merge_key(name, patch)):
        return _elements(found or [], patch, key)
    if isinstance(patch, list) and name in _SETS:
        return [*(found or []), *(one for one in patch if one not in (found or []))]
    return copy.deepcopy(patch)


def _merge_key(name: str, patch: list[Any]) -> str | None:
    elements = [one for one in patch if isinstance(one, dict)]
    keys = (key for key in _KEYS.get(name, ()) if any(key in one for one in elements))
    return next(keys, None)


def _elements(found: list[Manifest], patch: list[Manifest], key: str) -> list[Manifest]:
    if any(one.get("$patch") == "replace" for one in patch):
        return [_bare(one) for one in patch if key in one]
    result = {one.get(key): one for one in found}
    for one in patch:
        if one.get("$patch") == "delete":
            result.pop(one[key], None)
        else:
            result[one[key]] = strategically_merged(result.get(one[key]), one)
    return list(result.values())


def _bare(patch: Manifest) -> Manifest:
    return {key: copy.deepcopy(value) for key, value in patch.items() if not key.startswith("$")}
