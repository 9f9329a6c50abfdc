"""The part of controllers and kubelets: what is asked for comes to stand, at once."""

from typing import Any

from tests.support.kubeapi.resources import built_in
from tests.support.kubeapi.store import Store

Manifest = dict[str, Any]


def settle(store: Store) -> None:
    """Let every Deployment have the Pods that it or its autoscaler asks for, all available."""
    least = {
        (one["metadata"]["namespace"], one["spec"]["scaleTargetRef"]["name"]): one["spec"].get(
            "minReplicas", 1
        )
        for one in store.all(built_in("HorizontalPodAutoscaler"))
    }
    deployments = built_in("Deployment")
    for one in store.all(deployments):
        meta = one["metadata"]
        asked = one["spec"].get("replicas", least.get((meta["namespace"], meta["name"]), 1))
        store.put(deployments, {**one, "status": _standing(meta["generation"], asked)})


def _standing(generation: int, replicas: int) -> Manifest:
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {
        "observedGeneration": generation,
        **dict.fromkeys(counts, replicas),
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    }
