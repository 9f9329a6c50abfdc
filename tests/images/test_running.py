"""The images of this machine's platform run as the cluster would run them."""

import json
import subprocess
import urllib.request
from collections.abc import Sequence

import pytest

import meshdoctor
from meshdoctor.faults import FAULTS
from tests.support.agent_pod import agent_pod
from tests.support.image_workshop import Built, Workshop
from tests.support.manifests import KUBEADM
from tests.support.mesh_net import addresses, until
from tests.support.pod_container import CLOSED, PodContainer

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

TARGET = "MARKETPLACE_RECOMMENDATIONS_TARGET"
SECONDS = 60.0
OK = 200
BOOK = '<li><span class="title">'
WHO = """
import os
print(os.getuid(), os.getgid())
print(open("/proc/self/status").read().split("CapEff:")[1].split()[0])
try:
    open("/app/written", "w")
except OSError as error:
    print(error.strerror)
"""


def pod(workshop: Workshop, service: str, **replaced: str) -> PodContainer:
    """Run a service's container at an address of its own."""
    template = KUBEADM.named("Deployment", service)["spec"]["template"]
    (address,) = addresses(1)
    return PodContainer(workshop, template, address, **replaced)


def toolbox(workshop: Workshop, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the toolbox to its end."""
    command = workshop.podman("run", *CLOSED, workshop.reference("toolbox"), *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_the_mesh_of_the_images_shows_live_books(workshop: Workshop, built: Built) -> None:
    """With a read-only root, no capability and no shell: probes, the backend's books, the end."""
    assert built
    with pod(workshop, "recommendations") as backend:
        backend.becomes_ready(SECONDS)
        target = f"{backend.address}:{backend.port('grpc')}"
        with pod(workshop, "marketplace", **{TARGET: target}) as shop:
            shop.becomes_ready(SECONDS)
            until(lambda: page(shop)[0] == "live", SECONDS)

            assert BOOK in page(shop)[1]
            for one in (backend, shop):
                assert one.probe("livenessProbe")
                assert OK == one.get(one.port("metrics"), "/metrics")
                told = one.execute("python", "-c", WHO).stdout.splitlines()
                assert ["65532 65532", "0" * 16, "Read-only file system"] == told
                assert 0 != one.execute("sh", "-c", "true").returncode
            assert 0 == shop.terminate(15)
        assert 0 == backend.terminate(20)


class AgentContainer(PodContainer):
    """The agent, whose image is the toolbox."""

    def command(self) -> Sequence[str]:
        """Return Podman's command, with the manifest's arguments and its volume to write on."""
        *options, _image = super().command()
        (memory,) = (one for one in self.container["volumeMounts"] if "readOnly" not in one)
        volume = f"--tmpfs={memory['mountPath']}:rw,size=16m,mode=1777"
        image = self._workshop.reference("toolbox")
        return (*options, volume, image, *self.container["args"])


def test_the_agent_of_the_image_looks_and_answers(workshop: Workshop, built: Built) -> None:
    """With a read-only root and no capability: probes, metrics, a report, within its memory."""
    assert built
    pod = agent_pod()
    (address,) = addresses(1)
    with AgentContainer(workshop, pod, address) as agent:
        agent.becomes_ready(SECONDS)
        port = agent.port("metrics")

        assert agent.probe("livenessProbe")
        assert OK == agent.get(port, "/metrics")
        with urllib.request.urlopen(f"http://{address}:{port}/report", timeout=5) as report:
            assert "node-1" == json.load(report)["node"]
        assert 0 == agent.terminate(pod["spec"]["terminationGracePeriodSeconds"])


def page(shop: PodContainer) -> tuple[str | None, str]:
    """Fetch the page; return its freshness and its text."""
    with urllib.request.urlopen(f"http://{shop.address}:{shop.port('http')}/", timeout=5) as got:
        return got.headers["X-Mesh-Freshness"], got.read().decode()


def test_the_toolbox_is_the_command(workshop: Workshop, built: Built) -> None:
    """What stands after the image's name is what stands after `meshdoctor`."""
    assert built
    version, faults = toolbox(workshop, "--version"), toolbox(workshop, "faults", "-o", "json")

    assert (0, f"meshdoctor {meshdoctor.__version__}\n") == (version.returncode, version.stdout)
    assert 0 == faults.returncode
    assert set(FAULTS) == {fault["code"] for fault in json.loads(faults.stdout)["faults"]}
