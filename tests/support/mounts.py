"""The files that a container finds, and the Services that its addresses mean."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.manifests import Manifest, Overlay, pods, selects


def files(overlay: Overlay, namespace: str, template: Manifest) -> dict[str, str]:
    """Give every file out of a ConfigMap that a Pod's one container has: its path, its text."""
    (container,) = template["spec"]["containers"]
    volumes = {one["name"]: one for one in template["spec"].get("volumes", ())}
    return {
        path: text
        for mount in container.get("volumeMounts", ())
        for path, text in _mounted(overlay, namespace, mount, volumes[mount["name"]])
    }


def _mounted(
    overlay: Overlay, namespace: str, mount: Manifest, volume: Manifest
) -> Iterator[tuple[str, str]]:
    sources = volume["projected"]["sources"] if "projected" in volume else [volume]
    for source in sources:
        if "configMap" not in source:
            continue
        name = source["configMap"].get("name")
        for file, text in overlay.named("ConfigMap", name, namespace)["data"].items():
            if "subPath" not in mount:
                yield f"{mount['mountPath']}/{file}", text
            elif mount["subPath"] == file:
                yield mount["mountPath"], text


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where an address leads.

    Attributes:
        service: the Service.
        pod: the Pod template that it selects.
        port: its number in the Pod.
    """

    service: Manifest
    pod: Manifest
    port: int


def arrival(overlay: Overlay, address: str) -> Arrival:
    """Follow an address as a Pod would: the name of a Service, its port, the container's.

    Args:
        overlay: where it is to be found.
        address: a URL, or `host:port`, with the Service's whole name.

    Raises:
        ValueError: it is no whole name of a Service, or that has no such port.
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    labels = str(parts.hostname).removesuffix(".").split(".")
    if labels[2:] != ["svc", "cluster", "local"]:
        raise ValueError(f"not the whole name of a Service: {address}")
    service = overlay.named("Service", labels[0], labels[1])
    pod = _selected(overlay, service)
    targets = [one["targetPort"] for one in service["spec"]["ports"] if one["port"] == parts.port]
    if not targets:
        raise ValueError(f"the Service has no such port: {address}")
    return Arrival(service, pod, ports(pod)[targets[0]])


def ports(template: Manifest) -> dict[str, int]:
    """Give the ports of a Pod's containers by name."""
    return {
        port["name"]: port["containerPort"]
        for container in template["spec"]["containers"]
        for port in container.get("ports", ())
    }


def _selected(overlay: Overlay, service: Manifest) -> Manifest:
    place = f" {service['metadata']['namespace']}/"
    (only,) = (
        pod
        for name, pod in pods(overlay).items()
        if place in name
        and selects({"matchLabels": service["spec"]["selector"]}, pod["metadata"]["labels"])
    )
    return only
