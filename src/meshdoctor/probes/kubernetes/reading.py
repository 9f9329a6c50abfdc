"""From the API's objects to evidence: what is not named here is not kept."""

from collections.abc import Callable
from typing import Any, Final

from meshdoctor.probes.kubernetes.evidence import (
    Container,
    Deployment,
    Ended,
    Event,
    Kind,
    Node,
    Pod,
    Port,
    Service,
    ServicePort,
    Slice,
)
from meshdoctor.probes.kubernetes.moments import elapsed
from meshdoctor.probes.kubernetes.words import of_probe, safe

Object = dict[str, Any]

_TELLING: Final = frozenset({"Failed", "FailedScheduling", "Unhealthy"})
# The kubelet's words for a program that the container runtime could not start. For every other end
# the message is what the program itself wrote.
_NOT_STARTED: Final = frozenset({"StartError", "ContainerCannotRun"})
_SERVICE_NAME: Final = "kubernetes.io/service-name"


class ShapeError(ValueError):
    """What was read is no list of Kubernetes objects."""


def items(document: object) -> list[Object]:
    """Give the objects of a List.

    Args:
        document: what `kubectl get -o json` prints, or the API answers.

    Raises:
        ShapeError: it is something else.
    """
    found = document.get("items") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ShapeError("no list of Kubernetes objects")
    return found


def read(kind: Kind, objects: list[Object]) -> tuple[Any, ...]:
    """Keep of objects what the checks read.

    Args:
        kind: of all of them.
        objects: as the API has them.

    Raises:
        ShapeError: a field is missing, or of another type.
    """
    try:
        found = [_READERS[kind](one) for one in objects]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ShapeError(f"an object of these is damaged: {error!r}") from error
    return tuple(one for one in found if one is not None)


def _node(found: Object) -> Node:
    name, status = found["metadata"]["name"], found["status"]
    told = status.get("nodeInfo") or {}
    parts = (told.get("operatingSystem"), told.get("architecture"))
    platform = "/".join(map(str, parts)) if all(parts) else ""
    for one in status.get("conditions") or ():
        if one["type"] == "Ready":
            words = safe(f"{one.get('reason', '')}: {one.get('message', '')}")
            return Node(name, one["status"], words, platform)
    return Node(name, "", platform=platform)


def _pod(found: Object) -> Pod:
    meta, spec, status = found["metadata"], found["spec"], found["status"]
    owner = next(iter(meta.get("ownerReferences") or ()), {"kind": "Pod", "name": meta["name"]})
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    placed = conditions.get("PodScheduled", {})
    told = {
        one["name"]: one
        for key in ("initContainerStatuses", "containerStatuses")
        for one in status.get(key) or ()
    }
    containers = (*(spec.get("initContainers") or ()), *spec["containers"])
    return Pod(
        meta["namespace"],
        meta["name"],
        f"{owner['kind']}/{owner['name']}",
        dict(meta.get("labels") or {}),
        spec.get("nodeName") or "",
        status.get("phase", ""),
        conditions.get("Ready", {}).get("status") == "True",
        safe(placed.get("message", "")) if placed.get("reason") == "Unschedulable" else "",
        tuple(_container(one, told.get(one["name"], {})) for one in containers),
    )


def _container(spec: Object, told: Object) -> Container:
    state = told.get("state") or {}
    waiting = state.get("waiting") or {}
    ended = state.get("terminated") or (told.get("lastState") or {}).get("terminated")
    return Container(
        spec["name"],
        spec.get("image", ""),
        tuple(Port(one["containerPort"], one.get("name", "")) for one in spec.get("ports") or ()),
        bool(told.get("ready")),
        "running" in state,
        waiting.get("reason", ""),
        safe(waiting.get("message", "")),
        told.get("restartCount", 0),
        _ended(ended) if ended else None,
        since=(state.get("running") or {}).get("startedAt") or "",
    )


def _ended(found: Object) -> Ended:
    reason = found.get("reason", "")
    seconds = elapsed(found.get("startedAt") or "", found.get("finishedAt") or "")
    words = safe(found.get("message", "")) if reason in _NOT_STARTED else ""
    return Ended(found["exitCode"], reason, seconds, words)


def _event(found: Object) -> Event | None:
    about, reason = found["involvedObject"], found.get("reason", "")
    if about.get("kind") != "Pod" or reason not in _TELLING:
        return None
    words = found.get("message") or ""
    series = (found.get("series") or {}).get("lastObservedTime")
    at = series or found.get("lastTimestamp") or found.get("eventTime") or ""
    kept = of_probe(words) if reason == "Unhealthy" else safe(words)
    return Event(about["namespace"], about["name"], reason, kept, at)


def _service(found: Object) -> Service:
    meta, spec = found["metadata"], found["spec"]
    ports = tuple(
        ServicePort(one["port"], one.get("targetPort", one["port"]), one.get("name", ""))
        for one in spec.get("ports") or ()
    )
    return Service(meta["namespace"], meta["name"], dict(spec.get("selector") or {}), ports)


def _slice(found: Object) -> Slice:
    meta = found["metadata"]
    # A ready condition that is missing means ready (discovery.k8s.io/v1, EndpointConditions).
    ready = [
        (one.get("conditions") or {}).get("ready") is not False
        for one in found.get("endpoints") or ()
    ]
    service = (meta.get("labels") or {}).get(_SERVICE_NAME, "")
    return Slice(meta["namespace"], service, ready.count(True), ready.count(False))


def _deployment(found: Object) -> Deployment:
    meta, spec = found["metadata"], found["spec"]
    labels = dict(spec["template"]["metadata"].get("labels") or {})
    return Deployment(meta["namespace"], meta["name"], labels, spec.get("replicas", 1))


_READERS: Final[dict[Kind, Callable[[Object], Any]]] = {
    Kind.NODES: _node,
    Kind.PODS: _pod,
    Kind.EVENTS: _event,
    Kind.SERVICES: _service,
    Kind.SLICES: _slice,
    Kind.DEPLOYMENTS: _deployment,
}
