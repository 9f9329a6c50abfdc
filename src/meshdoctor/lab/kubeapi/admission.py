"""What a new or changed object must fulfil, and what the API adds to it.

Only the refusals that our documents speak of, each in the words of a real API.
"""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from meshdoctor.lab.kubeapi.refusals import RefusalError, conflict, invalid, not_found, terminating
from meshdoctor.lab.kubeapi.resources import NAMESPACES, Resource
from meshdoctor.lab.kubeapi.store import Store

Manifest = dict[str, Any]

NODE_PORTS: Final = range(30000, 32768)
_ANNOTATION_BYTES: Final = 262144
_IMMUTABLE: Final = {
    "Deployment": ("selector",),
    "DaemonSet": ("selector",),
    "StatefulSet": ("selector", "serviceName", "volumeClaimTemplates"),
    "Job": ("selector", "template", "completions"),
    "Service": ("clusterIP",),
}
_SERVER_KEPT: Final = ("uid", "creationTimestamp", "deletionTimestamp", "generation", "namespace")


def admit_new(store: Store, resource: Resource, new: Manifest) -> Manifest:
    """Return a new object with what the API adds to it.

    Raises:
        RefusalError: it cannot be.
    """
    meta = new["metadata"]
    if resource.namespaced:
        _require_namespace(store, resource, meta)
    _check(store, resource, new)
    meta["uid"] = str(uuid.uuid4())
    meta["creationTimestamp"] = now()
    if "spec" in new:
        meta["generation"] = 1
    if resource is NAMESPACES:
        new["status"] = {"phase": "Active"}
        new.setdefault("spec", {})["finalizers"] = ["kubernetes"]
        meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = meta["name"]
    if resource.kind == "Service":
        _allocate(store, resource, new)
    return new


def admit_change(store: Store, resource: Resource, old: Manifest, new: Manifest) -> Manifest:
    """Return a changed object with what only the API may change.

    Raises:
        RefusalError: it cannot be.
    """
    name, meta, kept = old["metadata"]["name"], new["metadata"], old["metadata"]
    if meta.get("resourceVersion", kept["resourceVersion"]) != kept["resourceVersion"]:
        raise conflict(resource, name)
    for key in _SERVER_KEPT:
        if key in kept:
            meta[key] = kept[key]
    meta["resourceVersion"] = kept["resourceVersion"]
    if resource.kind == "Service":
        _allocate(store, resource, new, old)
    for key in _IMMUTABLE.get(resource.kind, ()):
        if (value := new.get("spec", {}).get(key)) != old.get("spec", {}).get(key):
            why = f"Invalid value: {json.dumps(value)}: field is immutable"
            raise invalid(resource, name, f"spec.{key}", why)
    _check(store, resource, new)
    if new.get("spec") != old.get("spec") and "generation" in meta:
        meta["generation"] += 1
    return new


def now() -> str:
    """Return the time as objects have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _require_namespace(store: Store, resource: Resource, meta: Manifest) -> None:
    found = store.get(NAMESPACES, "", meta["namespace"])
    if not found:
        raise not_found(NAMESPACES, meta["namespace"])
    if "deletionTimestamp" in found["metadata"]:
        raise terminating(resource, meta["name"], meta["namespace"])


def _check(store: Store, resource: Resource, new: Manifest) -> None:
    meta = new["metadata"]
    annotations = meta.get("annotations") or {}
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > _ANNOTATION_BYTES:
        why = f"Too long: may not be more than {_ANNOTATION_BYTES} bytes"
        raise invalid(resource, meta["name"], "metadata.annotations", why)
    if resource.kind == "Service":
        for refusal in _node_port_refusals(store, resource, new):
            raise refusal


def _node_port_refusals(store: Store, resource: Resource, new: Manifest) -> Iterator[RefusalError]:
    meta = new["metadata"]
    taken = {
        port
        for one in store.all(resource)
        if (one["metadata"]["namespace"], one["metadata"]["name"])
        != (meta["namespace"], meta["name"])
        for port in _node_ports(one)
    }
    for place, port in enumerate(_node_ports(new)):
        field = f"spec.ports[{place}].nodePort"
        if port in taken:
            why = f"Invalid value: {port}: provided port is already allocated"
            yield invalid(resource, meta["name"], field, why)
        elif port not in NODE_PORTS:
            why = f"Invalid value: {port}: provided port is not in the valid range."
            yield invalid(
                *(resource, meta["name"], field),
                f"{why} The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}",
            )


def _node_ports(service: Manifest) -> list[int]:
    return [port["nodePort"] for port in service["spec"].get("ports", ()) if "nodePort" in port]


def _allocate(
    store: Store, resource: Resource, service: Manifest, old: Manifest | None = None
) -> None:
    """Give a Service its address and ports, those that it had where it had some."""
    spec, before = service["spec"], (old or {}).get("spec", {})
    spec.setdefault("type", "ClusterIP")
    if "clusterIP" not in spec and spec["type"] != "ExternalName":
        spec["clusterIP"] = before.get("clusterIP") or _free_address(store, resource)
    if spec["type"] not in {"NodePort", "LoadBalancer"}:
        return
    had = {port["port"]: port.get("nodePort") for port in before.get("ports", ())}
    free = (port for port in NODE_PORTS if port not in _all_node_ports(store, resource))
    for port in spec["ports"]:
        if "nodePort" not in port:
            port["nodePort"] = had.get(port["port"]) or next(free)


def _all_node_ports(store: Store, resource: Resource) -> set[int]:
    return {port for one in store.all(resource) for port in _node_ports(one)}


def _free_address(store: Store, resource: Resource) -> str:
    taken = {one["spec"].get("clusterIP") for one in store.all(resource)}
    addresses = (f"10.96.{high}.{low}" for high in range(1, 256) for low in range(1, 256))
    return next(address for address in addresses if address not in taken)
