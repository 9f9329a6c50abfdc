"""The Dockerfiles, the bake file and the scripts of images/ say the same, and nothing dangerous."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import meshdoctor
from images.packages import MACHINES, command

ROOT = Path(__file__).resolve().parents[1]
BAKE = (ROOT / "docker-bake.hcl").read_text("utf-8")
VARIABLES = dict(re.findall(r'variable "(\w+)" \{\s+default = "(.*)"', BAKE))
NAMES = ("marketplace", "recommendations", "toolbox")
DOCKERFILES = {
    name: (ROOT / path).read_text("utf-8")
    for name, path in re.findall(r'target "(\w+)" \{[^}]*dockerfile = "(.+)"', BAKE)
}
ENDING = f"python{sys.version_info.major}.{sys.version_info.minor}"

each = pytest.mark.parametrize("name", NAMES)


def stages(name: str) -> list[str]:
    """Give the stages of a Dockerfile; what stands above the first is no stage."""
    return re.split(r"^(?=FROM )", DOCKERFILES[name], flags=re.MULTILINE)[1:]


def test_the_bake_file_builds_every_image() -> None:
    """One command builds all: a Dockerfile for each, and no Dockerfile beside."""
    found = {*ROOT.glob("services/*/Dockerfile"), *ROOT.glob("images/*Dockerfile")}

    assert set(NAMES) == set(DOCKERFILES)
    assert len(found) == len(DOCKERFILES)


@each
def test_base_and_builder_are_named_once(name: str) -> None:
    """What a Dockerfile takes when nobody says otherwise is what the bake file says."""
    defaults = dict(re.findall(r"^ARG (\w+)=(.+)$", DOCKERFILES[name], re.MULTILINE))

    assert {key: VARIABLES[key] for key in ("BASE", "BUILDER")} == defaults


def test_version_is_the_toolbox_own() -> None:
    """The bake file tags images with the version that the code says it is."""
    assert meshdoctor.__version__ == VARIABLES["VERSION"]


@each
def test_the_image_is_of_the_target_platform(name: str) -> None:
    """The last stage begins empty, on no platform of its own; it only copies, and runs nothing."""
    first, second, last = stages(name)

    assert "FROM ${BASE} AS base" == first.splitlines()[0]
    assert second.startswith("FROM --platform=${BUILDPLATFORM} ${BUILDER} AS filling\n")
    assert last.startswith("FROM scratch\n")
    assert "RUN" not in re.findall(r"^[A-Z]+", last, re.MULTILINE)


@each
def test_no_step_needs_a_shell(name: str) -> None:
    """Commands are lists, in building and in running: there need be no shell anywhere."""
    commands = re.findall(r"^(?:RUN|CMD|ENTRYPOINT) (.)", DOCKERFILES[name], re.MULTILINE)

    assert {"["} == set(commands)


def test_the_services_begin_alike() -> None:
    """Until their own code comes they are one text, so builders and nodes have it once."""
    one, other = (stages(name)[1].partition("COPY src/")[0] for name in NAMES[:2])

    assert one == other


def test_the_context_is_closed() -> None:
    """What is not named cannot get into an image, whatever lies about in a checkout."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]

    assert "*" == rules[0]
    assert {"!images", "!protos/gen", "!requirements", "!services", "!src"} == {
        rule for rule in rules if rule.startswith("!")
    }


def test_the_release_signs_every_image() -> None:
    """The workflow's list is the bake file's, and it may do no more than publish and sign."""
    flow = yaml.safe_load((ROOT / ".github/workflows/release.yaml").read_text("utf-8"))
    job = flow["jobs"]["images"]
    (signing,) = (step["run"] for step in job["steps"] if "cosign sign" in step.get("run", ""))

    assert {} == flow["permissions"]
    assert {"contents": "read", "packages": "write", "id-token": "write"} == job["permissions"]
    assert f"for image in {' '.join(NAMES)}; do" in signing


@pytest.mark.parametrize(("architecture", "machine"), MACHINES.items())
def test_packages_are_picked_not_built(architecture: str, machine: str) -> None:
    """Pip takes wheels for one processor, hashes checked, and nothing that it would compile."""
    wanted = command("lock.txt", "packages", machine)
    platforms = {part for part in wanted if part.startswith("--platform=")}

    assert {"amd64": "x86_64", "arm64": "aarch64"}[architecture] == machine
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(wanted)
    assert platforms
    assert all(one.endswith(f"_{machine}") for one in platforms)


def made(root: Path, *files: str) -> Path:
    """Make a root of empty files."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def trimmed(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the script that makes an image's root of its base."""
    command = (sys.executable, ROOT / "images/root.py", root)
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("library", ["usr/lib", "usr/local/lib"])
def test_a_root_keeps_python_alone(tmp_path: Path, library: str) -> None:
    """Programs, conversions, manuals go; Python, libraries, copyright and certificates stay."""
    kept = {
        f"{library}/{ENDING}/os.py",
        f"usr/bin/{ENDING}",
        "usr/lib/x86_64-linux-gnu/libc.so.6",
        "usr/share/doc/libc6/copyright",
        "etc/ssl/certs/ca-certificates.crt",
    }
    gone = (
        "usr/bin/openssl",
        "usr/sbin/ldconfig",
        "usr/local/bin/pip",
        "usr/lib/x86_64-linux-gnu/gconv/IBM1399.so",
        "usr/share/doc/libc6/changelog.gz",
        "usr/share/man/man1/ls.1.gz",
    )
    root = made(tmp_path, *kept, *gone)
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/share/doc/libgcc").symlink_to("libc6")

    assert 0 == trimmed(root).returncode
    assert kept == {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()} - {
        f"bin/{ENDING}",
        "usr/share/doc/libgcc/copyright",
    }


def test_a_base_of_another_python_is_refused(tmp_path: Path) -> None:
    """Its bytecode would be ignored and its extension modules missing: better no image."""
    done = trimmed(made(tmp_path, "usr/lib/python3.9/os.py"))

    assert 1 == done.returncode
    assert (
        f"BUILDER has {ENDING}, BASE has not: give two of the same minor version.\n" == done.stderr
    )
