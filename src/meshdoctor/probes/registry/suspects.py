"""Images that nodes could not pull, or that end at once: what do their registries say?"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from meshdoctor.probes.deadline import together
from meshdoctor.probes.kubernetes.evidence import Container, KubernetesEvidence, Node
from meshdoctor.probes.registry import platforms, reference
from meshdoctor.probes.registry.evidence import ImageEvidence
from meshdoctor.probes.registry.image import ImageQuestion, look_at_image
from meshdoctor.probes.registry.platforms import Platform

SECONDS: Final = 5.0
"""For each image; all are asked at once."""

MOST: Final = 8
"""How many images are asked about: a broken registry breaks all of them alike."""

_WAITING: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError"})
_AT_ONCE_SECONDS: Final = 2.0


def suspects(evidence: KubernetesEvidence) -> dict[str, tuple[Platform, ...]]:
    """Give the images in question, each with the platforms of the nodes that wanted it.

    Args:
        evidence: with Pods, and nodes that say their platform.
    """
    nodes = {one.name: _platform(one) for one in evidence.nodes}
    found: dict[str, list[Platform]] = {}
    for pod in evidence.pods:
        platform = nodes.get(pod.node)
        for container in pod.containers:
            if platform and _is_suspect(container):
                found.setdefault(container.image, []).append(platform)
    return {image: tuple(dict.fromkeys(wanted)) for image, wanted in list(found.items())[:MOST]}


def ask(
    images: Mapping[str, Sequence[Platform]], environ: Mapping[str, str], seconds: float = SECONDS
) -> tuple[ImageEvidence, ...]:
    """Ask the registries of images, all at once.

    Args:
        images: by name, with platforms; what is no name of an image is left out.
        environ: where Docker's configuration is looked for.
        seconds: for each.
    """
    questions = []
    for image, wanted in images.items():
        try:
            name = reference.parse(image)
        except reference.ImageNameError:
            continue
        questions.append(ImageQuestion(name, tuple(wanted), seconds=seconds, environ=environ))
    return tuple(together([partial(look_at_image, one) for one in questions]))


def _platform(node: Node) -> Platform | None:
    try:
        return platforms.parse(node.platform)
    except platforms.PlatformError:
        return None


def _is_suspect(container: Container) -> bool:
    ended = container.ended
    if ended is None or container.running or container.ready:
        return container.waiting in _WAITING
    short = ended.seconds is None or ended.seconds <= _AT_ONCE_SECONDS
    return container.waiting in _WAITING or (ended.code != 0 and short)
