"""What a cluster has already of what an overlay brings: nodes, namespaces, Services."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from meshdoctor.probes.deadline import together
from meshdoctor.probes.kubernetes.api import Api, ApiError
from meshdoctor.probes.manifests.evidence import Cluster, Spec, Thing
from meshdoctor.probes.manifests.shapes import require
from meshdoctor.probes.registry.platforms import Platform, normal

SECONDS: Final = 4.0
"""For each list."""

Object = dict[str, Any]

_WANTED: Final = ("nodes", "namespaces", "services")
_BOUNDS: Final = {"resourcequotas": "ResourceQuota", "limitranges": "LimitRange"}


def look(api: Api, seconds: float = SECONDS) -> Cluster:
    """Ask for five lists at once.

    One of nodes, namespaces or Services that is refused is a gap; quotas and ranges are for
    administrators, and whoever may not list them is not told of any.

    Args:
        api: whom.
        seconds: for each list.
    """
    told = together([partial(_listed, api, kind, seconds) for kind in (*_WANTED, *_BOUNDS)])
    nodes, namespaces, services, *bounds = told
    try:
        places, ports = _services(services.objects)
        return Cluster(
            api.server,
            _platforms(nodes.objects),
            len(nodes.objects),
            None if namespaces.gap else frozenset(map(_name, namespaces.objects)),
            None if services.gap else places,
            ports,
            None if any(one.gap for one in bounds) else tuple(_bounds(bounds)),
            dict(_used(bounds[0].objects)),
            tuple(one.gap for one in told[: len(_WANTED)] if one.gap),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return Cluster(api.server, gaps=(f"no lists of Kubernetes objects: {error!r}",))


@dataclass(frozen=True, slots=True)
class _List:
    objects: list[Object]
    gap: str = ""


def _listed(api: Api, kind: str, seconds: float) -> _List:
    try:
        return _List(api.list(f"/api/v1/{kind}", {}, seconds).objects)
    except ApiError as error:
        return _List([], f"{kind}: {error}")


def _name(one: Object) -> str:
    return str(one["metadata"]["name"])


def _bounds(lists: list[_List]) -> Iterator[Spec]:
    for kind, each in zip(_BOUNDS.values(), lists, strict=True):
        for one in each.objects:
            yield Spec(_thing(kind, one), require(kind, one.get("spec")))


def _used(quotas: list[Object]) -> Iterator[tuple[str, dict[str, str]]]:
    for one in quotas:
        used = (one.get("status") or {}).get("used") or {}
        yield str(_thing("ResourceQuota", one)), {str(key): str(used[key]) for key in used}


def _thing(kind: str, one: Object) -> Thing:
    return Thing(kind, _name(one), str(one["metadata"].get("namespace") or ""))


def _platforms(nodes: list[Object]) -> tuple[Platform, ...]:
    infos = [(one.get("status") or {}).get("nodeInfo") or {} for one in nodes]
    return tuple(
        dict.fromkeys(
            normal(str(one["operatingSystem"]), str(one["architecture"])) for one in infos if one
        )
    )


def _services(
    objects: list[Object],
) -> tuple[frozenset[tuple[str, str]], dict[int, tuple[str, str]]]:
    places = {
        (str(one["metadata"]["namespace"]), str(one["metadata"]["name"])): one for one in objects
    }
    ports = {
        int(port["nodePort"]): place
        for place, one in places.items()
        for port in one["spec"].get("ports") or ()
        if port.get("nodePort")
    }
    return frozenset(places), ports
