"""What docs/monitoring.md says of the watchers: what they need, how they change, how they go."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Final

import pytest
import yaml

from k8s.render import find_tool, render
from meshdoctor.lab.kubeapi import kube_api
from tests.support.kubectl import Kubectl
from tests.support.manifests import KUBEADM, ROOT, Manifest, Overlay
from tests.support.network_policies import Peer, allowed

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PAGE: Final = (ROOT / "docs/monitoring.md").read_text("utf-8")
MONITORING: Final = "monitoring"
FILE: Final = re.compile(
    r"^`k8s/mine/([\w.-]+)`.*?:\n\n```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
COLUMNS: Final = (
    *("Deployment", "what it does", "CPU asked for / at most", "memory asked for / at most"),
    "what is gone with its Pod",
)
UNITS: Final = {"m": 1, "Mi": 1, "Gi": 1024}


def amount(text: str) -> int:
    """Read a quantity: thousandths of a CPU, or MiB."""
    number, unit = re.fullmatch(r"(\d+)(\w*)", text).groups()  # type: ignore[union-attr]
    return int(number) * (UNITS[unit] if unit else 1000)


def section(title: str) -> str:
    """Give what stands under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def needed(deployment: Manifest) -> list[int]:
    """Give what all containers of a Pod need: CPU and memory, asked for and at most."""
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return [
        sum(amount(one["resources"][kind][what]) for one in containers)
        for what in ("cpu", "memory")
        for kind in ("requests", "limits")
    ]


def test_the_table_tells_what_runs_and_what_it_needs() -> None:
    """Each Deployment has its row, with the sums of its containers."""
    rows = [line.strip("| ").split(" | ") for line in section("What runs").splitlines()]
    told = {
        row[0]: [amount(each) for cell in row[2:4] for each in cell.split(" / ")]
        for row in rows
        if len(row) == len(COLUMNS) and row[0] != COLUMNS[0]
    }

    assert {
        one["metadata"]["name"]: needed(one) for one in KUBEADM.of("Deployment", MONITORING)
    } == told


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Overlay:
    """Render the folder that the page tells to make, with Alertmanager's file as it is copied."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("k8s", "observability/generated"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("mine"))
    folder = root / "k8s/mine"
    folder.mkdir()
    for name, text in FILE.findall(PAGE):
        (folder / name).write_text(text, "utf-8")
    shutil.copy(root / "observability/generated/alertmanager/alertmanager.yaml", folder)
    return Overlay("mine", tuple(yaml.safe_load_all(render(folder, find_tool()))))


def test_receivers_come_from_a_secret(mine: Overlay) -> None:
    """Alertmanager reads the Secret in place of the ConfigMap; the rest is the overlay's."""
    spec = mine.named("Deployment", "alertmanager", MONITORING)["spec"]["template"]["spec"]
    (secret,) = mine.of("Secret", MONITORING)
    others = {one["metadata"]["name"] for one in KUBEADM.objects}

    assert {"name": "config", "secret": {"secretName": secret["metadata"]["name"]}} == (
        spec["volumes"][0]
    )
    assert ["alertmanager.yaml"] == list(secret["data"])
    assert {secret["metadata"]["name"], "alertmanager-way-out"} == {
        one["metadata"]["name"] for one in mine.objects
    } - others


def test_the_way_out_is_for_alertmanager_alone(mine: Overlay) -> None:
    """It reaches receivers on the internet over TLS, nothing private, and nobody else does."""
    policies = mine.of("NetworkPolicy")
    pager, dashboards = (
        Peer(MONITORING, {"app.kubernetes.io/name": name}) for name in ("alertmanager", "grafana")
    )
    receiver, metadata = Peer(address="203.0.113.9"), Peer(address="169.254.169.254")

    assert allowed(policies, pager, receiver, 443)
    assert not allowed(policies, pager, receiver, 80)
    assert not allowed(policies, pager, metadata, 443)
    assert not allowed(policies, pager, Peer(address="10.0.0.10"), 443)
    assert not allowed(policies, dashboards, receiver, 443)


def commands(title: str) -> list[str]:
    """Give the commands of a section."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_it_goes_without_the_services(tmp_path: Path) -> None:
    """The commands of the page leave the services as they were, and nothing of the watchers."""
    with kube_api() as api:
        kubectl = Kubectl.towards(api.url, tmp_path)
        kubectl.said("apply", "-k", "k8s/overlays/kubeadm")
        for command in commands("Take it away"):
            kubectl.said(*shlex.split(command)[1:])
        left = set(api.objects())

    of_services = {
        f"{one['kind']} bookstore/{one['metadata']['name']}"
        for one in KUBEADM.objects
        if one["metadata"].get("namespace") == "bookstore"
        and one["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") != "meshdoctor"
    }
    assert of_services <= left
    assert [] == sorted(one for one in left if "monitoring" in one or "prometheus" in one)
    assert [] == sorted(one for one in left - of_services if " bookstore/" in one)
    assert [] == sorted(one for one in left if one.startswith(("Role", "ClusterRole")))


def test_each_command_of_reaching_them_names_a_service() -> None:
    """A port-forward leads to a Service that has that port."""
    for command in commands("Reach them"):
        _kubectl, _n, namespace, _forward, place, port = shlex.split(command)
        service = KUBEADM.named("Service", place.removeprefix("service/"), namespace)

        assert int(port) in {one["port"] for one in service["spec"]["ports"]}
