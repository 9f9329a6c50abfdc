"""What a cluster has already of what an overlay brings: nodes, namespaces, Services."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from meshdoctor.probes.deadline import together
from meshdoctor.probes.kubernetes.api import Api, ApiError
from meshdoctor.probes.manifests.evidence import Cluster
from meshdoctor.probes.registry.platforms import Platform, normal

SECONDS: Final = 4.0
"""For each list."""

Object = dict[str, Any]


def look(api: Api, seconds: float = SECONDS) -> Cluster:
    """Ask for three lists at once; one that is refused is a gap.

    Args:
        api: whom.
        seconds: for each list.
    """
    kinds = ("nodes", "namespaces", "services")
    nodes, namespaces, services = together([partial(_listed, api, kind, seconds) for kind in kinds])
    try:
        platforms = _platforms(nodes.objects)
        places, ports = _services(services.objects)
        names = frozenset(str(one["metadata"]["name"]) for one in namespaces.objects)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return Cluster(api.server, gaps=(f"no lists of Kubernetes objects: {error!r}",))
    return Cluster(
        api.server,
        platforms,
        len(nodes.objects),
        None if namespaces.gap else names,
        None if services.gap else places,
        ports,
        tuple(one.gap for one in (nodes, namespaces, services) if one.gap),
    )


@dataclass(frozen=True, slots=True)
class _List:
    objects: list[Object]
    gap: str = ""


def _listed(api: Api, kind: str, seconds: float) -> _List:
    try:
        return _List(api.list(f"/api/v1/{kind}", {}, seconds).objects)
    except ApiError as error:
        return _List([], f"{kind}: {error}")


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
