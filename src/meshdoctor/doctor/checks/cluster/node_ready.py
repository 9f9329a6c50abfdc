"""Nodes: does each kubelet still speak?"""

from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt
from meshdoctor.probes.kubernetes.evidence import Kind, KubernetesEvidence, Node


def _look(_evidence: KubernetesEvidence, node: Node) -> Doubt | None:
    if node.ready == "True":
        return None
    return Doubt(
        f"node {node.name} is not Ready ({node.words or 'its kubelet never said so'}): the machine,"
        " its kubelet or its road to the API server, the API cannot tell which",
        f"on {node.name}: systemctl status kubelet containerd; journalctl -u kubelet -n 50",
    )


NODE_READY: Final = Check(
    "node.ready", "every node is Ready", subjects.nodes, _look, reads=(Kind.NODES,)
)
