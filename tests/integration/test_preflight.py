"""`meshdoctor preflight` as a process: overlays, clusters, registries, and what is not there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s.render import overlays
from meshdoctor.lab.kubeapi import KubeApi, kube_api
from meshdoctor.lab.oci import AMD64, ARM64, Registry
from tests.support.kubeconfigs import kubeconfig
from tests.support.manifests import ROOT, load
from tests.support.oci_registry import registry
from tests.support.overlays import Cut, lean
from tests.support.programs import program
from tests.support.security_groups import group, groups, rule

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SECONDS = 10.0
"""How long a person waits, whatever answers or does not."""

NODES = "sg-0a1b2c3d4e5f60718"


class Desk:
    """Where somebody runs the command.

    Args:
        home: of that person; no kubeconfig is in it.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = os.environ["PATH"]

    def run(self, *words: str, text: str | None = None) -> tuple[int, list[dict[str, Any]], str]:
        """Run it; give its exit code, its verdicts and what it complained of."""
        began = time.monotonic()
        done = subprocess.run(
            (sys.executable, "-m", "meshdoctor", "preflight", *words, "-o", "json"),
            env={"PATH": self.path, "HOME": str(self.home)},
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
        )
        assert time.monotonic() - began < SECONDS
        said = json.loads(done.stdout)["verdicts"] if done.stdout else []
        return done.returncode, said, done.stderr

    def save(self, name: str, text: str) -> str:
        """Write a file."""
        path = self.home / name
        path.write_text(text, "utf-8")
        return str(path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a desk without a cluster."""
    return Desk(tmp_path)


@pytest.fixture
def kustomized(desk: Desk) -> Desk:
    """Give a desk with a kustomize."""
    desk.path = f"{program('kustomize').parent}{os.pathsep}{desk.path}"
    return desk


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Give a registry."""
    with registry(tmp_path_factory.mktemp("registry")) as one:
        yield one


def of_image(verdicts: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the one verdict on an image."""
    (found,) = (one for one in verdicts if one["subject"].startswith("image "))
    return found


def deployment(image: str) -> str:
    """Write a workload of one container."""
    labels = {"app": "shop"}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "shop", "image": image}]},
        },
    }
    meta = {"name": "shop", "namespace": "default"}
    return json.dumps(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
    )


def node(name: str, architecture: str) -> dict[str, Any]:
    """Give a node."""
    info = {"operatingSystem": "linux", "architecture": architecture}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {},
        "status": {"nodeInfo": info},
    }


@pytest.mark.parametrize("overlay", overlays(), ids=lambda one: one.name)
def test_our_overlays_pass(kustomized: Desk, overlay: Path) -> None:
    """Without their images, which need the internet: nothing speaks against applying them."""
    code, verdicts, said = kustomized.run("-k", str(overlay), "--no-images")

    assert (0, "") == (code, said)
    assert {"healthy"} == {one["state"] for one in verdicts}
    assert len({one["subject"] for one in verdicts}) == len(verdicts) >= 7


def test_a_registry_that_cannot_be_asked_is_a_doubt(desk: Desk) -> None:
    """Nobody listens there; nodes may reach it all the same. What would tell is said."""
    text = deployment("127.0.0.1:1/shop:1")
    code, verdicts, _said = desk.run("-f", "-", "--platform", "linux/amd64", text=text)

    assert (2, "unknown") == (code, of_image(verdicts)["state"])
    assert "meshdoctor image 127.0.0.1:1/shop:1" in of_image(verdicts)["doubts"][0]["missing"]


def test_registries_that_hold_their_breath_are_not_waited_for(desk: Desk) -> None:
    """Addresses from which nothing comes back, for every image: it ends when it was told to."""
    change = Cut(lean("kubeadm"))
    for number, one in enumerate(change.objects):
        if one["kind"] in {"Deployment", "DaemonSet"}:
            (container, *_others) = one["spec"]["template"]["spec"]["containers"]
            container["image"] = f"192.0.2.{number + 1}/{container['name']}:1"
    file = desk.save("overlay.yaml", change.text())

    code, verdicts, _said = desk.run("-f", file, "--platform", "linux/amd64", "--timeout", "3")

    assert 2 == code
    assert {"unknown"} == {
        one["state"] for one in verdicts if one["subject"].startswith("image 192.0.2.")
    }


@pytest.mark.parametrize(
    ("platforms", "code"), [("linux/amd64", 0), ("linux/amd64,linux/arm64", 1)]
)
def test_an_image_is_held_against_the_platforms(
    desk: Desk, running: Registry, platforms: str, code: int
) -> None:
    """An index without a platform of the nodes is a fault before anybody pulls it."""
    running.index("half", "1", [(running.image("half", AMD64), AMD64)])
    text = deployment(f"{running.host}/half:1")
    found, verdicts, _said = desk.run("-f", "-", "--platform", platforms, text=text)

    assert code == found
    assert [["image-platform-missing"], []][1 - code] == [
        one["fault"] for one in of_image(verdicts)["findings"]
    ]


def test_the_nodes_say_their_platforms(desk: Desk, running: Registry) -> None:
    """The cluster of the kubeconfig is asked: one node of two cannot run the image."""
    running.index("arm", "1", [(running.image("arm", ARM64), ARM64)])
    with kube_api() as api:
        api.put(node("one", "arm64"))
        api.put(node("two", "amd64"))
        options = ("--kubeconfig", str(kubeconfig(desk.home, api.url)))
        text = deployment(f"{running.host}/arm:1")
        code, verdicts, _said = desk.run("-f", "-", *options, text=text)

    assert 1 == code
    assert "no image for linux/amd64" in of_image(verdicts)["sentence"]


def test_without_platforms_nothing_is_said_of_images(desk: Desk) -> None:
    """The option that is missing is named."""
    code, verdicts, _said = desk.run("-f", "-", text=deployment("127.0.0.1:1/shop:1"))

    assert 2 == code
    assert "--platform" in verdicts[-1]["doubts"][0]["missing"]


def squatter(api: KubeApi) -> None:
    """Take the shop's port of the nodes."""
    spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30997}]}
    meta = {"name": "squatter", "namespace": "default"}
    api.put({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})


