"""Which images are asked about, and for which nodes."""

from dataclasses import replace

from meshdoctor.probes.kubernetes.evidence import KubernetesEvidence, Node, Pod
from meshdoctor.probes.registry.platforms import parse
from meshdoctor.probes.registry.suspects import MOST, ask, suspects
from tests.support.captures import capture


def test_images_that_nodes_could_not_pull_or_start_are_asked_about() -> None:
    """Those of Pods that wait for their image or end at once, and no other."""
    found = suspects(capture("image-and-app-faults"))
    expected = {
        one.containers[0].image
        for one in capture("image-and-app-faults").pods
        if one.name
        in {
            *("image-index-without-platform", "image-tag-missing", "registry-unreachable"),
            *("registry-name-unknown", "image-single-manifest-wrong-platform", "crash-loop"),
            *("exec-missing", "oom"),
        }
    }

    assert expected == set(found)
    assert {(parse("linux/amd64"),)} == set(found.values())


def test_a_healthy_cluster_asks_no_registry() -> None:
    """Nobody is asked about what runs."""
    assert {} == suspects(capture("healthy"))


def test_without_a_platform_of_the_node_nothing_can_be_asked() -> None:
    """An image is right for a node: evidence of the first schema does not say for which."""
    evidence = capture("image-and-app-faults")
    silent = tuple(Node(one.name, one.ready) for one in evidence.nodes)
    odd = tuple(Node(one.name, one.ready, platform="amiga") for one in evidence.nodes)

    assert [{}, {}] == [
        suspects(KubernetesEvidence("x", nodes, evidence.pods)) for nodes in (silent, odd)
    ]


def test_a_registry_that_is_down_for_all_is_not_asked_for_all() -> None:
    """So many images, and no more."""
    evidence = capture("image-and-app-faults")
    one = next(pod for pod in evidence.pods if pod.name == "image-tag-missing")
    (container,) = one.containers
    many = tuple(_with_image(one, f"{container.image}-{number}") for number in range(3 * MOST))

    assert MOST == len(suspects(KubernetesEvidence("x", evidence.nodes, many)))


def test_what_is_no_name_of_an_image_is_left_out() -> None:
    """`InvalidImageName` is the kubelet's to tell."""
    assert () == ask({"Not An Image": (parse("linux/amd64"),)}, {})


def _with_image(pod: Pod, image: str) -> Pod:
    return replace(pod, containers=(replace(pod.containers[0], image=image),))
