"""What is published of the matrix is what was measured: README, picture and saved evidence."""

from pathlib import Path

import pytest

from meshdoctor.cli.diagnosing import judge_bundle
from meshdoctor.faults import FAULTS
from meshdoctor.lab.matrix.markdown import inserted
from meshdoctor.lab.matrix.model import read
from meshdoctor.lab.matrix.picture import draw
from meshdoctor.probes.mesh.bundle import load

ROOT = Path(__file__).resolve().parents[1]
SAVED = ROOT / "docs/matrix.json"
BUNDLES = sorted((ROOT / "tests/captures/matrix").glob("*.json"))


def test_the_readme_shows_the_saved_matrix() -> None:
    """`python -m meshdoctor.lab matrix --table README.md` would change nothing."""
    page = (ROOT / "README.md").read_text("utf-8")
    matrix = read(SAVED.read_text("utf-8"), SAVED.name)

    assert inserted(page, matrix, "README.md") == page


def test_the_picture_shows_the_saved_matrix() -> None:
    """The same command would draw the same."""
    matrix = read(SAVED.read_text("utf-8"), SAVED.name)

    assert draw(matrix) == (ROOT / "docs/pictures/matrix.svg").read_text("utf-8")


def test_the_saved_matrix_has_the_whole_vocabulary() -> None:
    """No fault is left out because it looks bad."""
    matrix = read(SAVED.read_text("utf-8"), SAVED.name)

    assert set(FAULTS) == {one.fault for one in matrix.hurt}


def test_evidence_is_kept() -> None:
    """There are bundles to judge again."""
    assert BUNDLES


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_saved_evidence_leads_to_the_verdict_that_it_led_to(path: Path) -> None:
    """The doctor of today says of the evidence of then what was done."""
    verdict = judge_bundle(load(path.read_text("utf-8"), path.name))

    assert [path.stem] == [one.code for one in verdict.findings]
