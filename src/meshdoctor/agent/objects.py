"""What is read of the API's objects: a few fields, and nothing is believed of their shape."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from meshdoctor.agent.api import joined
from meshdoctor.agent.knowledge import Node, Place

Object = dict[str, Any]

SERVICE_LABEL: Final = "kubernetes.io/service-name"
"""By which a slice says whose it is (discovery.k8s.io/v1, EndpointSlice)."""

_NAME_LABEL: Final = "app.kubernetes.io/name"
_METRICS: Final = "metrics"
_HEALTH: Final = "health"
_FAMILIES: Final = ("IPv4", "IPv6")
_PORTS: Final = range(1, 65536)
_HEADLESS: Final = ("", "None")


class ShapeError(ValueError):
    """An object of the API lacks what all of its kind have."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a Pod says of its ports.

    Attributes:
        name: of the Pod.
        health: where it tells its gRPC health apart; 0 when nowhere.
        page: where its metrics page is; None when it has none, or nobody could read it now.
    """

    name: str
    health: int
    page: Place | None


def node(found: Object) -> Node | None:
    """Read a node.

    Args:
        found: as the API has it.

    Returns:
        None when it has no address of its own yet.

    Raises:
        ShapeError: it is no node.
    """
    try:
        for one in found["status"].get("addresses") or ():
            if one["type"] == "InternalIP":
                return Node(str(found["metadata"]["name"]), _address(one["address"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShapeError(f"a node is damaged: {error!r}") from error
    return None


def places(slices: Iterable[Object], service: str, port: int = 0) -> tuple[Place, ...]:
    """Read who stands behind a Service, ready or not; whoever is just leaving does not count.

    Args:
        slices: the EndpointSlices of a namespace.
        service: the Service whose they are.
        port: to ask; 0 takes the one that the slices say, that of gRPC or DNS if there are several.

    Raises:
        ShapeError: one is no EndpointSlice.
    """
    try:
        # IPv4 before IPv6: a Pod with both is asked once. A slice of names has nobody to ask.
        mine = sorted(
            (
                one
                for one in slices
                if _service_of(one) == service and one["addressType"] in _FAMILIES
            ),
            key=lambda one: _FAMILIES.index(one["addressType"]),
        )
        found = {
            place.pod: place for one in reversed(mine) for place in _behind(one, service, port)
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShapeError(f"an EndpointSlice is damaged: {error!r}") from error
    return tuple(sorted(found.values(), key=lambda place: (place.node, place.pod)))


def addresses(slices: Iterable[Object], service: str) -> tuple[str, ...]:
    """Read `host:port` of everyone behind a Service.

    Args:
        slices: the EndpointSlices of a namespace.
        service: the Service whose they are.

    Raises:
        ShapeError: one is no EndpointSlice.
    """
    return tuple(joined(one.address, one.port) for one in places(slices, service) if one.port)


def cluster_ip(services: Iterable[Object]) -> str:
    """Read the address of the one Service there is.

    Args:
        services: a list with one of them, or none.

    Returns:
        "" when it has none.

    Raises:
        ShapeError: it is no Service.
    """
    try:
        found = [one["spec"].get("clusterIP") or "" for one in services]
        return next((_address(one) for one in found if one not in _HEADLESS), "")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShapeError(f"a Service is damaged: {error!r}") from error


def declared(pod: Object) -> Declared:
    """Read a Pod.

    Args:
        pod: as the API has it.

    Raises:
        ShapeError: it is no Pod.
    """
    try:
        name = str(pod["metadata"]["name"])
        ports = {
            port.get("name", ""): _number(port["containerPort"])
            for container in pod["spec"]["containers"]
            for port in container.get("ports") or ()
        }
        return Declared(name, ports.get(_HEALTH, 0), _page(pod, name, ports.get(_METRICS, 0)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShapeError(f"a Pod is damaged: {error!r}") from error


def _page(pod: Object, name: str, port: int) -> Place | None:
    meta, status = pod["metadata"], pod.get("status") or {}
    address = status.get("podIP")
    if not port or not address or status.get("phase") != "Running" or "deletionTimestamp" in meta:
        return None
    service = str((meta.get("labels") or {}).get(_NAME_LABEL, name))
    where, on = str(meta["namespace"]), str(pod["spec"]["nodeName"])
    return Place(where, name, on, _address(address), port, service)


def _service_of(found: Object) -> str:
    return str((found["metadata"].get("labels") or {}).get(SERVICE_LABEL, ""))


def _behind(found: Object, service: str, port: int) -> Iterator[Place]:
    asked = port or _port(found.get("ports") or ())
    for one in found.get("endpoints") or ():
        if (one.get("conditions") or {}).get("terminating"):
            continue
        address = _address(one["addresses"][0])
        name = str((one.get("targetRef") or {}).get("name", address))
        where = str(found["metadata"]["namespace"])
        yield Place(where, name, str(one.get("nodeName") or ""), address, asked, service)


def _port(ports: Iterable[Object]) -> int:
    """Choose what serves: gRPC or DNS by name, or the first that is no metrics page."""
    named = {one.get("name") or "": _number(one["port"]) for one in ports if one.get("port")}
    for name, number in named.items():
        if name.startswith(("grpc", "dns")):
            return number
    return next((number for name, number in named.items() if name != _METRICS), 0)


def _address(found: object) -> str:
    """Take an address for one: a name would be looked up, and DNS may be what is broken."""
    return str(ip_address(str(found)))


def _number(found: object) -> int:
    if not isinstance(found, int) or found not in _PORTS:
        raise ValueError(f"no port: {found!r}")
    return found
