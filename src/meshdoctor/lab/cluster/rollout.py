"""A rollout that begins with one new Pod: its node pulls the image, and the old Pods go on.

As a Deployment with `maxUnavailable: 0` does it. The Pod is in the API alone: what its image holds
here is no program that could run.
"""

import time
from dataclasses import replace
from http import HTTPStatus

from meshdoctor.lab.cluster import objects
from meshdoctor.lab.cluster.apiclient import ApiError
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.cluster.container import CRASHING, Ended, Status, Waiting
from meshdoctor.lab.cluster.pulling import Pulled, PullError, Runtime
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.topology import Manifest, Pod
from meshdoctor.lab.oci import AMD64

_RESTARTS = 3
_BACK_OFF = "40s"  # a kubelet's, after that many
_FAILED_EXEC = 1

_Told = tuple[Status, tuple[tuple[str, str], ...]]
"""What its kubelet tells of a Pod, and the events, each a reason and words."""


def roll_out(cluster: Cluster, app: str, image: str) -> None:
    """Begin a rollout.

    Args:
        cluster: that is up.
        app: whose Deployment gets another image, such as `recommendations`.
        image: that cannot run there.

    Raises:
        LabError: the image could run, so there is nothing to show.
    """
    old, new = _pods(cluster, app)
    runtime = Runtime(new.node, AMD64, cluster.registry.authority)
    try:
        status, said = _crashing(cluster, old, new, image, runtime.pull(image))
    except PullError as error:
        status, said = _waiting(image, str(error))
    plan = cluster.parts.plan
    known = replace(plan, owners={**plan.owners, new.name: plan.owners[old.name]})
    cluster.api.put(objects.pod(new, known, status))
    for number, (reason, words) in enumerate(said):
        cluster.api.put(_event(new, number, reason, words, status.made))
    _set_image(cluster, old, image, {"updatedReplicas": 1, "unavailableReplicas": 1})


def undo(cluster: Cluster, app: str) -> None:
    """Go back to what was there before; also when nothing was begun."""
    old, new = _pods(cluster, app)
    try:
        cluster.api.delete("Pod", new.name, new.namespace)
    except ApiError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
    for one in cluster.api.items("Event", new.namespace):
        if one["involvedObject"].get("name") == new.name:
            cluster.api.delete("Event", one["metadata"]["name"], new.namespace)
    image = cluster.parts.plan.template(old)["spec"]["containers"][0]["image"]
    _set_image(cluster, old, image, {"updatedReplicas": None, "unavailableReplicas": None})


def _pods(cluster: Cluster, app: str) -> tuple[Pod, Pod]:
    """Give one of the Pods that are there, and the new one beside them."""
    there = cluster.pods(app)
    old = there[-1].pod
    block = cluster.network.topology.node(old.node).block
    # The last address of the node's block: nobody else comes that far.
    return old, replace(old, name=f"{app}-{len(there) + 1}", address=str(block[-2]))


def _waiting(image: str, why: str) -> _Told:
    words = f'Back-off pulling image "{image}": ErrImagePull: {why}'
    said = (
        ("Failed", f'Failed to pull image "{image}": {why}'),
        ("Failed", "Error: ErrImagePull"),
        ("BackOff", f'Back-off pulling image "{image}"'),
        ("Failed", "Error: ImagePullBackOff"),
    )
    return _status(Waiting("ImagePullBackOff", words, image)), said


def _crashing(cluster: Cluster, old: Pod, new: Pod, image: str, pulled: Pulled) -> _Told:
    if pulled.runs:
        raise LabError(f"{image} is an image that {new.node} can run")
    # What the runtime prints in the program's name, where the API looks for the Pod's log.
    log = cluster.pod(old.name).process.log.with_name(f"{new.name}.log")
    log.write_text(f"exec {pulled.program}: exec format error\n", "utf-8")
    name = cluster.parts.plan.template(old)["spec"]["containers"][0]["name"]
    full = f"{new.name}_{new.namespace}"
    words = f"back-off {_BACK_OFF} restarting failed container={name} pod={full}"
    said = (
        ("Pulled", f'Successfully pulled image "{image}"'),
        ("BackOff", f"Back-off restarting failed container {name} in pod {full}"),
    )
    return _status(Waiting(CRASHING, words, image), _RESTARTS), said


def _status(waiting: Waiting, restarts: int = 0) -> Status:
    now = time.time()
    ended = Ended(_FAILED_EXEC, now, now) if restarts else None
    return Status(
        running=False,
        ready=False,
        restarts=restarts,
        began=now,
        ended=ended,
        waiting=waiting,
        made=now,
    )


def _event(pod: Pod, number: int, reason: str, words: str, at: float) -> Manifest:
    about = {"kind": "Pod", "name": pod.name, "namespace": pod.namespace}
    moment = objects.at(at + number)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{pod.name}.rollout.{number}", "namespace": pod.namespace},
        "involvedObject": {"apiVersion": "v1", **about},
        "type": "Normal" if reason == "Pulled" else "Warning",
        "reason": reason,
        "message": words,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
        "source": {"component": "kubelet", "host": pod.node},
    }


def _set_image(cluster: Cluster, pod: Pod, image: str, status: Manifest) -> None:
    """Change a Deployment's image, as whoever rolls it out does, and what it says of itself."""
    owner = cluster.parts.plan.owners[pod.name]
    name, namespace = owner["metadata"]["name"], pod.namespace
    first, *others = owner["spec"]["template"]["spec"]["containers"]
    containers = [{**first, "image": image}, *others]
    change = {"spec": {"template": {"spec": {"containers": containers}}}, "status": status}
    cluster.api.patch(owner["kind"], name, change, namespace)
