"""The mesh in the lab's network: what the API says is what processes and packets do."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from meshdoctor.lab.cluster.apiclient import ApiClient, ApiError
from meshdoctor.lab.cluster.building import Wishes
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.faults import network_faults
from meshdoctor.lab.net.topology import DNS_ADDRESS
from tests.support.cluster_up import SETUP, asked, cluster_up, ready_addresses
from tests.support.lab import eventually
from tests.support.programs import program

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(180)]

SECONDS = 30.0
BACKENDS = ["192.168.11.5", "192.168.12.3", "192.168.12.4"]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that this module's tests share, without load."""
    wishes = Wishes(SETUP, monitored=False, users=0, logs=tmp_path_factory.mktemp("logs"))
    with cluster_up(wishes) as up:
        yield up


@pytest.fixture
def cluster(standing: Cluster) -> Iterator[Cluster]:
    """The module's cluster; each test gives it back as it was."""
    yield standing
    standing.check()
    standing.wait_live()


def pod_status(cluster: Cluster, name: str) -> dict[str, object]:
    """What the API says of a container: ready, restarts, and its state's name and reason."""
    found = cluster.api.get("Pod", name, "bookstore")
    (told,) = found["status"]["containerStatuses"]
    ((state, more),) = told["state"].items()
    return {
        "phase": found["status"]["phase"],
        "ready": told["ready"],
        "restarts": told["restartCount"],
        "state": state,
        "reason": more.get("reason", ""),
    }


def test_the_page_is_live_by_way_of_every_node(cluster: Cluster) -> None:
    """Also by the control plane, which has no Pod of the shop."""
    cluster.wait_live()
    page = cluster.visit()
    assert (200, "live") == (page.status, page.freshness)
    assert "Mystery books you may like" in page.text


def test_the_api_tells_of_nodes_and_pods(cluster: Cluster) -> None:
    """Nodes are Ready and of a platform; every Pod that runs is Ready, with its address."""
    nodes = cluster.api.items("Node")
    assert {("linux", "amd64")} == {
        (one["status"]["nodeInfo"]["operatingSystem"], one["status"]["nodeInfo"]["architecture"])
        for one in nodes
    }
    pods = {one["metadata"]["name"]: one["status"]["podIP"] for one in cluster.api.items("Pod")}
    running = cluster.parts.containers
    assert {name: one.pod.address for name, one in running.items()} == pods
    assert eventually(lambda: BACKENDS == ready_addresses(cluster, "recommendations"))
    (deployment,) = (
        one
        for one in cluster.api.items("Deployment", "bookstore")
        if one["metadata"]["name"] == "recommendations"
    )
    assert (3, 3) == (deployment["spec"]["replicas"], deployment["status"]["readyReplicas"])


def test_nobody_asks_the_api_without_a_token(cluster: Cluster) -> None:
    """Not even for a list; with a wrong token neither."""
    place = cluster.parts.control
    authority = (place.kubeconfig.parent / "tls.crt").read_text()
    stranger = ApiClient("https://10.0.0.10:6443", authority, "guessed")
    with closing(stranger), pytest.raises(ApiError) as refusal:
        stranger.items("Node")
    assert 401 == refusal.value.code


def test_killed_backends_leave_the_service_and_its_name(cluster: Cluster) -> None:
    """The API, the ClusterIP and DNS agree; the page is degraded and no error; then all is back."""
    try:
        for one in cluster.pods("recommendations"):
            one.kill()
        assert eventually(lambda: [] == ready_addresses(cluster, "recommendations"), SECONDS)
        assert eventually(lambda: ("NXDOMAIN", []) == asked("marketplace-2", DNS_ADDRESS), SECONDS)
        status = pod_status(cluster, "recommendations-1")
        assert ("terminated", False) == (status["state"], status["ready"])
        page = cluster.visit()
        assert (200, True) == (page.status, page.freshness in {"stale", "builtin"})
    finally:
        for one in cluster.pods("recommendations"):
            one.start()
    assert eventually(lambda: BACKENDS == ready_addresses(cluster, "recommendations"), SECONDS)
    answer = ("NOERROR", BACKENDS)
    assert eventually(lambda: answer == asked("marketplace-2", DNS_ADDRESS), SECONDS)


def test_a_frozen_backend_is_not_ready(cluster: Cluster) -> None:
    """Its kubelet's probe has no answer, so nobody is sent there; it comes back as it was."""
    frozen = cluster.pod("recommendations-2")
    try:
        frozen.stop()
        others = [BACKENDS[0], BACKENDS[2]]
        assert eventually(lambda: others == ready_addresses(cluster, "recommendations"), SECONDS)
        assert eventually(lambda: ("NOERROR", others) == asked("marketplace-1", DNS_ADDRESS))
        assert "running" == pod_status(cluster, "recommendations-2")["state"]
    finally:
        frozen.cont()
    assert eventually(lambda: BACKENDS == ready_addresses(cluster, "recommendations"), SECONDS)
    assert 0 == pod_status(cluster, "recommendations-2")["restarts"]


