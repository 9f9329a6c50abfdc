"""Who may talk to whom, computed from the policies and held against docs/network.md."""

from collections.abc import Callable
from copy import deepcopy
from itertools import product

import pytest

from tests.support.manifests import KUBEADM, OVERLAYS, ROOT, Manifest, Overlay, load, pods
from tests.support.network_policies import Peer, allowed

NAME = "app.kubernetes.io/name"
DEFAULT = "default-deny"
OUTSIDE = {
    "visitor": Peer(address="203.0.113.9"),
    "node": Peer(address="10.0.0.11"),
    "stranger": Peer("default", {NAME: "marketplace"}),
    "kube-dns": Peer("kube-system", {"k8s-app": "kube-dns"}),
    "etcd": Peer("kube-system", {"component": "etcd"}),
    # Those of our own namespaces are there in any case: somebody else's Prometheus may be.
    "prometheus": Peer("monitoring", {NAME: "prometheus"}),
    **{
        f"nobody of {namespace}": Peer(namespace, {NAME: "nobody"})
        for namespace in ("bookstore", "meshdoctor", "monitoring", "load")
    },
}
PORTS = (
    *(22, 53, 80, 443, 2379, 3000, 4317, 5557, 6443, 8080, 8081, 8888, 9090, 9093, 9115, 9153),
    *(9464, 9646, 9967, 10250, 10256, 13133, 16686, 30997, 50051, 50052),
)
Road = tuple[str, str, int, str]

WHOLE = Overlay("kubeadm with locust", (*KUBEADM.objects, *load("locust").objects))
"""Everything at once: the load test is applied on top of a cluster that runs."""

CLUSTERS = [WHOLE, *(one for one in OVERLAYS if one.of("NetworkPolicy", "bookstore"))]
COLUMNS = ("from", "to", "port", "protocol", "why")


def ruled(overlay: Overlay) -> set[str]:
    """Give the namespaces that it has policies for."""
    return {one["metadata"]["namespace"] for one in overlay.of("NetworkPolicy")}


def peers(overlay: Overlay) -> dict[str, Peer]:
    """Give our Pods as they are rendered, one of each namespace that nothing names, and others."""
    ours = {}
    for name, pod in pods(overlay).items():
        _kind, place = name.split(" ")
        namespace, _, short = place.partition("/")
        assert short not in ours
        ours[short] = Peer(namespace, pod["metadata"]["labels"])
    return {**OUTSIDE, **ours}


def open_roads(overlay: Overlay) -> set[Road]:
    """Give every connection that the policies let through, with an end that they are about."""
    ends, inside = peers(overlay), ruled(overlay)
    policies = overlay.of("NetworkPolicy")
    return {
        (source, target, port, protocol)
        for source, target in product(ends, ends)
        if inside & {ends[source].namespace, ends[target].namespace}
        for port, protocol in product(PORTS, ("TCP", "UDP"))
        if allowed(policies, ends[source], ends[target], port, protocol)
    }


def expanded(word: str, overlay: Overlay) -> list[str]:
    """Give those whom a cell of the table means."""
    ends = peers(overlay)
    if word == "anybody outside":
        return [name for name, one in ends.items() if one.namespace not in ruled(overlay)]
    if word.startswith("any Pod of "):
        namespace = word.split("`")[1]
        return [name for name, one in ends.items() if one.namespace == namespace]
    return [word] if word in ends else []


def documented(overlay: Overlay) -> set[Road]:
    """Read the tables of docs/network.md about the namespaces that an overlay has policies for."""
    text = (ROOT / "docs/network.md").read_text("utf-8")
    roads = set()
    for namespace in ruled(overlay):
        part = text.partition(f"## `{namespace}`\n")[2].partition("\n## ")[0]
        rows = [[cell.strip() for cell in one.strip("|").split("|")] for one in part.splitlines()]
        table = [row for row in rows if len(row) == len(COLUMNS)]
        assert COLUMNS == tuple(table[0])
        roads |= {
            (one, other, int(port), protocol)
            for source, target, port, protocol, _why in table[2:]
            for one in expanded(source, overlay)
            for other in expanded(target, overlay)
        }
    return roads


