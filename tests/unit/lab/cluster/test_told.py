"""What the lab's cluster tells its API, as data: Services, slices, Pods, workloads, series."""

from dataclasses import replace
from typing import Any

import pytest

from meshdoctor.lab.cluster import objects
from meshdoctor.lab.cluster.container import CRASHING, Ended, Status, Waiting
from meshdoctor.lab.cluster.environment import environment
from meshdoctor.lab.cluster.plan import plan
from meshdoctor.lab.cluster.services import services
from meshdoctor.lab.cluster.states import series
from meshdoctor.lab.net.faults import network_faults
from meshdoctor.lab.net.rules import Rules
from meshdoctor.probes.kubernetes.evidence import Kind
from meshdoctor.probes.kubernetes.reading import read
from tests.support.cluster_up import SETUP

PLAN = plan(SETUP)
RULES, TOPOLOGY = PLAN.seed.rules, PLAN.seed.topology
NOW = 1_800_000_000.0
RUNS = Status(running=True, ready=True, restarts=0, began=NOW, ended=None, waiting=None, made=NOW)
BACKEND = TOPOLOGY.pod("recommendations-1")


def told(rules: Rules, kind: str, name: str) -> dict[str, Any]:
    """The one object of a kind whose name begins so."""
    (found,) = (
        one
        for one in services(rules, TOPOLOGY)
        if one["kind"] == kind and one["metadata"]["name"].startswith(name)
    )
    return found


def test_a_slice_tells_of_every_pod_and_which_are_ready() -> None:
    """As in EndpointSlices: what is not ready is in it, and is marked."""
    rules = replace(RULES, unready=frozenset({BACKEND.name}))
    found = told(rules, "EndpointSlice", "recommendations-by-address-")
    assert [(BACKEND.address, False), ("192.168.12.3", True), ("192.168.12.4", True)] == [
        (end["addresses"][0], end["conditions"]["ready"]) for end in found["endpoints"]
    ]
    assert [{"name": "grpc", "port": 50051, "protocol": "TCP"}] == found["ports"]


def test_the_api_server_is_behind_its_own_service() -> None:
    """Whoever remembers this slice reaches it when Services' addresses answer nothing."""
    found = told(RULES, "EndpointSlice", "kubernetes")
    assert (["10.0.0.10"], 6443) == (
        found["endpoints"][0]["addresses"],
        found["ports"][0]["port"],
    )


@pytest.mark.parametrize(
    ("fault", "selector", "port", "addresses"),
    [
        ("routing-no-endpoints", "recomendations", "grpc", 0),
        ("routing-wrong-target-port", "recommendations", 55051, 3),
    ],
)
def test_a_fault_of_a_service_is_told(
    fault: str, selector: str, port: int | str, addresses: int
) -> None:
    """What the packets meet and what the API says are out of the same rules."""
    broken = network_faults()[fault].broken(RULES, TOPOLOGY)
    found = told(broken, "Service", "recommendations-by-address")
    assert selector == found["spec"]["selector"]["app.kubernetes.io/name"]
    slices = told(broken, "EndpointSlice", "recommendations-by-address")
    assert addresses == len(slices["endpoints"])
    if isinstance(port, int):
        assert port == found["spec"]["ports"][0]["targetPort"] == slices["ports"][0]["port"]


def test_a_policy_that_is_gone_is_not_told() -> None:
    """Deleting the policy `dns` takes away that object, and no other."""
    broken = network_faults()["network-policy-dns"].broken(RULES, TOPOLOGY)
    names = [
        {
            (one["metadata"]["namespace"], one["metadata"]["name"])
            for one in services(rules, TOPOLOGY)
            if one["kind"] == "NetworkPolicy"
        }
        for rules in (RULES, broken)
    ]
    assert {("bookstore", "dns")} == names[0] - names[1]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (RUNS, ("Running", True, True, "", None)),
        (replace(RUNS, ready=False), ("Running", False, True, "", None)),
        (
            replace(RUNS, running=False, ready=False, ended=Ended(137, NOW, NOW + 5)),
            ("Running", False, False, "", 137),
        ),
        (
            replace(
                RUNS,
                running=False,
                ready=False,
                restarts=3,
                ended=Ended(2, NOW, NOW + 1),
                waiting=Waiting(CRASHING, "back-off 4s"),
            ),
            ("Running", False, False, CRASHING, 2),
        ),
        (
            replace(
                RUNS, running=False, ready=False, waiting=Waiting("ErrImagePull", "none", "a/b:c")
            ),
            ("Pending", False, False, "ErrImagePull", None),
        ),
    ],
)
def test_the_doctor_reads_a_pod_as_its_container_is(
    status: Status, said: tuple[object, ...]
) -> None:
    """What the lab writes is what the doctor's own reader finds in it."""
    (found,) = read(Kind.PODS, [objects.pod(BACKEND, PLAN, status)])
    (container,) = found.containers
    ended = container.ended.code if container.ended else None
    assert said == (found.phase, found.ready, container.running, container.waiting, ended)
    assert ("worker-1", "bookstore", status.restarts) == (
        *(found.node, found.namespace),
        container.restarts,
    )
    image = status.waiting.image if status.waiting else ""
    assert (image or "meshdoctor/recommendations:0.1.0") == container.image


def test_nodes_are_ready_and_of_a_platform() -> None:
    """As the doctor and its check of images read them."""
    nodes = [one for one in objects.still(PLAN, NOW) if one["kind"] == "Node"]
    assert [("control-plane", "True"), ("worker-1", "True"), ("worker-2", "True")] == [
        (one.name, one.ready) for one in read(Kind.NODES, nodes)
    ]


def test_a_workload_tells_how_many_are_ready() -> None:
    """A Deployment and a DaemonSet, each in its own words."""
    deployment = objects.workload(PLAN.owners[BACKEND.name], 2, 3, NOW)
    daemons = objects.workload(PLAN.owners["mesh-agent-1"], 3, 3, NOW)
    assert (3, 2) == (deployment["spec"]["replicas"], deployment["status"]["readyReplicas"])
    assert (3, 3) == (
        daemons["status"]["desiredNumberScheduled"],
        daemons["status"]["numberReady"],
    )


def test_variables_are_filled_in_as_by_a_kubelet() -> None:
    """Fields of the Pod, names of other variables, and where the API is."""
    container = {
        "env": [
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "BOTH", "value": "$(POD) on $(NODE), not $(ABSENT)"},
        ]
    }
    assert {
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
        "POD": "recommendations-1",
        "NODE": "worker-1",
        "BOTH": "recommendations-1 on worker-1, not $(ABSENT)",
    } == environment(container, BACKEND, "10.0.0.11")


def test_the_series_about_pods_are_those_of_kube_state_metrics() -> None:
    """Restarts of each container, what it waits for, and why it ended before."""
    waits = replace(
        RUNS,
        running=False,
        ready=False,
        restarts=4,
        ended=Ended(1, NOW, NOW),
        waiting=Waiting(CRASHING, ""),
    )
    labels = 'namespace="bookstore",pod="recommendations-1",container="recommendations"'
    assert [
        f"kube_pod_container_status_restarts_total{{{labels}}} 4\n",
        f'kube_pod_container_status_waiting_reason{{{labels},reason="{CRASHING}"}} 1\n',
        f'kube_pod_container_status_last_terminated_reason{{{labels},reason="Error"}} 1\n',
    ] == list(series([objects.pod(BACKEND, PLAN, waits)]))
