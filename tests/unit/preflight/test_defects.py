"""Each kind of defect, cut into an overlay that has none, is named, and is all that is named."""

from typing import Any

import pytest

from meshdoctor.doctor.checks.preflight.asked import Asked
from meshdoctor.doctor.checks.preflight.every import judge_manifests
from meshdoctor.doctor.model import State, Verdict
from meshdoctor.faults import FAULTS
from meshdoctor.probes.manifests.evidence import Cluster, Spec, Thing
from tests.support.manifests import OVERLAYS
from tests.support.overlays import Change, Cut, cut

NAME = "app.kubernetes.io/name"
TARGET = "MARKETPLACE_RECOMMENDATIONS_TARGET"
EMPTY = Cluster("https://cluster", namespaces=frozenset({"default"}), services=frozenset())


def judged(change: Change | None, cluster: Cluster | None = None) -> list[Verdict]:
    """Judge the kubeadm overlay after a change."""
    return judge_manifests(Asked(cut("kubeadm", change), cluster))


def put(path: tuple[str | int, ...], value: object, *of: str) -> Change:
    """Change one field of an object."""

    def change(objects: Cut) -> None:
        place: Any = objects.named(*of)
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def told(variable: str, value: str, workload: str = "marketplace") -> Change:
    """Give a variable another value."""
    return lambda objects: objects.variable(workload, variable).update(value=value)


def spec_of_pod(*path: str | int) -> tuple[str | int, ...]:
    """Give a path inside a Pod template's spec."""
    return ("spec", "template", "spec", *path)


def quota(**hard: str) -> Change:
    """Add a quota to the namespace of the services; `__` is a dot."""
    limits = {key.replace("__", "."): value for key, value in hard.items()}
    return lambda objects: objects.add("ResourceQuota", "room", spec={"hard": limits})


def limits(**limit: object) -> Change:
    """Add a range for containers."""
    spec = {"limits": [{"type": "Container", **limit}]}
    return lambda objects: objects.add("LimitRange", "range", spec=spec)


def with_unsized(change: Change) -> Change:
    """Let the shop say nothing of CPU and memory, beside a change."""

    def both(objects: Cut) -> None:
        objects.container("marketplace").pop("resources")
        change(objects)

    return both


def second_port(number: int, namespace: str = "bookstore") -> Change:
    """Add a Service on the port of a node."""
    spec = {
        "type": "NodePort",
        "selector": {NAME: "marketplace"},
        "ports": [{"port": 80, "targetPort": "http", "nodePort": number}],
    }
    return lambda objects: objects.add("Service", "second", namespace, spec=spec)


def without_its_key(objects: Cut) -> None:
    """Let the shop want a key that its ConfigMap lacks."""
    wanted = {"configMapKeyRef": {"name": "colours", "key": "shop"}}
    objects.container("marketplace")["env"].append({"name": "COLOUR", "valueFrom": wanted})
    objects.add("ConfigMap", "colours", data={"backend": "blue"})


