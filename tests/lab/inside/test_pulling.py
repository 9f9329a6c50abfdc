"""What a node does with an image, asked of a real registry: containerd's choice, and its words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from meshdoctor.lab.cluster.pulling import PullError, Runtime
from meshdoctor.lab.cluster.registry import PROGRAM, ImageRegistry, Tag
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.net.network import Network
from meshdoctor.lab.net.topology import VISITOR
from meshdoctor.lab.oci import AMD64, ARM64

HOST: Final = f"{VISITOR}:5000"
CAPTURED: Final = Path(__file__).parents[2] / "captures/image-and-app-faults/pods.json"


@pytest.fixture(scope="module")
def registry(
    standing: Network, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ImageRegistry]:
    """A registry in the visitors' place of a network that stands."""
    assert standing.topology.nodes
    with Crew.at_work(tmp_path_factory.mktemp("registry"), Interruption()) as crew:
        yield ImageRegistry(HOST, crew)


@pytest.fixture
def runtime(registry: ImageRegistry, standing: Network) -> Runtime:
    """The container runtime of a worker."""
    return Runtime(standing.topology.nodes[1].name, AMD64, registry.authority)


def captured(pod: str) -> str:
    """Give what a real kubelet said of a Pod that waits for its image: containerd's part of it."""
    pods = {one["metadata"]["name"]: one for one in json.loads(CAPTURED.read_text())["items"]}
    (status,) = pods[pod]["status"]["containerStatuses"]
    words: str = status["state"]["waiting"]["message"]
    return words.partition("ErrImagePull: ")[2]


def alike(words: str) -> str:
    """Leave out what is of one cluster: addresses, names of images, digests."""
    words = re.sub(r"[\d.]+:5000", "HOST", words)
    words = re.sub(r"sha256:\w+", "DIGEST", words)
    words = words.replace("recommendations", "recs").replace("no route to host", "UNREACHED")
    words = words.replace("connection refused", "UNREACHED")
    return re.sub(r"recs(:|/manifests/)[\w-]+", r"recs\1TAG", words)


@pytest.mark.parametrize(
    ("tag", "pod"),
    [
        (Tag.ARM_INDEX, "image-index-without-platform"),
        (Tag.NOWHERE, "image-tag-missing"),
    ],
)
def test_a_pull_that_fails_says_what_a_real_node_said(
    registry: ImageRegistry, runtime: Runtime, tag: Tag, pod: str
) -> None:
    """The words are those of a captured cluster, but for names."""
    image = registry.image("recommendations", tag)

    with pytest.raises(PullError) as failed:
        runtime.pull(image)

    assert alike(captured(pod)) == alike(str(failed.value))


def test_a_registry_that_does_not_run_is_not_reached(
    registry: ImageRegistry, runtime: Runtime
) -> None:
    """And says so as the captured one, whose host was not there at all."""
    image = registry.image("recommendations", Tag.GOOD)
    registry.close()
    try:
        with pytest.raises(PullError) as failed:
            runtime.pull(image)
    finally:
        registry.open()

    assert alike(captured("registry-unreachable")) == alike(str(failed.value))
    assert str(failed.value).endswith("connect: connection refused")


def test_a_registry_that_asks_for_a_password_refuses(
    registry: ImageRegistry, runtime: Runtime
) -> None:
    """Until it is open again; what was pushed is still there then."""
    image = registry.image("recommendations", Tag.GOOD)
    registry.lock()
    try:
        with pytest.raises(PullError) as refused:
            runtime.pull(image)
    finally:
        registry.open()

    assert str(refused.value).endswith(
        "pull access denied, repository does not exist or may require authorization: "
        "authorization failed: no basic auth credentials"
    )
    assert runtime.pull(image).runs


@pytest.mark.parametrize(
    ("tag", "runs"),
    [(Tag.GOOD, True), (Tag.ARM_SINGLE, False), (Tag.MISLABELLED, False)],
)
def test_what_is_pulled_runs_or_does_not(
    registry: ImageRegistry, runtime: Runtime, tag: Tag, *, runs: bool
) -> None:
    """No pull fails for a single manifest, nor where the index lies: the program tells."""
    pulled = runtime.pull(registry.image("recommendations", tag))

    assert (f"/{PROGRAM}", runs) == (pulled.program, pulled.runs)


def test_each_node_takes_its_own_platform(registry: ImageRegistry, standing: Network) -> None:
    """Out of one index two nodes take two manifests, and both run."""
    image = registry.image("recommendations", Tag.GOOD)
    node = standing.topology.nodes[1].name

    pulled = [Runtime(node, each, registry.authority).pull(image) for each in (AMD64, ARM64)]

    assert [True, True] == [one.runs for one in pulled]
    assert 2 == len({one.digest for one in pulled})