def test_a_program_that_ends_by_itself_is_started_again_and_again(cluster: Cluster) -> None:
    """With a wait before each, which the API tells; the log of what it said is there."""
    broken = cluster.pod("recommendations-3")
    try:
        broken.exchange({"RECOMMENDATIONS_CATALOGUE": "/nowhere.json"}, gently=False)
        crashing = ("waiting", "CrashLoopBackOff", True)

        def told() -> bool:
            status = pod_status(cluster, "recommendations-3")
            often = int(str(status["restarts"])) >= 2
            return crashing == (status["state"], status["reason"], often)

        assert eventually(told, SECONDS)
    finally:
        broken.exchange()
    broken.wait_ready()
    assert eventually(lambda: 0 == pod_status(cluster, "recommendations-3")["restarts"])


def test_a_pod_whose_image_is_not_to_be_had_waits(cluster: Cluster) -> None:
    """Its kubelet says why, in the Pod and in an event; nothing of it runs."""
    held, words = cluster.pod("recommendations-1"), "no match for platform in manifest"
    try:
        held.hold("ErrImagePull", words, "registry.test/recommendations:v1")
        waits = {
            "phase": "Pending",
            "ready": False,
            "restarts": 0,
            "state": "waiting",
            "reason": "ErrImagePull",
        }
        assert eventually(lambda: waits == pod_status(cluster, "recommendations-1"))
        pod = cluster.api.get("Pod", "recommendations-1", "bookstore")
        assert "registry.test/recommendations:v1" == pod["spec"]["containers"][0]["image"]
        assert eventually(
            lambda: words in {one["message"] for one in cluster.api.items("Event", "bookstore")}
        )
    finally:
        held.start()
    held.wait_ready()


@pytest.mark.parametrize(
    ("behaviour", "said"), [("servfail", "SERVFAIL"), ("nxdomain", "NXDOMAIN"), ("slow", "NOERROR")]
)
def test_name_servers_behave_as_they_are_told(cluster: Cluster, behaviour: str, said: str) -> None:
    """Each of them, and then they answer again."""
    try:
        cluster.dns(behaviour)
        servers = [pod.address for pod in cluster.network.dns.pods]
        assert eventually(
            lambda: [said, said] == [asked("mesh-agent-2", each)[0] for each in servers], SECONDS
        )
    finally:
        cluster.dns("answer")
    assert eventually(lambda: ("NOERROR", BACKENDS) == asked("marketplace-1", DNS_ADDRESS), SECONDS)


def test_no_other_behaviour_is_known(cluster: Cluster) -> None:
    """A word that means nothing changes nothing."""
    with pytest.raises(ValueError, match="silly"):
        cluster.dns("silly")
    with pytest.raises(LabError, match="there is no cart-1, but"):
        cluster.pod("cart-1")


def test_a_fault_of_the_rules_is_in_the_api_too(cluster: Cluster) -> None:
    """The Service with the mistyped selector is the API's, and so is its empty slice."""
    fault, network = network_faults()["routing-no-endpoints"], cluster.network
    try:
        network.apply(fault.broken(network.healthy, network.topology))

        def selector() -> str:
            found = cluster.api.get("Service", "recommendations", "bookstore")
            return str(found["spec"]["selector"]["app.kubernetes.io/name"])

        assert eventually(lambda: selector() == "recomendations", SECONDS)
        assert [] == ready_addresses(cluster, "recommendations")
    finally:
        network.heal()
    assert eventually(lambda: BACKENDS == ready_addresses(cluster, "recommendations"), SECONDS)


def test_every_agent_writes_what_it_sees(cluster: Cluster) -> None:
    """Three reports come to the API, and in each every edge answers well."""

    def unwell() -> list[str]:
        reports = [
            json.loads(one["data"]["report.json"])
            for one in cluster.api.items("ConfigMap", "meshdoctor")
        ]
        missing = ["report"] * (3 - len(reports))
        return missing + [
            f"{one['node']}: {seen['edge']['target']} {seen['answer']}"
            for one in reports
            for seen in one["sightings"]
            if seen["answer"] != "ok"
        ]

    eventually(lambda: not unwell(), SECONDS)
    assert [] == unwell()


def test_kubectl_reads_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    """The real one, with the kubeconfig of the lab: over TLS, with a token."""
    done = subprocess.run(
        (program("kubectl"), "--kubeconfig", cluster.kubeconfig, "get", "nodes", "--output=name"),
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (["node/control-plane", "node/worker-1", "node/worker-2"], "") == (
        done.stdout.split(),
        done.stderr,
    )
