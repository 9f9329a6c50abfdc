"""Who may talk to whom, computed from the policies and held against docs/network.md."""

from collections.abc import Callable
from copy import deepcopy
from itertools import product

import pytest

from tests.support.manifests import KUBEADM, OVERLAYS, ROOT, Overlay, pods
from tests.support.network_policies import Peer, allowed

NAME = "app.kubernetes.io/name"
DEFAULT = "default-deny"
OUTSIDE = {
    "visitor": Peer(),
    "stranger": Peer("default", {NAME: "marketplace"}),
    "prometheus": Peer("monitoring", {NAME: "prometheus"}),
    "kube-dns": Peer("kube-system", {"k8s-app": "kube-dns"}),
    "etcd": Peer("kube-system", {"component": "etcd"}),
}
WORDS = {
    "any Pod of `bookstore`": ("marketplace", "recommendations", "nobody"),
    "anybody outside `bookstore`": tuple(OUTSIDE),
    "any Pod of `monitoring`": ("prometheus",),
}
PORTS = (53, 80, 443, 4317, 8080, 9464, 30997, 50051)
Road = tuple[str, str, int, str]


def peers(overlay: Overlay) -> dict[str, Peer]:
    """Give our Pods as they are rendered, one of ours that nothing names, and the outsiders."""
    ours = {
        name.rpartition("/")[2]: Peer("bookstore", pod["metadata"]["labels"])
        for name, pod in pods(overlay).items()
        if " bookstore/" in name
    }
    return {**ours, "nobody": Peer("bookstore", {NAME: "nobody"}), **OUTSIDE}


def open_roads(overlay: Overlay) -> set[Road]:
    """Give every connection that the policies let through, with an end in our namespace."""
    ends = peers(overlay)
    policies = overlay.of("NetworkPolicy")
    return {
        (source, target, port, protocol)
        for source, target in product(ends, ends)
        for port, protocol in product(PORTS, ("TCP", "UDP"))
        if "bookstore" in {ends[source].namespace, ends[target].namespace}
        and allowed(policies, ends[source], ends[target], port, protocol)
    }


def documented() -> set[Road]:
    """Read the table of docs/network.md."""
    lines = (ROOT / "docs/network.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in one.strip("|").split("|")] for one in lines if "|" in one]
    return {
        (one, other, int(port), protocol)
        for source, target, port, protocol, _why in rows[2:]
        for one in WORDS.get(source, (source,))
        for other in WORDS.get(target, (target,))
    }


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
def test_the_policies_are_the_table(overlay: Overlay) -> None:
    """What is open is in the table, and what is in the table is open."""
    assert documented() == open_roads(overlay)


@pytest.mark.parametrize(
    ("source", "target", "port", "expected"),
    [
        ("visitor", "marketplace", 8080, True),
        ("visitor", "marketplace", 9464, False),
        ("visitor", "recommendations", 50051, False),
        ("stranger", "recommendations", 50051, False),
        ("marketplace", "recommendations", 50051, True),
        ("marketplace", "recommendations", 9464, False),
        ("recommendations", "marketplace", 8080, False),
        ("nobody", "recommendations", 50051, False),
        ("prometheus", "recommendations", 9464, True),
        ("prometheus", "marketplace", 9464, True),
        ("prometheus", "recommendations", 50051, False),
        ("marketplace", "kube-dns", 53, True),
        ("marketplace", "etcd", 53, False),
        ("marketplace", "visitor", 443, False),
    ],
)
def test_the_roads_of_the_story(source: str, target: str, port: int, *, expected: bool) -> None:
    """The pairs that matter most, each by itself (over TCP)."""
    ends = peers(KUBEADM)
    policies = KUBEADM.of("NetworkPolicy")

    assert expected == allowed(policies, ends[source], ends[target], port)


def with_policies(keep: Callable[[str], bool]) -> Overlay:
    """Give the overlay with only those policies whose names are kept."""
    kept = (
        one
        for one in KUBEADM.objects
        if one["kind"] != "NetworkPolicy" or keep(one["metadata"]["name"])
    )
    return Overlay("fewer", tuple(kept))


def test_every_road_is_opened_by_a_policy_of_its_own() -> None:
    """Without any policy but the default a road is closed or opened: none is there for show."""
    whole = open_roads(KUBEADM)
    names = {one["metadata"]["name"] for one in KUBEADM.of("NetworkPolicy")}

    for name in names - {DEFAULT}:
        assert whole != open_roads(with_policies(name.__ne__)), name


def test_the_default_is_nothing() -> None:
    """The default alone opens no road, whatever becomes of the other policies."""
    assert set() == open_roads(with_policies(lambda name: name == DEFAULT))


def test_no_policy_means_everything() -> None:
    """The evaluator allows what no policy forbids, as Kubernetes does."""
    ends = peers(KUBEADM)

    assert allowed([], ends["stranger"], ends["recommendations"], 50051)


def test_a_rule_it_does_not_know_is_refused() -> None:
    """A range of addresses or of ports is no guess: it must be taught first."""
    ends = peers(KUBEADM)
    policy = deepcopy(KUBEADM.named("NetworkPolicy", "recommendations"))
    policy["spec"]["ingress"][0]["from"] = [{"ipBlock": {"cidr": "0.0.0.0/0"}}]

    with pytest.raises(ValueError, match="ipBlock"):
        allowed([policy], ends["marketplace"], ends["recommendations"], 50051)