def test_a_port_that_the_cluster_gave_away_is_named(kustomized: Desk) -> None:
    """Before the API refuses the Service that wants it."""
    with kube_api() as api:
        squatter(api)
        options = ("--kubeconfig", str(kubeconfig(kustomized.home, api.url)), "--no-images")
        code, verdicts, _said = kustomized.run("-k", "k8s/overlays/kubeadm", *options)

    assert 1 == code
    (fault,) = (one for one in verdicts if one["state"] == "fault")
    assert "nodePort 30997 is taken" in fault["sentence"]
    assert ["Service default/squatter has it"] == fault["findings"][0]["seen"]


def test_a_quota_of_the_cluster_is_asked_for(kustomized: Desk) -> None:
    """The namespace is there, and takes fewer Pods than the overlay brings."""
    with kube_api("bookstore") as api:
        meta = {"name": "room", "namespace": "bookstore"}
        spec = {"hard": {"pods": "4"}}
        api.put({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": spec})
        options = ("--kubeconfig", str(kubeconfig(kustomized.home, api.url)), "--no-images")
        code, verdicts, _said = kustomized.run("-k", "k8s/overlays/kubeadm", *options)

    assert 1 == code
    (fault,) = (one for one in verdicts if one["state"] == "fault")
    assert "ResourceQuota bookstore/room would refuse" in fault["sentence"]


def test_a_cluster_that_is_silent_is_a_doubt(desk: Desk) -> None:
    """What it has already nobody knows; the rest is judged."""
    options = ("--kubeconfig", str(kubeconfig(desk.home, "http://127.0.0.1:1")), "--no-images")
    code, verdicts, _said = desk.run("-f", "-", *options, text=deployment("shop:1"))

    assert 2 == code
    assert ["cluster"] == [one["subject"] for one in verdicts if one["state"] != "healthy"]
    again, _verdicts, _said = desk.run(
        "-f", "-", *options, "--no-cluster", text=deployment("shop:1")
    )
    assert 0 == again


@pytest.mark.parametrize(
    ("rules", "code", "fault"),
    [
        ([rule("-1", NODES)], 0, []),
        ([rule("tcp", NODES, 0, 65535)], 1, ["network-overlay-blocked"]),
    ],
)
def test_security_groups_are_held_against_the_encapsulation(
    kustomized: Desk, rules: list[dict[str, Any]], code: int, fault: list[str]
) -> None:
    """VXLAN, says Calico's file beside the overlays; without udp/4789 Pods are cut off."""
    file = kustomized.save("groups.json", json.dumps(groups(group(NODES, rules))))
    words = ("-k", "k8s/overlays/kubeadm", "--no-images", "--security-group", file)
    found, verdicts, _said = kustomized.run(*words)

    (verdict,) = (one for one in verdicts if one["subject"] == "encapsulation")
    assert (code, fault) == (found, [one["fault"] for one in verdict["findings"]])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give an overlay"),
        (("-k", ".", "-f", "-"), "give an overlay"),
        (("-k", "nowhere"), "nowhere: no such folder"),
        (("-f", "nowhere.yaml"), "nowhere.yaml: No such file"),
        (("-f", "-", "--platform", "amd64"), "'amd64' is no platform"),
        (("-f", "-", "--context", "there"), "kubeconfig"),
        (("-f", "-", "--calico", "nowhere.yaml"), "nowhere.yaml: No such file"),
        (("-f", "-", "--group-id", NODES), "--security-group"),
    ],
)
def test_a_wrong_question_is_told_so(desk: Desk, words: tuple[str, ...], said: str) -> None:
    """In one sentence, with exit code 3."""
    code, verdicts, complaint = desk.run(*words, text=deployment("shop:1"))

    assert (3, []) == (code, verdicts)
    assert said in complaint


def test_what_is_no_manifest_is_told_so(desk: Desk) -> None:
    """As is an overlay that cannot be rendered: the question itself was wrong."""
    code, _verdicts, said = desk.run("-f", "-", text="kind: [")

    assert (3, True) == (code, said.startswith("Invalid value: standard input is no YAML"))


def test_a_broken_overlay_has_the_words_of_kustomize(kustomized: Desk, tmp_path: Path) -> None:
    """The file that is missing is named."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/kustomization.yaml").write_text("resources: [gone.yaml]\n")
    code, _verdicts, said = kustomized.run("-k", str(tmp_path / "broken"))

    assert 3 == code
    assert "gone.yaml" in said


def test_without_kustomize_and_kubectl_the_way_out_is_told(desk: Desk, tmp_path: Path) -> None:
    """Render it elsewhere, and give the text."""
    desk.path = str(tmp_path)
    code, _verdicts, said = desk.run("-k", "k8s/overlays/kubeadm")

    assert 3 == code
    assert "neither kustomize nor kubectl" in said
    assert "-f FILE" in said


def test_a_rendered_file_is_what_renders(kustomized: Desk) -> None:
    """Both ways give the same verdicts, but for the file of Calico beside the overlays."""
    _code, rendered, _said = kustomized.run("-f", str(load("kubeadm").path), "--no-images")
    _code, overlay, _said = kustomized.run("-k", "k8s/overlays/kubeadm", "--no-images")

    assert rendered == [one for one in overlay if one["subject"] != "encapsulation"]
