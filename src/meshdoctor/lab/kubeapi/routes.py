"""Which request a path means."""

from collections.abc import Mapping, Sequence
from typing import Any

from meshdoctor.lab.kubeapi import discovery
from meshdoctor.lab.kubeapi.refusals import unknown_path
from meshdoctor.lab.kubeapi.resources import Resource
from meshdoctor.lab.kubeapi.verbs import Call

Manifest = dict[str, Any]


def document(resources: Sequence[Resource], path: str) -> Manifest | None:
    """Give what clients read before their first request; None when the path is none of that."""
    prefixes = {one.prefix for one in resources}
    match path:
        case "/version":
            return discovery.version()
        case "/api" | "/apis":
            return discovery.groups(resources, core=path == "/api")
        case "/openapi/v3":
            return discovery.openapi_index(resources)
    if path in prefixes:
        return discovery.kinds(resources, path)
    if (prefix := path.removeprefix("/openapi/v3")) != path and prefix in prefixes:
        return discovery.openapi(resources, prefix)
    return None


def call(
    resources: Sequence[Resource],
    path: str,
    query: Mapping[str, str],
    body: Manifest,
    media_type: str,
) -> Call:
    """Say which objects a path means.

    Raises:
        RefusalError: none.
    """
    for prefix in sorted({one.prefix for one in resources}, key=len, reverse=True):
        if path.startswith(f"{prefix}/"):
            parts = path.removeprefix(f"{prefix}/").split("/")
            here = {one.plural: one for one in resources if one.prefix == prefix}
            if found := _place(here, parts):
                return Call(*found, query, body, media_type)
    raise unknown_path(path)


def _place(
    resources: Mapping[str, Resource], parts: Sequence[str]
) -> tuple[Resource, str, str, str] | None:
    match parts:
        case ["namespaces", namespace, plural, *rest] if plural in resources:
            found = resources[plural]
        case [plural, *rest] if plural in resources:
            found, namespace = resources[plural], ""
        case _:
            return None
    if len(rest) > len(("name", "subresource")):
        return None
    name, subresource = (*rest, "", "")[:2]
    known = subresource in {"", *found.subresources}
    return (found, namespace, name, subresource) if known else None
