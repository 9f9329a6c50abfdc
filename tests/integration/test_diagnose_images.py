"""What registries add to a verdict on a cluster: asked of images in trouble, and only of those."""

import json
import socket
from pathlib import Path

import pytest

from meshdoctor.lab.kubeapi import KubeApi
from meshdoctor.lab.oci import AMD64, ARM64
from tests.support.captures import CAPTURES
from tests.support.diagnosed import SECONDS, Said, captured_api, diagnose
from tests.support.kubeconfigs import kubeconfig
from tests.support.mesh_reports import reports
from tests.support.oci_registry import registry
from tests.support.strange_servers import strange_server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]  # a registry may be fetched

CRASHING = "image-single-manifest-wrong-platform"
FOLDER = CAPTURES / "image-and-app-faults"


def add(api: KubeApi, image: str) -> None:
    """Put a Pod into a healthy cluster that ends at once with exit code 1, without a log."""
    pods = json.loads((FOLDER / "pods.json").read_text("utf-8"))["items"]
    pod = next(one for one in pods if one["metadata"]["name"] == CRASHING)
    pod["spec"]["containers"][0]["image"] = image
    api.put(pod)


def judged(image: str, home: Path, *words: str) -> Said:
    """Judge a cluster in which all is well but that Pod."""
    with captured_api("healthy", *reports("healthy")) as api:
        add(api, image)
        config = str(kubeconfig(home, api.url))
        return diagnose("--kubeconfig", config, "-o", "json", *words, home=home)


def test_the_registry_tells_a_crash_from_an_image_of_another_platform(tmp_path: Path) -> None:
    """Exit code 1 at once, and no log: the config blob decides what the API leaves open."""
    with registry(tmp_path) as running:
        running.image("wrong", ARM64, tag="1")
        running.image("right", AMD64, tag="1")
        wrong = judged(f"{running.host}/wrong:1", tmp_path)
        unasked = judged(f"{running.host}/wrong:1", tmp_path, "--no-images")
        right = judged(f"{running.host}/right:1", tmp_path)

    assert (1, ["image-platform-wrong"], []) == (wrong.code, wrong.faults, wrong.verdict["doubts"])
    assert [(2, [])] * 2 == [(one.code, one.faults) for one in (unasked, right)]


def test_what_the_registry_said_is_in_the_bundle(tmp_path: Path) -> None:
    """Judged again where nobody reaches the registry, and under other names: the same fault."""
    whole, shared = tmp_path / "whole.json", tmp_path / "shared.json"
    with registry(tmp_path) as running:
        running.image("wrong", ARM64, tag="1")
        image = f"{running.host}/wrong:1"
        judged(image, tmp_path, "--save", str(whole))
        judged(image, tmp_path, "--save", str(shared), "--redact")
    said = [diagnose("--from", str(one), "-o", "json", home=tmp_path) for one in (whole, shared)]

    assert [["image-platform-wrong"]] * 2 == [one.faults for one in said]


def test_a_registry_that_says_nothing_keeps_nobody(tmp_path: Path) -> None:
    """It has its own deadline, within that of the whole."""

    def silent(connection: socket.socket, _request: bytes) -> None:
        connection.recv(1)

    with strange_server(silent) as address:
        said = judged(f"{address}/x:1", tmp_path)

    assert (2, []) == (said.code, said.faults)
    assert said.seconds < SECONDS
