"""What agents would report of the captured cluster, while something is silent between its nodes."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from meshdoctor.probes.mesh.evidence import Answer, Ask, Edge, Ground, Report, Role, Sighting
from tests.support.captures import CAPTURES

KUBELET: Final = 10250
KUBE_PROXY: Final = 10256
_NAME: Final = "recommendations.bookstore.svc.cluster.local."

Answers = Callable[[str, Edge], Answer]
"""What comes back to a node's agent over an edge."""


def all_well(_node: str, _edge: Edge) -> Answer:
    """Everything answers."""
    return Answer.OK


def blocked_between_nodes(node: str, edge: Edge) -> Answer:
    """The story's security group: between nodes SSH, the API, the kubelet, and nothing else.

    CoreDNS runs on the control plane alone, so its own address leads the workers nowhere, too.
    """
    if edge.role is Role.API or edge.node == node or edge.address.endswith(f":{KUBELET}"):
        return Answer.OK
    if edge.ground is Ground.CLUSTER_IP and node == "rig-cp":
        return Answer.OK
    return Answer.SILENT


def reports(state: str, answers: Answers = all_well, ago: float = 3.0) -> tuple[Report, ...]:
    """Give the report of each node of a captured cluster.

    Args:
        state: the capture, which says what there is to ask.
        answers: what comes back.
        ago: seconds since the round began that told of it.
    """
    cluster = _Cluster.captured(state)
    at = time.time() - ago
    return tuple(
        Report(
            node,
            at,
            round=40,
            sightings=tuple(_sighting(edge, answers(node, edge), at) for edge in cluster.of(node)),
        )
        for node in cluster.nodes
    )


def _sighting(edge: Edge, answer: Answer, at: float) -> Sighting:
    well = answer is Answer.OK
    before = () if well else (Answer.OK,) * 4
    return Sighting(
        edge,
        answer,
        0.002 if well else 2.0,
        "" if well else "timed out",
        since=at - 20,
        answers=(*before, answer, answer, answer),
    )


@dataclass(frozen=True, slots=True)
class _Cluster:
    nodes: dict[str, str]
    servers: tuple[tuple[str, str, str], ...]
    backends: tuple[tuple[str, str, str], ...]

    @classmethod
    def captured(cls, state: str) -> "_Cluster":
        found = _objects(state, "pods")
        nodes = {
            one["spec"]["nodeName"]: one["status"]["hostIP"]
            for one in found
            if one["status"].get("hostIP")
        }
        pods = [
            (one["metadata"]["name"], one["spec"]["nodeName"], one["status"]["podIP"])
            for one in found
            if one["status"].get("podIP")
        ]
        return cls(
            dict(sorted(nodes.items())),
            tuple(one for one in pods if one[0].startswith("coredns-")),
            tuple(one for one in pods if one[0].startswith("recommendations-")),
        )

    def of(self, node: str) -> Iterator[Edge]:
        """Give what the agent of a node asks."""
        for number, (other, address) in enumerate(self.nodes.items()):
            if other == node:
                continue
            for port in (KUBELET, KUBE_PROXY):
                yield Edge(
                    *(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, other, other, f"{address}:{port}")
                )
            for ask in (Ask.DNS_UDP, Ask.TCP, Ask.LARGE):
                yield Edge(
                    *(Role.AGENT, Ground.OTHER_NODE, ask, f"mesh-agent-{number}", other),
                    f"192.168.{number}.200:9967",
                )
        for ask in (Ask.TCP, Ask.LARGE):
            yield Edge(Role.AGENT, Ground.CLUSTER_IP, ask, "mesh-agent", "", "10.96.9.9:9967")
        yield from self._servers(node)
        for name, place, address in self.backends:
            for ask in (Ask.TCP, Ask.GRPC):
                yield Edge(Role.BACKEND, _ground(node, place), ask, name, place, f"{address}:50051")
        direct = f"{self.nodes['rig-cp']}:6443"
        yield Edge(Role.API, Ground.CLUSTER_IP, Ask.TCP, "kubernetes", "", "10.96.0.1:443")
        yield Edge(Role.API, Ground.NODE_TO_NODE, Ask.TCP, "rig-cp", "rig-cp", direct)

    def _servers(self, node: str) -> Iterator[Edge]:
        for ask in (Ask.DNS_UDP, Ask.DNS_TCP):
            for name, place, address in self.servers:
                ground = _ground(node, place)
                yield Edge(Role.DNS, ground, ask, name, place, f"{address}:53", _NAME)
            yield Edge(Role.DNS, Ground.CLUSTER_IP, ask, "kube-dns", "", "10.96.0.10:53", _NAME)


def _ground(node: str, place: str) -> Ground:
    return Ground.SAME_NODE if node == place else Ground.OTHER_NODE


def _objects(state: str, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CAPTURES / state / f"{kind}.json").read_text())[
        "items"
    ]
    return found
