"""Pods, Services and NetworkPolicies out of the very manifests that a cluster would get."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.topology import SERVICE_NETWORK, Manifest, Node, Pod, Port, Service

_FIRST_POD = 2  # the first address of a block is the overlay's
_FIRST_SERVICE = 1 << 12  # far from what a cluster gives out by itself: 10.96.16.0


def read(path: Path) -> tuple[Manifest, ...]:
    """Read a rendered overlay, but for its ConfigMaps, which are most of its text.

    Raises:
        LabError: it is not there, or no YAML.
    """
    try:
        documents = path.read_text("utf-8").split("\n---\n")
        wanted = (text for text in documents if "\nkind: ConfigMap\n" not in text)
        # libyaml's loader: a second sooner than the one in Python
        return tuple(one for text in wanted if (one := yaml.load(text, yaml.CSafeLoader)))
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"cannot read the manifests: {error}") from error


def pods_of(manifests: Iterable[Manifest], places: Mapping[str, Iterable[str]]) -> tuple[Pod, ...]:
    """Make the Pods of workloads; they have no address yet.

    Args:
        manifests: Deployments and the like.
        places: by `namespace/name` of a workload, the node of each of its Pods.

    Raises:
        LabError: there is no such workload.
    """
    owners = {_key(one): one for one in manifests if "template" in (one.get("spec") or {})}
    if missing := sorted(set(places) - set(owners)):
        raise LabError(f"the manifests have no workload {', '.join(missing)}")
    return tuple(
        _pod(owners[key], number, node)
        for key, nodes in places.items()
        for number, node in enumerate(nodes, start=1)
    )


def _key(manifest: Manifest) -> str:
    return f"{manifest['metadata'].get('namespace', 'default')}/{manifest['metadata']['name']}"


def _pod(owner: Manifest, number: int, node: str) -> Pod:
    template = owner["spec"]["template"]
    ports = [one for each in template["spec"]["containers"] for one in each.get("ports", ())]
    options = template["spec"].get("dnsConfig", {}).get("options")
    return Pod(
        name=f"{owner['metadata']['name']}-{number}",
        namespace=owner["metadata"].get("namespace", "default"),
        node=node,
        address="",
        labels=template["metadata"]["labels"],
        ports={one["name"]: one["containerPort"] for one in ports if "name" in one},
        options=tuple(_option(one) for one in options) if options else ("ndots:5",),
    )


def _option(one: Manifest) -> str:
    return f"{one['name']}:{one['value']}" if "value" in one else str(one["name"])


def settled(pods: Iterable[Pod], nodes: Iterable[Node]) -> tuple[Pod, ...]:
    """Give each Pod an address out of its node's block, in order."""
    blocks = {node.name: node.block for node in nodes}
    taken: Counter[str] = Counter()
    done = []
    for pod in pods:
        done.append(replace(pod, address=str(blocks[pod.node][_FIRST_POD + taken[pod.node]])))
        taken[pod.node] += 1
    return tuple(done)


def services_of(manifests: Iterable[Manifest], namespaces: Iterable[str]) -> tuple[Service, ...]:
    """Make the Services of some namespaces; each that is not headless gets an address."""
    found = [
        one
        for one in manifests
        if one["kind"] == "Service" and one["metadata"].get("namespace") in set(namespaces)
    ]
    return tuple(
        Service(
            name=one["metadata"]["name"],
            namespace=one["metadata"]["namespace"],
            address=_address(one["spec"], number),
            ports=tuple(_port(port) for port in one["spec"]["ports"]),
            selector=one["spec"].get("selector", {}),
        )
        for number, one in enumerate(found)
    )


def _address(spec: Manifest, number: int) -> str:
    if spec.get("clusterIP") == "None":
        return ""
    return str(spec.get("clusterIP") or SERVICE_NETWORK[_FIRST_SERVICE + number])


def _port(one: Manifest) -> Port:
    return Port(
        name=one.get("name", ""),
        number=one["port"],
        target=one.get("targetPort") or one["port"],
        protocol=one.get("protocol", "TCP").lower(),
        node_port=one.get("nodePort", 0),
    )


def policies_of(manifests: Iterable[Manifest], namespaces: Iterable[str]) -> tuple[Manifest, ...]:
    """Give the NetworkPolicies of some namespaces, as they are."""
    return tuple(
        one
        for one in manifests
        if one["kind"] == "NetworkPolicy" and one["metadata"].get("namespace") in set(namespaces)
    )
