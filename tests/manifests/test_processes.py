"""The manifests' processes are the code's: commands, variables, ports, probes, ends."""

import json
import socket
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.agent_pod import agent_pod
from tests.support.manifests import KUBEADM, Manifest
from tests.support.mesh_net import addresses, until
from tests.support.pod_process import PodProcess

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(180)]

TARGET = "MARKETPLACE_RECOMMENDATIONS_TARGET"
SECONDS = 60.0  # of a busy machine; a Pod has 30
OK = 200
QUESTION = b"\x07\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04node\x00\x00\x01\x00\x01"


def template(service: str) -> Manifest:
    """Give a service's Pod."""
    found: Manifest = KUBEADM.named("Deployment", service)["spec"]["template"]
    return found


class AgentProcess(PodProcess):
    """The agent: the command of its image, with the arguments of its manifest."""

    def command(self) -> Sequence[str]:
        """Return it."""
        return (sys.executable, "-m", "meshdoctor", *self.container["args"])


@pytest.fixture
def recommendations() -> Iterator[PodProcess]:
    """A backend as its manifest has it, ready."""
    (address,) = addresses(1)
    with PodProcess(template("recommendations"), address) as process:
        process.becomes_ready(SECONDS)
        yield process


@pytest.fixture
def marketplace(recommendations: PodProcess) -> Iterator[PodProcess]:
    """The shop as its manifest has it, ready, with the backend where DNS would say it is."""
    (address,) = addresses(1)
    target = f"{recommendations.address}:{recommendations.port('grpc')}"
    with PodProcess(template("marketplace"), address, **{TARGET: target}) as process:
        process.becomes_ready(SECONDS)
        yield process


def freshness(shop: PodProcess) -> str | None:
    """Ask for the page; return where its books came from: `live` is from a backend."""
    with urllib.request.urlopen(f"http://{shop.address}:{shop.port('http')}/", timeout=5) as page:
        told: str | None = page.headers["X-Mesh-Freshness"]
        return told


def leaves_in_time(process: PodProcess, service: str) -> None:
    """Assert that SIGTERM ends it in what its grace leaves, once preStop is over."""
    spec = template(service)["spec"]
    before = process.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
    left = spec["terminationGracePeriodSeconds"] - before.get("seconds", 0)

    assert 0 == process.terminate(left)


def test_the_mesh_of_the_manifests_works(
    marketplace: PodProcess, recommendations: PodProcess
) -> None:
    """Every probe and port answers, the page shows the backend's books, each ends in time."""
    for process in (marketplace, recommendations):
        assert process.probe("livenessProbe")
        assert OK == process.get(process.port("metrics"), "/metrics")
    until(lambda: freshness(marketplace) == "live", SECONDS)

    leaves_in_time(marketplace, "marketplace")
    leaves_in_time(recommendations, "recommendations")


def test_what_the_node_knows_is_told(recommendations: PodProcess) -> None:
    """Every span says which Pod of which node made it: the quoted names are filled in."""
    told = recommendations.environment["OTEL_RESOURCE_ATTRIBUTES"]

    assert {
        "service.instance.id": "pod-1",
        "k8s.namespace.name": "bookstore",
        "k8s.pod.name": "pod-1",
        "k8s.node.name": "node-1",
    } == dict(pair.split("=") for pair in told.split(","))


def test_a_shop_without_backends_is_ready() -> None:
    """It shows its page without them, so their end must not take the shop out of the Service."""
    (address,) = addresses(1)
    with PodProcess(template("marketplace"), address, **{TARGET: "127.0.0.1:1"}) as process:
        process.becomes_ready(SECONDS)

        assert process.probe("livenessProbe")
        assert freshness(process) == "builtin"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[AgentProcess]:
    """An agent as its manifest has it, where no API answers."""
    (address,) = addresses(1)
    memory = {"MESH_AGENT_MEMORY": str(tmp_path / "memory.json")}
    with AgentProcess(agent_pod(), address, **memory) as process:
        process.becomes_ready(SECONDS)
        yield process


def test_the_agent_of_the_manifests_answers(agent: AgentProcess) -> None:
    """Without an API, too: probes, metrics, neighbours over both protocols, its report, its end."""
    place = (agent.address, agent.port("agent"))
    with socket.create_connection(place, timeout=5) as over_tcp:
        assert place == over_tcp.getpeername()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as over_udp:
        over_udp.connect(place)
        over_udp.send(QUESTION)
        over_udp.settimeout(5)
        assert QUESTION[:2] == over_udp.recv(512)[:2]
    page = f"http://{agent.address}:{agent.port('metrics')}/report"

    assert agent.probe("livenessProbe")
    assert OK == agent.get(agent.port("metrics"), "/metrics")
    with urllib.request.urlopen(page, timeout=5) as report:
        assert "node-1" == json.load(report)["node"]
    assert 0 == agent.terminate(agent_pod()["spec"]["terminationGracePeriodSeconds"])