SHOP = ("Deployment", "marketplace")
BACKEND = ("Service", "recommendations")
METRICS = ("Service", "marketplace-metrics")
DEFECTS: dict[str, tuple[Change, str, str, str]] = {
    "name of a Deployment": (
        put(("metadata", "name"), "Shop_1", "Deployment", "jaeger", "monitoring"),
        "names",
        "app-down",
        "'Shop_1'",
    ),
    "name of a Service": (
        lambda objects: objects.add("Service", "2nd", spec={"ports": []}),
        "names",
        "dns-nxdomain",
        "'2nd'",
    ),
    "name of a container": (
        put(spec_of_pod("containers", 0, "name"), "the.shop", *SHOP),
        "names",
        "app-down",
        "'the.shop'",
    ),
    "name of a port": (
        lambda objects: objects.container("marketplace")["ports"].append(
            {"name": "much-too-long-a-name", "containerPort": 1}
        ),
        "names",
        "app-down",
        "'much-too-long-a-name'",
    ),
    "value of a label": (
        put(("metadata", "labels", "tier"), "front end", *SHOP),
        "names",
        "app-down",
        "'front end'",
    ),
    "name of an image": (
        put(spec_of_pod("containers", 0, "image"), "Registry.example/Shop:1", *SHOP),
        "names",
        "image-tag-missing",
        "marketplace",
    ),
    "selector of a Deployment": (
        put(("spec", "selector", "matchLabels", NAME), "shop", *SHOP),
        "names",
        "app-down",
        "its selector does not match",
    ),
    "no such Secret": (
        put(("metadata", "annotations"), {}, "Deployment", "grafana", "monitoring"),
        "references",
        "app-down",
        "Secret monitoring/grafana-admin",
    ),
    "no such ConfigMap": (
        lambda objects: objects.without("ConfigMap", "blackbox-exporter", "monitoring"),
        "references",
        "app-down",
        "ConfigMap monitoring/blackbox-exporter",
    ),
    "no such key": (without_its_key, "references", "app-down", "lacks shop"),
    "no such account": (
        lambda objects: objects.without("ServiceAccount", "marketplace"),
        "references",
        "app-down",
        "ServiceAccount bookstore/marketplace",
    ),
    "selector of a Service": (
        put(("spec", "selector", NAME), "recommendation", *BACKEND),
        "services",
        "routing-no-endpoints",
        "Service bookstore/recommendations",
    ),
    "name of a target port": (
        put(("spec", "ports", 0, "targetPort"), "grcp", *BACKEND),
        "services",
        "routing-wrong-target-port",
        "'grcp'",
    ),
    "number of a target port": (
        put(("spec", "ports", 0, "targetPort"), 50099, *BACKEND),
        "services",
        "routing-wrong-target-port",
        "50099",
    ),
    "name of a target": (
        told(TARGET, "recommendation.bookstore.svc.cluster.local.:50051"),
        "services",
        "dns-nxdomain",
        "Service bookstore/recommendation,",
    ),
    "port of a target": (
        told(TARGET, "recommendations.bookstore.svc.cluster.local.:50050"),
        "services",
        "routing-wrong-target-port",
        "port 50050",
    ),
    "port out of range": (
        put(("spec", "ports", 0, "nodePort"), 80, "Service", "marketplace"),
        "node ports",
        "dns-nxdomain",
        "nodePort 80",
    ),
    "port taken twice": (second_port(30997), "node ports", "dns-nxdomain", "30997"),
    "quota of CPU": (quota(requests__cpu="500m"), "quotas", "app-down", "requests.cpu"),
    "quota of memory": (quota(limits__memory="1Gi"), "quotas", "app-down", "1.1875Gi"),
    "quota of Pods": (quota(pods="4"), "quotas", "app-down", "pods comes to 5"),
    "quota of Services": (quota(services="2"), "quotas", "app-down", "services comes to 3"),
    "quota of ports": (quota(services__nodeports="0"), "quotas", "app-down", "nodeports"),
    "quota and nothing said": (
        with_unsized(quota(requests__cpu="9")),
        "quotas",
        "app-down",
        "marketplace says none",
    ),
    "range exceeded": (limits(max={"memory": "256Mi"}), "quotas", "app-down", "max of memory"),
    "range not reached": (limits(min={"cpu": "150m"}), "quotas", "app-down", "min of cpu"),
    "request above limit": (
        put(spec_of_pod("containers", 0, "resources", "requests", "cpu"), "2", *SHOP),
        "quotas",
        "app-down",
        "more cpu than its limit",
    ),
    "no amount": (
        put(spec_of_pod("containers", 0, "resources", "limits", "memory"), "64 MB", *SHOP),
        "quotas",
        "app-down",
        "'64 MB'",
    ),
    "no way to DNS": (
        lambda objects: objects.without("NetworkPolicy", "dns"),
        "network policies",
        "network-policy-dns",
        "Deployment bookstore/marketplace",
    ),
    "no way out": (
        put(("spec", "egress"), [], "NetworkPolicy", "marketplace"),
        "network policies",
        "network-policy-app",
        "port 50051",
    ),
    "no way in": (
        lambda objects: objects.without("NetworkPolicy", "recommendations"),
        "network policies",
        "network-policy-app",
        "Deployment bookstore/marketplace could not reach Service bookstore/recommendations",
    ),
}


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
def test_our_overlays_have_none(overlay: Any) -> None:  # noqa: ANN401 - an overlay
    """Every question that manifests answer by themselves is answered well."""
    verdicts = judge_manifests(Asked(cut(overlay.name)))

    assert [] == [one for one in verdicts if one.state is not State.HEALTHY]


