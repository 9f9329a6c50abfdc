"""What the images hold: both platforms in every place that names one, and nothing needless."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.image_base import PACKAGES
from tests.support.image_registry import Platform
from tests.support.image_workshop import DOCKERFILES, OUT, PLATFORMS, ROOT, TAG, Built
from tests.support.manifests import KUBEADM

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

MOST_BYTES = 120e6
SERVICES = ("marketplace", "recommendations")
LOCKS = {"marketplace": "services", "recommendations": "services", "toolbox": "toolbox"}
PINNED = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)
BILL = ROOT / "images/sbom.py"

each = pytest.mark.parametrize("name", DOCKERFILES)


def of(built: Built, name: str, platform: str) -> Platform:
    """Give what an image has for a platform."""
    (found,) = (one for one in built[name] if one.named == platform)
    return found


@each
def test_index_and_config_agree_on_both_platforms(built: Built, name: str) -> None:
    """Index and config blob name the same platform: nodes read the one, containerd the other."""
    assert sorted(PLATFORMS) == sorted(one.named for one in built[name])
    assert [one.named for one in built[name]] == [one.configured for one in built[name]]


@each
@pytest.mark.parametrize("platform", PLATFORMS)
def test_all_machine_code_is_of_the_platform(built: Built, name: str, platform: str) -> None:
    """Python, its libraries and every extension module are for the processor that is promised."""
    machines = {
        path: machine
        for layer in of(built, name, platform).layers
        for path, machine in layer.machines.items()
    }

    assert "usr/bin/python3.13" in machines
    assert any(path.startswith("app/packages/grpc/") for path in machines)
    assert {platform.partition("/")[2]} == set(machines.values())


@each
@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_image_is_small(built: Built, name: str, platform: str) -> None:
    """A node keeps at most 120 MB of it."""
    assert of(built, name, platform).unpacked <= MOST_BYTES


@each
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_only_program_is_python(built: Built, name: str, platform: str) -> None:
    """There is no shell and no other program for an intruder, but for the toolbox's own."""
    programs = {p for layer in of(built, name, platform).layers for p in layer.programs}
    ours = {"usr/local/bin/meshdoctor"} if name == "toolbox" else set()

    assert ours == {path for path in programs if not path.startswith("usr/bin/python")}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_services_share_what_is_not_theirs(built: Built, platform: str) -> None:
    """A node that runs both has their root and their packages once."""
    one, other = (of(built, name, platform).layers for name in SERVICES)

    assert [layer.digest for layer in one[:-1]] == [layer.digest for layer in other[:-1]]


@each
def test_what_is_imported_is_compiled(built: Built, name: str) -> None:
    """Every module of ours and of the packages has its bytecode: nobody may write it later."""
    files = {path for layer in built[name][0].layers for path in layer.files}
    sources = {path for path in files if re.fullmatch(r"app/.*\.py", path)}
    compiled = re.compile(r"/__pycache__/([^/]+)\.cpython-313\.pyc$")

    assert sources == {compiled.sub(r"/\1.py", path) for path in files if compiled.search(path)}


@each
def test_nothing_that_only_developers_need(built: Built, name: str) -> None:
    """The lab, tests and caches of a checkout stay out."""
    files = {path for layer in built[name][0].layers for path in layer.files}
    ours = {path.split("/")[2] for path in files if path.startswith("app/code/")}
    mine = {"toolbox": {"meshdoctor"}}.get(name, {"meshdoctor", "bookstore", name})

    assert mine == ours
    assert not any(path.startswith("app/code/meshdoctor/lab/") for path in files)


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_it_runs_as_the_manifests_expect(built: Built, name: str, platform: str) -> None:
    """User and ports are the manifest's, which gives no command: the image's is the service."""
    pod = KUBEADM.named("Deployment", name)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    config = of(built, name, platform).config

    assert not {"command", "args"} & set(container)
    assert ["python", "-m", name] == config["Entrypoint"]
    assert not config.get("Cmd")
    context = pod["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == config["User"]
    ports = {f"{port['containerPort']}/tcp" for port in container["ports"]}
    assert set(config["ExposedPorts"]) <= ports


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_toolbox_runs_as_the_agents_manifest_expects(built: Built, platform: str) -> None:
    """User and entry point: the manifest's arguments are a subcommand."""
    pod = KUBEADM.named("DaemonSet", "mesh-agent", "meshdoctor")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    config = of(built, "toolbox", platform).config

    assert ["agent"] == container["args"]
    assert "command" not in container
    assert ["meshdoctor"] == config["Entrypoint"]
    context = pod["securityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == config["User"]


@each
def test_labels_say_what_it_is(built: Built, name: str) -> None:
    """Name, version, commit and base are told by the image specification's labels."""
    labels = built[name][0].config["Labels"]
    prefix = "org.opencontainers.image"

    assert name == labels[f"{prefix}.title"]
    assert "Apache-2.0" == labels[f"{prefix}.licenses"]
    assert TAG == labels[f"{prefix}.version"]
    assert "none" == labels[f"{prefix}.revision"]
    assert labels[f"{prefix}.base.name"].endswith(f"/base:{TAG}")


@each
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_bill_names_all_that_is_in_it(
    built: Built, name: str, platform: str, tmp_path: Path
) -> None:
    """The SBOM has the lock's packages at the lock's versions, and all of Debian's in the base."""
    image = of(built, name, platform)
    for path, text in (pair for layer in image.layers for pair in layer.kept.items()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text)
    file = OUT / f"{name}-{platform.partition('/')[2]}.cdx.json"
    subprocess.run((sys.executable, BILL, tmp_path, name, TAG, file), check=True)

    bill = json.loads(file.read_text("utf-8"))
    urls = {one["purl"] for one in bill["components"]}
    lock = PINNED.findall((ROOT / f"requirements/{LOCKS[name]}.txt").read_text("utf-8"))
    # Those of the lock that this Python or this platform needs.
    python = {url for url in urls if url.startswith("pkg:pypi/")}
    assert python <= {f"pkg:pypi/{package}@{version}" for package, version in lock}
    assert "CycloneDX" == bill["bomFormat"]
    assert set(PACKAGES) == {
        one["name"] for one in bill["components"] if one["purl"].startswith("pkg:deb/debian/")
    }
    assert sum("dist-info" in path for layer in image.layers for path in layer.kept) == len(python)


def test_a_root_that_names_nothing_is_refused(tmp_path: Path) -> None:
    """An empty bill would look like an image without packages."""
    command = (sys.executable, BILL, tmp_path, "nothing", "0", tmp_path / "bill.json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 1 == done.returncode
    assert f"{tmp_path} names no package: give the root of an image\n" == done.stderr
