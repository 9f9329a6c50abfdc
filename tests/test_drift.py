"""What is generated and committed equals what its source generates."""

import re
import subprocess
import sys
from pathlib import Path

import nox.project
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from noxfile import LOCKS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PROTOS = "*_pb2*.py*"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def lock_text(name: str) -> str:
    """Return a lock file as it is committed."""
    return (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")


def pins(name: str) -> dict[str, str]:
    """Return the version that a lock pins of each package."""
    return {canonicalize_name(found[1]): found[2] for found in PINNED.finditer(lock_text(name))}


def wishes(name: str) -> list[Requirement]:
    """Return what pyproject.toml asks for in the parts that a lock is made from."""
    asked: list[str] = []
    for source in LOCKS[name]:
        kind, _, part = source.partition("=")
        if kind == "pyproject.toml":
            asked += PROJECT["project"]["dependencies"]
        elif kind == "--extra":
            asked += PROJECT["project"]["optional-dependencies"][part]
        elif kind == "--group":
            asked += nox.project.dependency_groups(PROJECT, part)
    return [Requirement(wish) for wish in asked]


def files_below(folder: Path, pattern: str) -> dict[str, bytes]:
    """Return every generated file below a folder: its relative path and its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob(pattern))
        if path.suffix in {".py", ".pyi", ".yaml", ".json"}
    }


def test_generated_code_equals_its_proto(tmp_path: Path) -> None:
    """`nox -s protos`, with its pinned tools, writes the committed code byte for byte."""
    command = [sys.executable, "-m", "nox", "--sessions", "protos", "--", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert files_below(ROOT / "protos" / "gen", PROTOS) == files_below(tmp_path, PROTOS), (
        "run: ./mesh protos"
    )


def test_generated_watchers_equal_their_source(tmp_path: Path) -> None:
    """`nox -s observability` writes the committed files byte for byte, and no other."""
    command = [sys.executable, "-m", "observability", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    committed = ROOT / "observability" / "generated"
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_below(committed, "*.*") == files_below(tmp_path, "*.*"), (
        "run: ./mesh observability"
    )


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_what_the_project_asks_for(name: str) -> None:
    """Every direct dependency is pinned in its lock, at a version that pyproject.toml allows."""
    pinned = pins(name)

    missing = [
        str(wish)
        for wish in wishes(name)
        if not wish.specifier.contains(
            pinned.get(canonicalize_name(wish.name), ""), prereleases=True
        )
    ]

    assert [] == missing, "run: ./mesh lock"


@pytest.mark.parametrize("name", ["services", "nox", "browser", "cluster"])
def test_one_version_of_a_package_serves_all(name: str) -> None:
    """What is tested is what runs: the smaller locks hold the development lock's versions."""
    everything = pins("dev")

    assert {} == {
        package: (version, everything[package])
        for package, version in pins(name).items()
        if everything.get(package, version) != version
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_hashes_and_no_place(name: str) -> None:
    """Each pin carries its hashes, and no lock ties the project to one index or machine."""
    text = lock_text(name)
    entries = re.split(r"\n(?=\S)", text.strip())

    assert [] == [entry for entry in entries if "--hash=sha256:" not in entry]
    assert [] == [line for line in text.splitlines() if "/" in line]


def test_the_noxfile_asks_for_what_the_launcher_installs() -> None:
    """Who runs noxfile.py as a script gets what the group `nox` of pyproject.toml names."""
    header = nox.project.load_toml(ROOT / "noxfile.py")

    assert nox.project.dependency_groups(PROJECT, "nox") == tuple(header["dependencies"])
    assert PROJECT["project"]["requires-python"] == header["requires-python"]