@pytest.mark.parametrize(("change", "subject", "code", "words"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_named(change: Change, subject: str, code: str, words: str) -> None:
    """One verdict is a fault, with the code and the words of it; no other question is troubled."""
    verdicts = judged(change)
    bad = [one for one in verdicts if one.state is not State.HEALTHY]

    assert [(subject, State.FAULT)] == [(one.subject, one.state) for one in bad]
    assert {code} == {one.code for one in bad[0].findings}
    assert any(words in one.sentence for one in bad[0].findings), bad[0].findings
    assert all(one.fix and one.seen for one in bad[0].findings)


def test_every_code_is_a_fault() -> None:
    """Nothing is named that the vocabulary lacks."""
    assert {code for _change, _subject, code, _words in DEFECTS.values()} <= set(FAULTS)


@pytest.mark.parametrize(
    ("change", "subject", "missing"),
    [
        (
            lambda objects: objects.without("Namespace", "bookstore", None),
            "namespaces",
            "kubectl get namespace bookstore",
        ),
        (
            lambda objects: objects.named("NetworkPolicy", "dns")["spec"]["egress"][0][
                "ports"
            ].pop(),
            "network policies",
            "TCP",
        ),
        (
            put(("spec", "ports"), [{"port": 81, "targetPort": 9999}], *METRICS),
            "services",
            "whether its program listens on 9999",
        ),
        (
            lambda objects: objects.add("ConfigMap", "prometheus", "monitoring", data={"a": "b"}),
            "names",
            "the last one wins",
        ),
    ],
    ids=["namespace", "TCP", "port", "twice"],
)
def test_what_cannot_be_told_is_said(change: Change, subject: str, missing: str) -> None:
    """A doubt, not a fault, and what would decide it."""
    bad = [one for one in judged(change) if one.state is not State.HEALTHY]

    assert State.UNKNOWN is next(one.state for one in bad if one.subject == subject)
    doubts = next(one.doubts for one in bad if one.subject == subject)
    assert any(missing in f"{one.sentence} {one.missing}" for one in doubts)


def test_a_namespace_that_the_cluster_lacks_is_a_fault() -> None:
    """Where the cluster was asked it is no doubt."""

    def change(objects: Cut) -> None:
        objects.without("Namespace", "bookstore", None)

    found = [one for one in judged(change, EMPTY) if one.state is State.FAULT]

    assert ["namespaces"] == [one.subject for one in found]
    assert "namespace bookstore" in found[0].sentence


def test_a_port_of_another_service_in_the_cluster_is_a_fault() -> None:
    """The API would refuse the Service; its own port is no other's."""
    taken = Cluster("https://cluster", node_ports={30997: ("default", "squatter")})
    own = Cluster("https://cluster", node_ports={30997: ("bookstore", "marketplace")})

    assert [State.FAULT, State.HEALTHY] == [
        next(one.state for one in judged(None, cluster) if one.subject == "node ports")
        for cluster in (taken, own)
    ]


def test_what_the_cluster_has_already_is_no_fault() -> None:
    """A Secret may be there in a namespace that is; only somebody who looks knows."""
    there = Cluster("https://cluster", namespaces=frozenset({"monitoring"}))
    change = put(("metadata", "annotations"), {}, "Deployment", "grafana", "monitoring")
    found = next(one for one in judged(change, there) if one.subject == "references")

    assert State.UNKNOWN is found.state
    assert "kubectl -n monitoring get secret grafana-admin" in found.doubts[0].missing


def test_what_is_made_by_hand_can_be_said() -> None:
    """By an option, where no annotation says it."""
    change = put(("metadata", "annotations"), {}, "Deployment", "grafana", "monitoring")
    told_so = Asked(cut("kubeadm", change), by_hand=frozenset({"monitoring/grafana-admin"}))
    found = next(one for one in judge_manifests(told_so) if one.subject == "references")

    assert State.HEALTHY is found.state
    assert any("made by hand" in line for line in found.seen)


@pytest.mark.parametrize(
    ("hard", "used", "state"),
    [("9", "0", State.HEALTHY), ("9", "5", State.UNKNOWN), ("4", "0", State.FAULT)],
)
def test_a_quota_of_the_cluster_counts(hard: str, used: str, state: State) -> None:
    """Five Pods: what is in use may be this very overlay, so only what never fits is a fault."""
    room = Spec(Thing("ResourceQuota", "room", "bookstore"), {"hard": {"pods": hard}})
    cluster = Cluster("https://cluster", bounds=(room,), used={str(room.thing): {"pods": used}})
    found = next(one for one in judged(None, cluster) if one.subject == "quotas")

    assert (state, True) == (found.state, "ResourceQuota bookstore/room" in found.sentence)


def test_quotas_that_nobody_may_list_are_not_said_to_be_absent() -> None:
    """Neither without a cluster nor with one that refuses."""
    for cluster in (None, Cluster("https://cluster")):
        found = next(one for one in judged(None, cluster) if one.subject == "quotas")
        assert any("that the cluster has already" in line for line in found.limits)


def test_a_pod_on_each_node_counts_as_often_as_there_are_nodes() -> None:
    """Without a cluster it counts once, and that is said."""

    def change(objects: Cut) -> None:
        objects.add("ResourceQuota", "room", "meshdoctor", spec={"hard": {"pods": "3"}})

    three, four = (Cluster("https://cluster", nodes=number) for number in (3, 4))
    found = [
        next(one for one in judged(change, cluster) if one.subject == "quotas")
        for cluster in (None, three, four)
    ]

    assert [State.HEALTHY, State.HEALTHY, State.FAULT] == [one.state for one in found]
    assert any("counted once" in line for line in found[0].limits)
