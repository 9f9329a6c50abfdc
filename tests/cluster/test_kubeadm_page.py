"""docs/kubeadm.md, pasted from top to bottom: real commands, towards loopback.

A block that begins with `# needs ...` is left out; every other one must run, and in this order.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meshdoctor.lab.kubeapi import KubeApi, kube_api, settling
from tests.cluster.cloud import (
    ADMINS,
    CANONICAL,
    IMAGE,
    ROOT,
    Cloud,
    environment,
    stack_text,
    wiped,
)
from tests.support.kubectl import Kubectl
from tests.support.manifests import KUBEADM, load, pod_of
from tests.support.shell import shell

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PAGE: Final = ROOT / "docs" / "kubeadm.md"
NODES: Final = ("control-plane", "worker-1", "worker-2")
WORKERS: Final = 2
BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKS: Final = {
    "AWS",
    "Docker, and a registry of yours",
    "Python, and PyPI",
    "that registry",
    "the cluster",
    "the cluster, and a shell on its worker",
}
# The internet, containers, what runs in Pods, and a deletion that moto cannot do.
FAR: Final = (
    "curl|docker|bin/locust|iptables|./mesh|Kubeconfig|port-forward|exec |wide|delete-stack"
    "|diagnose|pip install"
)
SUFFIXES: Final = {"m": 1e-3, "Mi": 1 / 1024, "Gi": 1.0, "": 1.0}


@dataclass(frozen=True, slots=True)
class Step:
    """What was after a block.

    Attributes:
        block: its commands.
        printed: what they printed.
        objects: what was in the Kubernetes API.
        rule: whether the nodes' group named itself; None without a group.
        cordoned: the nodes that took no new Pods.
    """

    block: str
    printed: str
    objects: frozenset[str]
    rule: bool | None
    cordoned: frozenset[str]


def blocks() -> list[str]:
    """Give all blocks of shell on the page."""
    return BLOCK.findall(PAGE.read_text("utf-8"))


def mark(block: str) -> str | None:
    """Give what a block says that it needs."""
    found = re.match(r"# needs (.+)\n", block)
    return found[1] if found else None


@pytest.fixture(scope="module")
def api() -> Iterator[KubeApi]:
    """Give an API with the three nodes, in which everything comes to stand."""
    with kube_api() as running, settling(running.store):
        for name in NODES:
            ready = {"conditions": [{"type": "Ready", "status": "True"}]}
            node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
            running.put({**node, "spec": {}, "status": ready})
        yield running


@pytest.fixture(scope="module")
def steps(api: KubeApi, changing_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """Paste the page, and look after each block."""
    home, checkout = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("checkout")
    cloud = prepared(wiped(changing_url), home, checkout)
    kubectl = Kubectl.towards(api.url, home)
    path = os.pathsep.join((str(Path(sys.executable).parent), kubectl.environment["PATH"]))
    variables = {**environment(changing_url), **kubectl.environment, "PATH": path}
    found = [look("", "", api, cloud)]
    with shell(checkout, variables, home / "errors") as pasted:
        pasted.run(f"me={ADMINS}")
        unmarked = (block for block in blocks() if mark(block) is None)
        found.extend(look(block, pasted.run(block), api, cloud) for block in unmarked)
    return found


def prepared(cloud: Cloud, home: Path, checkout: Path) -> Cloud:
    """Give a reader's machine what it has: a key, a checkout; and moto what AWS has, an image."""
    key = Ed25519PrivateKey.generate().public_key()
    (home / ".ssh").mkdir()
    (home / ".ssh/id_ed25519.pub").write_bytes(
        key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    )
    for folder in ("k8s", "loadtest", "observability/generated"):
        shutil.copytree(ROOT / folder, checkout / folder)
    stack = stack_text().replace(CANONICAL, IMAGE)
    (checkout / "k8s/cluster/stack.yaml").write_text(stack, "utf-8")
    image = cloud.client("ec2").describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    cloud.client("ssm").put_parameter(Name=IMAGE, Value=image, Type="String", Overwrite=True)
    return cloud


def look(block: str, printed: str, api: KubeApi, cloud: Cloud) -> Step:
    """Look at both APIs."""
    nodes = (one for one in api.store.resources() if one.kind == "Node")
    cordoned = (
        one["metadata"]["name"]
        for each in nodes
        for one in api.store.all(each)
        if one["spec"].get("unschedulable")
    )
    return Step(block, printed, frozenset(api.objects()), rule(cloud), frozenset(cordoned))


