"""What NetworkPolicies let through, as preflight reckons it."""

from itertools import product
from typing import Any

import pytest

from meshdoctor.doctor.checks.preflight.reach import End, Rulebook
from meshdoctor.probes.manifests.evidence import Manifests, Port, Spec, Thing
from tests.support.manifests import Overlay
from tests.support.network_policies import Peer, allowed
from tests.support.overlays import cut, lean

SHOP = End("town", {"app": "shop"})
BACKEND = End("town", {"app": "backend"}, (Port(50051, "grpc"),))
STRANGER = End("elsewhere", {"app": "shop"})


def ends(manifests: Manifests) -> list[End]:
    """Give the Pods of an overlay, and name servers."""
    return [
        End("kube-system", {"k8s-app": "kube-dns"}),
        *(End(one.thing.namespace, one.labels) for one in manifests.workloads),
    ]


def test_it_agrees_with_the_evaluator_of_the_tables() -> None:
    """On every pair of Pods of our own, and the ports that our policies name."""
    manifests, overlay = cut("kubeadm"), lean("kubeadm")
    rules = Rulebook(manifests.policies, manifests.namespaces)
    ports = (53, 80, 4317, 8080, 9464, 9967, 50051)

    for one, other in product(ends(manifests), ends(manifests)):
        for port, protocol in product(ports, ("TCP", "UDP")):
            passes = not rules.stops(one, other, port, protocol)
            assert expected(overlay, one, other, port, protocol) == passes


def expected(overlay: Overlay, one: End, other: End, port: int, protocol: str) -> bool:
    """Ask the other evaluator."""
    source, target = (Peer(each.namespace, dict(each.labels)) for each in (one, other))
    return allowed(overlay.of("NetworkPolicy"), source, target, port, protocol)


def policy(**spec: Any) -> Rulebook:  # noqa: ANN401 - a policy's fields
    """Make one policy for the backend."""
    told = {"podSelector": {"matchLabels": {"app": "backend"}}, **spec}
    return Rulebook(
        (Spec(Thing("NetworkPolicy", "one", "town"), told),), {"elsewhere": {"kind": "friend"}}
    )


@pytest.mark.parametrize(
    ("ports", "passes"),
    [
        ([], True),
        ([{"port": "grpc"}], True),
        ([{"port": "http"}], False),
        ([{"port": 50000, "endPort": 50100}], True),
        ([{"port": 50000, "endPort": 50050}], False),
        ([{"protocol": "UDP", "port": 50051}], False),
        ([{"protocol": "TCP"}], True),
    ],
)
def test_a_port_is_a_name_a_number_or_a_range(ports: list[object], *, passes: bool) -> None:
    """A name is that of the callee's container."""
    rules = policy(ingress=[{"ports": ports}])

    assert passes == (not rules.stops(SHOP, BACKEND, 50051, "TCP"))


@pytest.mark.parametrize(
    ("peer", "source", "passes"),
    [
        ({"podSelector": {}}, SHOP, True),
        ({"podSelector": {}}, STRANGER, False),
        ({"namespaceSelector": {}}, STRANGER, True),
        ({"namespaceSelector": {"matchLabels": {"kind": "friend"}}}, STRANGER, True),
        ({"namespaceSelector": {"matchLabels": {"kind": "friend"}}}, SHOP, False),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, SHOP, False),
        (
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
            End("", {}, address="10.0.0.1"),
            True,
        ),
    ],
)
def test_a_peer_is_pods_namespaces_or_addresses(
    peer: dict[str, object], source: End, *, passes: bool
) -> None:
    """Pods without a namespace selector are those of the policy's own namespace."""
    rules = policy(ingress=[{"from": [peer]}])

    assert passes == (not rules.stops(source, BACKEND, 50051, "TCP"))


def test_the_policies_that_stop_a_call_are_named() -> None:
    """By kind, namespace and name."""
    assert ("NetworkPolicy town/one",) == policy(ingress=[]).stops(SHOP, BACKEND, 50051, "TCP")
    assert () == policy(ingress=[]).stops(BACKEND, SHOP, 8080, "TCP")
    assert () == Rulebook(()).stops(SHOP, BACKEND, 50051, "TCP")
