"""The bake file is what buildx takes it for: asked of the real program, which needs no daemon."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.image_base import download
from tests.support.image_workshop import DOCKERFILES, HERE, PLATFORMS, ROOT

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

Bake = Callable[..., dict[str, Any]]
PROGRAM = "usr/libexec/docker/cli-plugins/docker-buildx"


@pytest.fixture(scope="module")
def bake(tmp_path_factory: pytest.TempPathFactory) -> Bake:
    """Give a way to ask Debian's buildx what it would build."""
    folder = tmp_path_factory.mktemp("buildx")
    (deb,) = download(("docker-buildx",), HERE, folder)
    unpack = ("dpkg", "-x", str(deb), str(folder))
    subprocess.run(unpack, check=True)

    def ask(*options: str, **variables: str) -> dict[str, Any]:
        command = (str(folder / PROGRAM), "bake", "--print", *options)
        told = subprocess.check_output(command, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(told)["target"]
        return found

    return ask


def test_one_command_builds_all_for_both_platforms(bake: Bake) -> None:
    """Without an option: every image, both platforms, provenance and SBOM attested."""
    targets = bake("--push")

    assert dict(DOCKERFILES) == {name: one["dockerfile"] for name, one in targets.items()}
    for one in targets.values():
        assert list(PLATFORMS) == one["platforms"]
        assert {"type=provenance,mode=max", "type=sbom"} == set(one["attest"])


def test_registry_version_and_bases_are_variables(bake: Bake) -> None:
    """One's own registry, version, base and builder need no edit."""
    mine = {
        "REGISTRY": "registry.example.com/team",
        "VERSION": "9.9",
        "BASE": "b:1",
        "BUILDER": "c:2",
    }
    targets = bake(**mine)

    for name, one in targets.items():
        assert [f"registry.example.com/team/{name}:9.9"] == one["tags"]
        assert ("b:1", "c:2", "9.9") == tuple(
            one["args"][k] for k in ("BASE", "BUILDER", "VERSION")
        )


def test_the_documented_way_to_load_asks_for_no_attestation(bake: Bake) -> None:
    """Docker's own store cannot hold them: the options of docs/images.md switch them off."""
    options = ("--load", "--provenance=false", "--sbom=false", "--set=*.platform=linux/amd64")
    targets = bake(*options)

    assert " ".join(options) in (ROOT / "docs/images.md").read_text("utf-8")
    for one in targets.values():
        assert ["linux/amd64"] == one["platforms"]
        assert all(attest.endswith("disabled=true") for attest in one["attest"])
