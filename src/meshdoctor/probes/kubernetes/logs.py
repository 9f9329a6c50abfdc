"""One question to logs: does a program that ended at once say `exec format error`?

Only this is kept of them. Whoever may not read logs is told what the API shows, and no more.
"""

from dataclasses import replace
from functools import partial
from typing import Final

from meshdoctor.probes.deadline import together
from meshdoctor.probes.kubernetes.api import Api, ApiError
from meshdoctor.probes.kubernetes.evidence import Container, KubernetesEvidence, Pod
from meshdoctor.probes.kubernetes.words import WRONG_FORMAT

SECONDS: Final = 2.0
"""For each log; all are asked at once."""

MOST: Final = 8
"""How many logs are asked for."""

_AT_ONCE_SECONDS: Final = 2.0
# Of a container that does not run it is the log of its last life (kubelet, `GetContainerLogs`).
_LAST: Final = {"tailLines": "20", "limitBytes": "16384"}


def with_logs(
    api: Api, evidence: KubernetesEvidence, but: str, seconds: float
) -> KubernetesEvidence:
    """Ask the last log of each container that ended at once and does not run.

    Args:
        api: whom.
        evidence: with Pods.
        but: a namespace whose logs are nobody's business.
        seconds: for each log.
    """
    pods = [pod for pod in evidence.pods if pod.namespace != but]
    found = [(pod, one) for pod in pods for one in pod.containers if _ended_at_once(one)][:MOST]
    said = together([partial(_asked, api, pod, one, seconds) for pod, one in found])
    told = {(id(pod), one.name): word for (pod, one), word in zip(found, said, strict=True)}
    return replace(evidence, pods=tuple(_told(pod, told) for pod in evidence.pods))


def _told(pod: Pod, told: dict[tuple[int, str], bool | None]) -> Pod:
    if not any(key == id(pod) for key, _name in told):
        return pod
    containers = (
        replace(one, wrong_format=told.get((id(pod), one.name), one.wrong_format))
        for one in pod.containers
    )
    return replace(pod, containers=tuple(containers))


def _ended_at_once(container: Container) -> bool:
    ended = container.ended
    if ended is None or ended.code == 0 or ended.words or container.running:
        return False
    return ended.seconds is None or ended.seconds <= _AT_ONCE_SECONDS


def _asked(api: Api, pod: Pod, container: Container, seconds: float) -> bool | None:
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"
    try:
        said = api.text(path, {"container": container.name, **_LAST}, seconds)
    except ApiError:
        return None
    return WRONG_FORMAT in said if said else None  # an empty log says nothing
