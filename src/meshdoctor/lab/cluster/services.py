"""Services and their EndpointSlices as a Kubernetes API has them, out of the network's own rules.

So what the API says and what the packets do are the same thing, also while a fault lasts.
"""

from collections.abc import Iterable, Mapping

from meshdoctor.lab.cluster.objects import number
from meshdoctor.lab.cluster.plan import API_PORT
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Manifest, Pod, Port, Service, Topology, behind

_NAME = "kubernetes.io/service-name"
_Target = tuple[str, int]


def services(rules: Rules, topology: Topology) -> Iterable[Manifest]:
    """Give every Service, with its slice and the NetworkPolicies that are in force.

    Args:
        rules: of the network, as they are now.
        topology: the Pods behind them.
    """
    for one in rules.services:
        yield _service(one)
        yield from _slices(one, rules, topology)
    yield from rules.policies


def _service(one: Service) -> Manifest:
    labels = {**one.selector}
    spec: Manifest = {
        "clusterIP": one.address or "None",
        "type": "NodePort" if any(port.node_port for port in one.ports) else "ClusterIP",
        "ports": [_port(port) for port in one.ports],
    }
    if one.selector:
        spec["selector"] = dict(one.selector)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": one.name,
            "namespace": one.namespace,
            "uid": number("service", one.namespace, one.name),
            "labels": labels,
        },
        "spec": spec,
    }


def _port(port: Port) -> Manifest:
    said: Manifest = {
        "name": port.name,
        "port": port.number,
        "targetPort": port.target,
        "protocol": port.protocol.upper(),
    }
    return {**said, "nodePort": port.node_port} if port.node_port else said


def _slices(one: Service, rules: Rules, topology: Topology) -> Iterable[Manifest]:
    """Give one slice for each set of ports that the Pods have; a Service without a Pod has one."""
    if one.endpoints:
        ends = [{"addresses": list(one.endpoints), "conditions": {"ready": True}}]
        ports = [{"name": each.name, "port": API_PORT, "protocol": "TCP"} for each in one.ports]
        yield _slice(one, one.name, ports, ends)
        return
    groups: dict[tuple[_Target, ...], list[Pod]] = {}
    for pod in behind(one, topology):
        groups.setdefault(tuple(_targets(one.ports, pod.ports)), []).append(pod)
    for index, (targets, pods) in enumerate((groups or {(): []}).items()):
        protocols = {port.name: port.protocol.upper() for port in one.ports}
        ports = [
            {"name": name, "port": target, "protocol": protocols[name]} for name, target in targets
        ]
        ends = [_endpoint(pod, ready=pod.name not in rules.unready) for pod in pods]
        yield _slice(one, f"{one.name}-{index}", ports, ends)


def _targets(ports: Iterable[Port], names: Mapping[str, int]) -> Iterable[_Target]:
    for port in ports:
        target = port.target if isinstance(port.target, int) else names.get(port.target)
        if target:
            yield port.name, target


def _endpoint(pod: Pod, *, ready: bool) -> Manifest:
    return {
        "addresses": [pod.address],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod.node,
        "targetRef": {"kind": "Pod", "name": pod.name, "namespace": pod.namespace},
    }


def _slice(one: Service, name: str, ports: list[Manifest], ends: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": one.namespace,
            "uid": number("slice", one.namespace, name),
            "labels": {_NAME: one.name},
        },
        "addressType": "IPv4",
        "endpoints": ends,
        "ports": ports,
    }