@pytest.mark.parametrize("overlay", CLUSTERS, ids=lambda one: one.name)
def test_the_policies_are_the_tables(overlay: Overlay) -> None:
    """What is open is in a table, and what is in a table is open."""
    assert documented(overlay) == open_roads(overlay)


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
        ("nobody of bookstore", "recommendations", 50051, False),
        ("prometheus", "recommendations", 9464, True),
        ("prometheus", "marketplace", 9464, True),
        ("prometheus", "recommendations", 50051, True),
        ("prometheus", "node", 10250, True),
        ("prometheus", "etcd", 2379, False),
        ("prometheus", "visitor", 443, False),
        ("grafana", "recommendations", 9464, False),
        ("grafana", "node", 6443, False),
        ("alertmanager", "visitor", 443, False),
        ("marketplace", "grafana", 3000, False),
        ("marketplace", "kube-dns", 53, True),
        ("marketplace", "etcd", 53, False),
        ("marketplace", "visitor", 443, False),
        ("mesh-agent", "mesh-agent", 9967, True),
        ("mesh-agent", "recommendations", 50051, True),
        ("mesh-agent", "node", 10256, True),
        ("mesh-agent", "node", 22, False),
        ("mesh-agent", "marketplace", 8080, False),
        ("mesh-agent", "visitor", 443, False),
        ("marketplace", "mesh-agent", 9464, False),
        ("nobody of meshdoctor", "recommendations", 50051, False),
        ("nobody of meshdoctor", "mesh-agent", 9967, False),
    ],
)
def test_the_roads_of_the_story(source: str, target: str, port: int, *, expected: bool) -> None:
    """The pairs that matter most, each by itself (over TCP)."""
    ends = peers(KUBEADM)
    policies = KUBEADM.of("NetworkPolicy")

    assert expected == allowed(policies, ends[source], ends[target], port)


def with_policies(keep: Callable[[str], bool]) -> Overlay:
    """Give everything, with only those policies whose namespace and name are kept."""
    kept = (one for one in WHOLE.objects if one["kind"] != "NetworkPolicy" or keep(place_of(one)))
    return Overlay("fewer", tuple(kept))


def place_of(found: Manifest) -> str:
    """Give an object's namespace and name."""
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


@pytest.mark.parametrize("name", [place_of(one) for one in WHOLE.of("NetworkPolicy")])
def test_every_road_is_opened_by_a_policy_of_its_own(name: str) -> None:
    """Without any policy but the default a road is closed or opened: none is there for show."""
    if not name.endswith(DEFAULT):
        assert open_roads(WHOLE) != open_roads(with_policies(name.__ne__))


def test_the_default_is_nothing() -> None:
    """The defaults alone open no road, whatever becomes of the other policies."""
    assert set() == open_roads(with_policies(lambda name: name.endswith(DEFAULT)))


def test_no_policy_means_everything() -> None:
    """The evaluator allows what no policy forbids, as Kubernetes does."""
    ends = peers(KUBEADM)

    assert allowed([], ends["stranger"], ends["recommendations"], 50051)


def test_a_rule_it_does_not_know_is_refused() -> None:
    """A range of ports is no guess, nor is a peer of a new kind: it must be taught first."""
    ends = peers(KUBEADM)
    policy = deepcopy(KUBEADM.named("NetworkPolicy", "recommendations"))
    policy["spec"]["ingress"][0]["from"] = [{"fqdn": "shop.example"}]

    with pytest.raises(ValueError, match="fqdn"):
        allowed([policy], ends["marketplace"], ends["recommendations"], 50051)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"cidr": "203.0.113.0/24"}, True),
        ({"cidr": "10.0.0.0/8"}, False),
        ({"cidr": "0.0.0.0/0", "except": ["203.0.113.0/25"]}, False),
    ],
)
def test_a_block_is_of_addresses(block: Manifest, *, expected: bool) -> None:
    """An address is in a block unless it is in one of its exceptions."""
    ends = peers(KUBEADM)
    policy = deepcopy(KUBEADM.named("NetworkPolicy", "recommendations"))
    policy["spec"]["ingress"][0]["from"] = [{"ipBlock": block}]

    assert expected == allowed([policy], ends["visitor"], ends["recommendations"], 50051)
