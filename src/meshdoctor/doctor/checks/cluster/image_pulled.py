"""Images: has the node of each Pod got them?"""

import re
from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.checks.cluster.subjects import PodView
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.faults import FAULTS
from meshdoctor.probes.kubernetes.evidence import Container, Kind, KubernetesEvidence

_WAITING: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})
# containerd's and CRI-O's words, the telling ones first: a missing platform says `not found`, too.
_SIGNS: Final = (
    ("image-platform-missing", r"no match(ing manifest)? for (platform|linux/)"),
    (
        "image-registry-refuses",
        r"401 unauthorized|403 forbidden|authorization failed|unauthorized:|denied\b",
    ),
    (
        "image-registry-unreachable",
        r"no such host|timeout|refused|no route to host|unreachable|reset by peer|exceeded$",
    ),
    ("image-tag-missing", r": not found$|manifest unknown"),
)
# Names of images and hosts may hold any word.
_NAMES: Final = re.compile(r'"[^"]*"|[\w-]+(?:\.[\w-]+)+')


def code_of(words: str, image: str) -> str:
    """Name the fault that a failed pull tells, or "".

    Args:
        words: of the kubelet.
        image: whose name may hold any word.
    """
    if image:
        words = re.sub(rf"(?<![\w-]){re.escape(image)}(?![\w-])", "", words)
    said = _NAMES.sub("", words).strip().lower()
    return next((code for code, sign in _SIGNS if re.search(sign, said)), "")


def _look(_evidence: KubernetesEvidence, view: PodView) -> Finding | Doubt | None:
    for one in view.pod.containers:
        if one.waiting in _WAITING:
            return _judge(view, one)
    return None


def _judge(view: PodView, container: Container) -> Finding | Doubt:
    pod, image = view.pod, container.image
    # Older kubelets say no more than `Back-off`; then the newest event counts, not an old one.
    said = [container.words]
    said += [one.words for one in view.events if f'pull image "{image}"' in one.words][:1]
    for words in said:
        if code := code_of(words, image):
            return Finding(
                code,
                f"{pod.owner} cannot start: {FAULTS[code].meaning} ({image})",
                (f"Pod {pod.name} on {pod.node}: {container.waiting}", words),
                ("the program itself: it was never started",),
                f"{FAULTS[code].fix}; see: meshdoctor image {image} --platform linux/amd64",
            )
    return Doubt(
        f"Pod {pod.name} cannot pull {image}, and its words fit no known fault: {said[-1]}",
        f"kubectl -n {pod.namespace} describe pod {pod.name}",
    )


IMAGE_PULLED: Final = Check(
    "image.pulled",
    "every node got the images of its Pods",
    subjects.pods,
    _look,
    reads=(Kind.PODS, Kind.EVENTS),
    needs=("node.ready", "pod.scheduled"),
    faults=tuple(code for code, _sign in _SIGNS),
)
