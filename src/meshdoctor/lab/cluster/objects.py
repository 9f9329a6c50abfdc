"""The cluster as a Kubernetes API has it: nodes, namespaces, workloads and Pods.

Only what somebody reads: clients of the API, the doctor among them.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from meshdoctor.lab.cluster.container import CRASHING, Ended, Status
from meshdoctor.lab.cluster.plan import Plan
from meshdoctor.lab.net.topology import Manifest, Node, Pod

_RUNNING_KUBELET = "v1.36.0"
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_SIGNAL = 128


def at(seconds: float) -> str:
    """Write a moment as the API does."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(*words: str) -> str:
    """Make a uid that is the same whenever it is made of the same words."""
    found = hashlib.sha256("/".join(words).encode()).hexdigest()
    return "-".join((found[:8], found[8:12], found[12:16], found[16:20], found[20:32]))


def still(plan: Plan, now: float) -> Iterable[Manifest]:
    """Give what stays as it is from the start: namespaces, nodes, workloads.

    Args:
        plan: of the cluster.
        now: when it was made, in Unix seconds.
    """
    spaces = dict.fromkeys((*_NAMESPACES, *(pod.namespace for pod in plan.seed.topology.pods)))
    for name in spaces:
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": name,
                "uid": number("namespace", name),
                "labels": {"kubernetes.io/metadata.name": name},
                "creationTimestamp": at(now),
            },
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }
    yield from (_node(each, plan, now) for each in plan.seed.topology.nodes)


def _node(node: Node, plan: Plan, now: float) -> Manifest:
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": at(now),
        "lastTransitionTime": at(now),
    }
    labels = {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    }
    first = node == plan.seed.topology.nodes[0]
    taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "uid": number("node", node.name),
            "labels": {**labels, **({taint["key"]: ""} if first else {})},
            "creationTimestamp": at(now),
        },
        "spec": {"podCIDR": str(node.block), **({"taints": [taint]} if first else {})},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node.address},
                {"type": "Hostname", "address": node.name},
            ],
            "conditions": [ready],
            "nodeInfo": {
                "operatingSystem": "linux",
                "architecture": "amd64",
                "kubeletVersion": _RUNNING_KUBELET,
            },
        },
    }


def pod(one: Pod, plan: Plan, status: Status) -> Manifest:
    """Give a Pod as its kubelet tells of it.

    Args:
        one: which.
        plan: of the cluster.
        status: of its container.
    """
    owner, template = plan.owners[one.name], plan.template(one)
    address = plan.seed.topology.node(one.node).address
    container = template["spec"]["containers"][0]
    image = status.waiting.image if status.waiting and status.waiting.image else container["image"]
    started = not status.waiting or status.waiting.reason == CRASHING
    spec = {
        **template["spec"],
        "nodeName": one.node,
        "containers": [{**container, "image": image}],
        "restartPolicy": "Always",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": one.name,
            "namespace": one.namespace,
            "uid": number("pod", one.name, at(status.made)),
            "labels": dict(one.labels),
            "creationTimestamp": at(status.made),
            "ownerReferences": [_maker(owner)],
        },
        "spec": spec,
        "status": {
            "phase": "Running" if started else "Pending",
            "podIP": one.address,
            "podIPs": [{"ip": one.address}],
            "hostIP": address,
            "startTime": at(status.made),
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": at(status.made)},
                *(_condition(name, status) for name in ("ContainersReady", "Ready")),
            ],
            "containerStatuses": [_told(container["name"], image, status)],
        },
    }


def _maker(owner: Manifest) -> Manifest:
    """Name what made a Pod: a Deployment does it through a ReplicaSet."""
    kind, name = owner["kind"], owner["metadata"]["name"]
    if kind == "Deployment":
        kind, name = "ReplicaSet", f"{name}-{number(name)[:8]}"
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "name": name,
        "uid": number(kind, name),
        "controller": True,
    }


def _condition(name: str, status: Status) -> Manifest:
    said: Manifest = {"type": name, "status": "True" if status.ready else "False"}
    return said if status.ready else {**said, "reason": "ContainersNotReady"}


def _told(name: str, image: str, status: Status) -> Manifest:
    ended = {"terminated": _end(status.ended)} if status.ended else {}
    if status.waiting:
        state: Manifest = {
            "waiting": {"reason": status.waiting.reason, "message": status.waiting.words}
        }
    elif status.running:
        state = {"running": {"startedAt": at(status.began)}}
    else:
        state, ended = ended or {"waiting": {"reason": "ContainerCreating"}}, {}
    return {
        "name": name,
        "image": image,
        "ready": status.ready,
        "started": status.running,
        "restartCount": status.restarts,
        "state": state,
        "lastState": ended,
    }


def _end(ended: Ended) -> Manifest:
    return {
        "exitCode": ended.code,
        **({"signal": ended.code - _SIGNAL} if ended.code > _SIGNAL else {}),
        "reason": "Completed" if not ended.code else "Error",
        "startedAt": at(ended.began),
        "finishedAt": at(ended.ended),
    }


def workload(owner: Manifest, ready: int, wanted: int, now: float) -> Manifest:
    """Give a workload as its controller tells of it.

    Args:
        owner: as the manifests have it.
        ready: how many of its Pods are.
        wanted: how many there are to be.
        now: when it was made, in Unix seconds.
    """
    kind, meta = owner["kind"], owner["metadata"]
    if kind == "DaemonSet":
        status = {
            "desiredNumberScheduled": wanted,
            "currentNumberScheduled": wanted,
            "numberReady": ready,
            "numberAvailable": ready,
        }
        spec = owner["spec"]
    else:
        spec = {**owner["spec"], "replicas": wanted}
        status = {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            **meta,
            "uid": number(kind, meta["name"]),
            "creationTimestamp": at(now),
            "generation": 1,
        },
        "spec": spec,
        "status": {"observedGeneration": 1, **status},
    }
