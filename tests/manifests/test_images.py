"""Every image of the overlays has both platforms, where its registry can be asked.

The question is that of `meshdoctor image`. Where no registry can be reached, or it lets nobody
look, the test is skipped and says so; what it would find is shown with a registry on loopback.
"""

from collections.abc import Iterator

import pytest

from k8s.pin import PLATFORMS
from meshdoctor.doctor.checks.image import REFUSES, UNREACHABLE, judge_image
from meshdoctor.doctor.model import State, Verdict
from meshdoctor.lab.oci import ARM64, Registry
from meshdoctor.probes.registry.image import ImageQuestion, look_at_image
from meshdoctor.probes.registry.reference import parse
from tests.support.manifests import OVERLAYS, pods
from tests.support.oci_registry import registry

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]  # a registry may be fetched


def images() -> Iterator[str]:
    """Give the image of each container of each overlay."""
    for overlay in OVERLAYS:
        for pod in pods(overlay).values():
            for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())):
                yield container["image"]


def verdict_on(image: str) -> Verdict:
    """Ask its registry."""
    return judge_image(look_at_image(ImageQuestion(parse(image), PLATFORMS)))


def tells_nothing(verdict: Verdict) -> bool:
    """Say whether the registry could not be asked, or answers to others alone."""
    codes = {finding.code for finding in verdict.findings}
    return verdict.state is State.UNKNOWN or bool(codes & {REFUSES, UNREACHABLE})


@pytest.mark.parametrize("image", sorted(set(images())))
def test_an_image_has_both_platforms(image: str) -> None:
    """Its index lists linux/amd64 and linux/arm64, and the config blobs behind it agree."""
    verdict = verdict_on(image)
    if tells_nothing(verdict):
        pytest.skip(verdict.sentence)

    assert (State.HEALTHY, ()) == (verdict.state, verdict.findings)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Give a registry."""
    with registry(tmp_path_factory.mktemp("registry")) as one:
        yield one


def test_a_missing_tag_or_platform_would_be_found(running: Registry) -> None:
    """The test above can fail: neither is taken for a registry that cannot be asked."""
    running.both("good")
    running.index("bad", "1", [(running.image("bad", ARM64), ARM64)])
    good, bad, nowhere = (verdict_on(f"{running.host}/{one}:1") for one in ("good", "bad", "no"))

    assert [False] * 3 == [tells_nothing(one) for one in (good, bad, nowhere)]
    assert [State.HEALTHY, State.FAULT, State.FAULT] == [one.state for one in (good, bad, nowhere)]


def test_every_container_has_an_image_that_can_be_read() -> None:
    """No plain word is left over: what the list of images does not name, Docker Hub would serve."""
    assert [] == [image for image in images() if parse(image).path.startswith("library/")]
