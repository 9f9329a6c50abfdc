"""A cluster in which the overlay's Pods run, as its API would tell of it, at loopback addresses.

Nodes, CoreDNS and the rest of `kube-system` are those of a real kubeadm cluster.
"""

import json
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Final

from tests.support.manifests import Manifest, Overlay, pod_of

CAPTURES: Final = Path(__file__).resolve().parents[1] / "manifests/captures/kubeadm.json"
NODES: Final = ("rig-w1", "rig-w2")
# Nobody may be asked by mistake: every address becomes one of this machine.
_LOOPBACK: Final = {"192.168.": "127.168.", "172.30.": "127.30.", "10.96.": "127.96."}


def standing(overlay: Overlay) -> list[Manifest]:
    """Give the objects of the cluster: nodes, Services, Pods."""
    text = CAPTURES.read_text("utf-8")
    for real, ours in _LOOPBACK.items():
        text = text.replace(real, ours)
    numbers = count(1)
    services = [_service(one, next(numbers)) for one in overlay.of("Service")]
    pods = [
        _pod(owner, template, name, next(numbers))
        for owner in overlay.objects
        if (template := pod_of(owner))
        for name in _names(overlay, owner)
    ]
    return [*json.loads(text), *services, *pods]


def pod(like: Manifest, name: str, **status: object) -> Manifest:
    """Give a Pod like another one, under a name and with a status of its own."""
    made = deepcopy(like)
    made["metadata"]["name"] = name
    made["status"] |= status
    return made


def _names(overlay: Overlay, owner: Manifest) -> list[str]:
    """Give a name for each Pod: as many as its autoscaler or itself asks for."""
    name = owner["metadata"]["name"]
    least = next(
        (
            one["spec"]["minReplicas"]
            for one in overlay.of("HorizontalPodAutoscaler", owner["metadata"]["namespace"])
            if one["spec"]["scaleTargetRef"]["name"] == name
        ),
        owner["spec"].get("replicas", 1),
    )
    return [f"{name}-{number}" for number in range(least)]


def _pod(owner: Manifest, template: Manifest, name: str, number: int) -> Manifest:
    address = f"127.168.9.{number}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "labels": template["metadata"]["labels"],
        },
        "spec": {**template["spec"], "nodeName": NODES[number % len(NODES)]},
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _service(service: Manifest, number: int) -> Manifest:
    spec = {"clusterIP": f"127.96.9.{number}", "type": "ClusterIP", **service["spec"]}
    return {**service, "spec": spec}
