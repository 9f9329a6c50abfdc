"""docs/preflight.md has what the command has: its options and its questions."""

import re

import typer.main

from meshdoctor.cli import application
from meshdoctor.doctor.checks.preflight.asked import Asked
from meshdoctor.doctor.checks.preflight.every import judge_manifests
from meshdoctor.faults import FAULTS
from tests.support.manifests import ROOT
from tests.support.overlays import cut

PAGE = (ROOT / "docs/preflight.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """Give the rows of the first table after a heading, without its own."""
    part = PAGE.partition(f"{heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_option_is_on_the_page() -> None:
    """And none that is gone."""
    commands = typer.main.get_command(application()).commands  # type: ignore[attr-defined]
    known = {
        name
        for one in commands["preflight"].params
        for name in (*one.opts, *one.secondary_opts)
        if name != "--help"
    }
    told = {
        name for row in rows("# meshdoctor preflight") for name in re.findall(r"--?[\w-]+", row[0])
    }

    # Their opposites are what happens anyway, and two have a longer name.
    assert {"--images", "--cluster", "--kustomize", "--filename", "--output"} == known - told
    assert set() == told - known


def test_every_question_is_on_the_page() -> None:
    """In order, then what is asked of Calico and of registries; and each code is a fault."""
    subjects = [one.subject for one in judge_manifests(Asked(cut("kubeadm")))]
    table = rows("## What it asks")
    codes = {code for row in table for code in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", row[-1])}

    assert [*subjects, "encapsulation", "image ..., one for each"] == [row[0] for row in table]
    assert codes <= set(FAULTS)
