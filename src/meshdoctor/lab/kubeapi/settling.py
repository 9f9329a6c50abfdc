"""The part of controllers and kubelets: what is asked for comes to stand, at once."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final

from meshdoctor.lab.background import repeating
from meshdoctor.lab.kubeapi.resources import Resource, built_in
from meshdoctor.lab.kubeapi.store import Store

Manifest = dict[str, Any]

_SECONDS_BETWEEN: Final = 0.1
_COUNTS: Final = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
_COUNTS_OF_A_DAEMON_SET: Final = (
    *("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled"),
    *("numberReady", "numberAvailable"),
)


def settling(store: Store) -> AbstractContextManager[None]:
    """Settle again and again, as long as the block lasts."""
    return repeating(partial(settle, store), _SECONDS_BETWEEN, "settling")


def settle(store: Store) -> None:
    """Let everything have the Pods that it asks for, all available, and end every Job well.

    A Deployment that names no number has an autoscaler, which asks for its minimum. A DaemonSet has
    a Pod on every node: taints and selectors are not looked at.
    """
    with store.changed:
        for one in store.all(built_in("Deployment")):
            _stand(store, built_in("Deployment"), one, _standing(one, _asked(store, one)))
        nodes = len(list(store.all(built_in("Node"))))
        for one in store.all(built_in("DaemonSet")):
            _stand(store, built_in("DaemonSet"), one, _on_each(one, nodes))
        for one in store.all(built_in("Job")):
            _stand(store, built_in("Job"), one, {"conditions": [_true("Complete")]})


def _stand(store: Store, resource: Resource, found: Manifest, status: Manifest) -> None:
    if found.get("status") != status:
        store.put(resource, {**found, "status": status})


def _asked(store: Store, deployment: Manifest) -> int:
    meta, spec = deployment["metadata"], deployment["spec"]
    if "replicas" in spec:
        return int(spec["replicas"])
    scalers = store.all(built_in("HorizontalPodAutoscaler"), meta["namespace"])
    mine = (one for one in scalers if one["spec"]["scaleTargetRef"]["name"] == meta["name"])
    return next((int(one["spec"].get("minReplicas", 1)) for one in mine), 1)


def _standing(deployment: Manifest, replicas: int) -> Manifest:
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        **dict.fromkeys(_COUNTS, replicas),
        "conditions": [_true("Available"), _true("Progressing")],
    }


def _on_each(daemon_set: Manifest, nodes: int) -> Manifest:
    return {
        "observedGeneration": daemon_set["metadata"]["generation"],
        **dict.fromkeys(_COUNTS_OF_A_DAEMON_SET, nodes),
        "numberMisscheduled": 0,
    }


def _true(condition: str) -> Manifest:
    return {"type": condition, "status": "True"}