def rule(cloud: Cloud) -> bool | None:
    """Say whether the nodes' group lets itself in."""
    found = cloud.client("ec2").describe_security_groups()["SecurityGroups"]
    groups = [one for one in found if one["Description"] == "All nodes of the cluster"]
    return self_referencing(groups[0]) if groups else None


def self_referencing(group: dict[str, Any]) -> bool:
    """Say whether a group's rules name the group itself as a source of everything."""
    return any(
        permission["IpProtocol"] == "-1" and pair["GroupId"] == group["GroupId"]
        for permission in group["IpPermissions"]
        for pair in permission["UserIdGroupPairs"]
    )


def after(steps: list[Step], command: str) -> Step:
    """Give the one step whose block has a command."""
    (found,) = (step for step in steps if command in step.block)
    return found


def rendered(name: str) -> set[str]:
    """Give the names of what an overlay has."""
    return {
        f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
        for one in load(name).objects
    }


def test_each_mark_is_one_that_the_page_explains() -> None:
    """A misspelt mark would leave a block out in silence."""
    marks = {found for block in blocks() if (found := mark(block))}

    assert MARKS == marks


def test_no_block_asks_what_nobody_here_can_answer() -> None:
    """Unmarked blocks use programs that the test has, and marked ones are marked for a reason."""
    far = re.compile(FAR)

    assert [] == [block for block in blocks() if mark(block) is None and far.search(block)]
    assert [] == [
        block
        for block in blocks()
        if mark(block) is not None and not far.search(block.partition("\n")[2])
    ]


def test_the_page_can_be_pasted_to_its_end(steps: list[Step]) -> None:
    """Every unmarked block succeeds, the first as the last, in one shell."""
    assert [block for block in blocks() if mark(block) is None] == [
        step.block for step in steps if step.block
    ]


def test_the_mesh_stands_after_step_three(steps: list[Step]) -> None:
    """All of the overlay is there, and the Secret that is not in it; rollouts say success."""
    step = after(steps, "create secret generic grafana-admin")

    assert rendered("kubeadm") | {"Secret monitoring/grafana-admin"} <= step.objects
    told = step.printed.count("successfully rolled out")
    assert len(KUBEADM.of("Deployment")) + len(KUBEADM.of("DaemonSet")) == told


def test_the_password_is_printed(steps: list[Step]) -> None:
    """It is the random one."""
    printed = after(steps, "base64 -d").printed

    assert re.fullmatch(r"[0-9a-f]{32}", printed)


def test_the_load_test_comes_and_goes(steps: list[Step]) -> None:
    """Its block ends with the verdict and leaves nothing of it."""
    step = after(steps, "k8s/overlays/locust")

    assert "job.batch/locust-master condition met" in step.printed
    assert set() == rendered("locust") & step.objects


def test_the_nodes_take_pods_again_before_anything_breaks(steps: list[Step]) -> None:
    """Both cordons of step six are undone in the same block."""
    step = after(steps, "kubectl cordon")

    assert frozenset() == step.cordoned
    assert "node/worker-2 cordoned" in step.printed
    assert "node/worker-1 cordoned" in step.printed


def test_the_rule_goes_and_comes_back(steps: list[Step]) -> None:
    """Step six breaks what step seven heals, and nothing in the cluster is touched by either."""
    broken, healed = after(steps, "revoke-security-group"), after(steps, "authorize-security-group")

    assert (False, True) == (broken.rule, healed.rule)
    assert broken.objects == healed.objects


def test_nothing_is_left_in_the_cluster(steps: list[Step]) -> None:
    """At the end the API has what it had before."""
    assert steps[0].objects == steps[-1].objects


def test_what_all_pods_ask_for_is_what_the_page_says() -> None:
    """CPUs and memory, as many Pods as there are on two workers when nobody visits."""
    least = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"]["minReplicas"]
        for one in KUBEADM.of("HorizontalPodAutoscaler")
    }
    sums = {"cpu": 0.0, "memory": 0.0}
    for one in KUBEADM.objects:
        pod = pod_of(one)
        alone = WORKERS if one["kind"] == "DaemonSet" else 1
        count = least.get(one["metadata"]["name"], one.get("spec", {}).get("replicas", alone))
        for container in pod["spec"]["containers"] if pod else ():
            for name, value in container["resources"]["requests"].items():
                sums[name] += count * quantity(str(value))
    said = f"{sums['cpu']:.1f} CPUs and {sums['memory']:.1f} GiB of memory"

    assert said in PAGE.read_text("utf-8")


def quantity(text: str) -> float:
    """Give CPUs, or GiB, out of Kubernetes' way to write them."""
    number, suffix = re.fullmatch(r"([\d.]+)(\w*)", text).groups()  # type: ignore[union-attr]
    return float(number) * SUFFIXES[suffix]
