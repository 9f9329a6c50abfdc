"""Fetching programs with a real apt-get from a real (tiny, local) Debian archive."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="needs apt-get and dpkg-deb"
)


def system() -> dict[str, str]:
    """What this machine says that it is."""
    return platform.freedesktop_os_release()


BARE = "/usr/sbin:/usr/bin:/sbin:/bin"
CONTROL = """Package: {name}
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: a program of one line
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A sources.list for an archive with a `prometheus` package whose programs print a line."""
    folder = tmp_path / "archive"
    entries = [package(folder, "prometheus", "prometheus", "promtool")]
    (folder / "Packages").write_text("\n".join(entries))
    sources = tmp_path / "sources.list"
    sources.write_text(f"deb [trusted=yes] file:{folder} ./\n")
    return sources


def package(folder: Path, name: str, *programs: str) -> str:
    """Build NAME.deb in a folder; its entry in the archive's index."""
    tree = folder.parent / f"{name}-tree"
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(CONTROL.format(name=name))
    for program in programs:
        (tree / "usr/bin" / program).write_text(f"#!/bin/sh\necho {program} runs\n")
        (tree / "usr/bin" / program).chmod(0o755)
    folder.mkdir()
    deb = folder / f"{name}_1.0_all.deb"
    build = ("dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb))
    subprocess.run(build, check=True, capture_output=True)
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    index = f"Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"
    return CONTROL.format(name=name) + index


def fetch(
    cache: Path, *arguments: str, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command with an environment whose PATH has no such programs."""
    return subprocess.run(
        (sys.executable, "-m", "meshdoctor.lab.packages", "--cache", str(cache), *arguments),
        env={**os.environ, "PATH": path or BARE},
        capture_output=True,
        text=True,
        check=False,
    )


pathless = pytest.mark.skipif(
    bool(shutil.which("promtool", path="/usr/bin:/bin")), reason="Prometheus is installed here"
)


@pathless
def test_a_package_is_unpacked_and_its_program_runs(archive: Path, tmp_path: Path) -> None:
    """What is printed can be run, and only the whole package is left in the cache."""
    cache = tmp_path / "cache"
    done = fetch(cache, "--sources", str(archive), "promtool")

    name, _, path = done.stdout.strip().partition("=")
    assert ("promtool", 0) == (name, done.returncode)
    assert b"promtool runs\n" == subprocess.run((path,), check=True, capture_output=True).stdout
    assert {".lock", "prometheus"} == {entry.name for entry in cache.iterdir()}


@pathless
def test_what_is_in_the_cache_needs_no_archive(archive: Path, tmp_path: Path) -> None:
    """The second run finds the first one's, also without any network."""
    cache = tmp_path / "cache"
    first = fetch(cache, "--sources", str(archive), "promtool")
    archive.unlink()
    second = fetch(cache, "--sources", str(archive), "promtool")

    assert first.stdout == second.stdout


@pathless
def test_an_unreachable_archive_is_one_clear_line(tmp_path: Path) -> None:
    """Offline, the line says what, why, and what to do; nothing half-done is left."""
    sources, cache = tmp_path / "sources.list", tmp_path / "cache"
    sources.write_text("deb [trusted=yes] http://127.0.0.1:9/ ./\n")  # discard: nobody listens
    done = fetch(cache, "--sources", str(sources), "prometheus", "promtool")

    (line,) = done.stderr.splitlines()
    assert 1 == done.returncode
    assert line.startswith("prometheus and promtool cannot be had here: apt-get says")
    assert "Connection refused" in line
    assert line.endswith("install them, or see to apt's sources")
    assert {".lock"} == {entry.name for entry in cache.iterdir()}


@pathless
def test_a_machine_without_apt_is_one_clear_line(tmp_path: Path) -> None:
    """Elsewhere than on Debian and its kin the line says to install them."""
    done = fetch(tmp_path / "cache", "prometheus", path=str(tmp_path))

    assert 1 == done.returncode
    assert (
        "prometheus cannot be had here: they are not on PATH, and there is no apt-get to fetch "
        "them: install them\n" == done.stderr
    )


@pathless
def test_a_second_run_waits_for_the_first_and_not_for_ever(archive: Path, tmp_path: Path) -> None:
    """Two runs never write the cache at once, and a stuck one is told after the deadline."""
    cache = tmp_path / "cache"
    cache.mkdir()
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = fetch(cache, "--sources", str(archive), "--seconds", "0.3", "prometheus")

    assert 1 == done.returncode
    assert "another run is fetching them still after 0.3 s" in done.stderr


def test_a_program_on_path_is_taken_from_there(tmp_path: Path) -> None:
    """Whoever installed Prometheus gets theirs, and the cache is not even made."""
    program = tmp_path / "promtool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    done = fetch(tmp_path / "cache", "promtool", path=str(tmp_path))

    assert f"promtool={program}\n" == done.stdout
    assert not (tmp_path / "cache").exists()


@pytest.mark.skipif("debian" != system().get("ID"), reason="needs Debian")
def test_another_suite_comes_from_the_machines_own_mirror(tmp_path: Path) -> None:
    """A newer suite is asked of the archive that the machine's release comes from, keys checked."""
    (tmp_path / "sources.list").write_text(
        "deb http://updates.example/debian-security bookworm-security main\n"
        f"deb http://mirror.example/debian {system()['VERSION_CODENAME']} main\n"
    )

    assert (
        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
        " http://mirror.example/debian trixie main\n"
    ) == source_line(tmp_path)


def test_without_a_mirror_of_its_own_the_public_one_is_asked(tmp_path: Path) -> None:
    """Where apt's sources name no Debian release, Debian's public address is taken."""
    (tmp_path / "sources.list").write_text("")

    assert " https://deb.debian.org/debian trixie main\n" in source_line(tmp_path)


def source_line(etc: Path) -> str:
    """Name the suite trixie in a process whose apt has only the sources in a folder."""
    (etc / "apt.conf").write_text(
        f'Dir::Etc::SourceList "{etc}/sources.list"; Dir::Etc::SourceParts "-";'
    )
    code = "from meshdoctor.lab.debian import source; print(source('trixie'), end='')"
    return subprocess.run(
        (sys.executable, "-c", code),
        env={**os.environ, "APT_CONFIG": str(etc / "apt.conf")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.skipif(
    bool(shutil.which("kustomize", path=BARE)), reason="kustomize is installed here"
)
def test_a_list_given_by_hand_is_asked_alone(archive: Path, tmp_path: Path) -> None:
    """It wins over the newer suite of a package, too, and here it has no such package."""
    done = fetch(tmp_path / "cache", "--sources", str(archive), "kustomize")

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("kustomize cannot be had here: apt-get says")
