"""`meshdoctor lab`: the lab's own words, from a checkout; a sentence where there is none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.manifests import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


def said(*words: str, python_path: str = "") -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        (sys.executable, "-m", "meshdoctor", "lab", *words),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": python_path, "COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_its_words_are_the_labs() -> None:
    """`list` names the faults, and the exit code is the lab's."""
    done = said("list")
    assert (0, "") == (done.returncode, done.stderr)
    assert "network-nodes-blocked" in done.stdout


def test_without_a_word_it_says_which_there_are() -> None:
    """As `--help` does."""
    assert said("--help").stdout == said().stdout
    assert "usage: python -m meshdoctor.lab" in said().stdout


def test_up_is_the_cluster_and_not_the_mesh_on_loopback() -> None:
    """The older command has another name's options."""
    assert "--users" in said("up", "--help").stdout


def test_what_follows_two_dashes_stays_apart() -> None:
    """A command in a place may have options of its own."""
    done = said("shell", "nowhere", "--", "ls", "--all")
    assert (2, True) == (done.returncode, done.stderr.startswith("there is no nowhere, but"))


def test_an_installation_without_a_checkout_says_so(tmp_path: Path) -> None:
    """The package alone cannot run what the repository holds."""
    shutil.copytree(ROOT / "src/meshdoctor", tmp_path / "meshdoctor")
    done = said("up", python_path=str(tmp_path))
    assert 3 == done.returncode
    assert "the lab runs what is in the repository" in done.stderr
