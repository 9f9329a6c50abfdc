"""What clients read before their first request: kinds, version, and what parameters are known.

Source: the Kubernetes documentation, "The Kubernetes API" (aggregated discovery, OpenAPI v3).
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from meshdoctor.lab.kubeapi.resources import Resource

Manifest = dict[str, Any]

VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
MINOR: Final = "36"


def version() -> Manifest:
    """Give what `/version` says."""
    return {"major": "1", "minor": MINOR, "gitVersion": f"v1.{MINOR}.0", "platform": "linux/amd64"}


def groups(resources: Sequence[Resource], core: bool) -> Manifest:  # noqa: FBT001 # which half
    """Give the aggregated discovery of the core group, or of all others."""
    chosen = [one for one in resources if core == (not one.group)]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {"metadata": {"name": group}, "versions": _versions(list(ones))}
            for group, ones in groupby(sorted(chosen, key=_group), _group)
        ],
    }


def kinds(resources: Iterable[Resource], prefix: str) -> Manifest:
    """Give the older discovery of one group and version, by its path."""
    chosen = [one for one in resources if one.prefix == prefix]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": prefix.removeprefix("/apis/").removeprefix("/api/"),
        "resources": [
            {
                "name": one.plural,
                "singularName": one.kind.lower(),
                "kind": one.kind,
                "namespaced": one.namespaced,
                "verbs": VERBS,
                "shortNames": list(one.short_names),
            }
            for one in chosen
        ],
    }


def openapi_index(resources: Iterable[Resource]) -> Manifest:
    """Give the list of OpenAPI v3 documents, one for each group and version."""
    prefixes = sorted({one.prefix for one in resources})
    return {
        "paths": {one.strip("/"): {"serverRelativeURL": f"/openapi/v3{one}"} for one in prefixes}
    }


def openapi(resources: Iterable[Resource], prefix: str) -> Manifest:
    """Give an OpenAPI v3 document that only says which parameters a PATCH knows.

    kubectl looks for `fieldValidation` and leaves the checks of fields to the server then.
    """
    known = [{"name": name, "in": "query"} for name in ("dryRun", "fieldValidation")]
    paths = {
        _object_path(one): {
            "patch": {
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": _kind(one),
                "parameters": known,
                "responses": {},
            }
        }
        for one in resources
        if one.prefix == prefix
    }
    info = {"title": "loopback", "version": f"v1.{MINOR}"}
    return {"openapi": "3.0.0", "info": info, "paths": paths}


def _group(resource: Resource) -> str:
    return resource.group


def _kind(resource: Resource) -> Manifest:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _object_path(resource: Resource) -> str:
    namespace = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"{resource.prefix}{namespace}/{resource.plural}/{{name}}"


def _versions(resources: Sequence[Resource]) -> list[Manifest]:
    names = dict.fromkeys(one.version for one in resources)
    return [
        {
            "version": name,
            "freshness": "Current",
            "resources": [_aggregated(one) for one in resources if one.version == name],
        }
        for name in names
    ]


def _aggregated(resource: Resource) -> Manifest:
    return {
        "resource": resource.plural,
        "responseKind": _kind(resource),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.kind.lower(),
        "verbs": VERBS,
        "shortNames": list(resource.short_names),
        "subresources": [
            {
                "subresource": name,
                "responseKind": _kind(resource),
                "verbs": ["get", "patch", "update"],
            }
            for name in resource.subresources
        ],
    }
