"""The command `matrix`, as a person without privileges starts it: a few telling faults."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.lab.matrix.model import Matrix, read
from tests.support.manifests import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

# All between nodes, one policy, one service: each is told from the others by other evidence.
TELLING = ("network-nodes-blocked", "network-policy-dns", "app-hung")


@pytest.fixture(scope="module")
def out() -> Iterator[Path]:
    """A folder into which somebody without privileges may write, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture(scope="module")
def done(
    ordinary: tuple[str, ...], out: Path
) -> tuple[subprocess.CompletedProcess[str], Matrix, Path]:
    """The command, run to its end, and what it wrote."""
    ran = subprocess.run(
        (
            *(*ordinary, "-m", "meshdoctor.lab", "matrix", "--no-pages"),
            *("--only", ",".join(TELLING), "--seed", "1", "--out", str(out)),
        ),
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=False,
    )
    saved = out / "matrix.json"
    assert saved.exists(), ran.stdout + ran.stderr
    return ran, read(saved.read_text("utf-8"), str(saved)), out


def test_each_fault_is_named_and_nothing_else(
    done: tuple[subprocess.CompletedProcess[str], Matrix, Path],
) -> None:
    """The real command named what was done, under load, from what the agents had written."""
    ran, matrix, _out = done

    assert {(code, code) for code in TELLING} == {(one.fault, one.named) for one in matrix.hurt}, (
        ran.stdout
    )


def test_nothing_is_named_in_a_healthy_mesh(
    done: tuple[subprocess.CompletedProcess[str], Matrix, Path],
) -> None:
    """Between two faults and after them the doctor finds nothing, and has no doubt."""
    _ran, matrix, _out = done

    assert [((), 0)] == [(one.names, one.unsure) for one in matrix.left_alone]


def test_visitors_are_served_through_each(
    done: tuple[subprocess.CompletedProcess[str], Matrix, Path],
) -> None:
    """No HTTP 5xx, and live pages again after each."""
    _ran, matrix, _out = done

    assert [0] * len(TELLING) == [one.http_5xx for one in matrix.hurt]
    assert [] == [one.fault for one in matrix.hurt if one.recovered_s is None]


def test_the_saved_evidence_leads_to_the_same_verdict(
    done: tuple[subprocess.CompletedProcess[str], Matrix, Path],
) -> None:
    """Each bundle is there, is JSON, and was judged again by the command."""
    _ran, matrix, out = done

    assert [True] * len(TELLING) == [one.replayed for one in matrix.hurt]
    assert all(json.loads((out / one.bundle).read_text("utf-8")) for one in matrix.hurt)


def test_two_meshes_at_once_are_one_matrix(ordinary: tuple[str, ...]) -> None:
    """A round each, told apart as they go on; one result with both, and evidence of both."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        asked = ("--rounds", "2", "--at-once", "2", "--no-pages", "--only", "image-tag-missing")
        ran = subprocess.run(
            (*ordinary, "-m", "meshdoctor.lab", "matrix", *asked, "--seed", "1", "--out", folder),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        saved = Path(folder, "matrix.json")
        assert saved.exists(), ran.stdout + ran.stderr
        matrix = read(saved.read_text("utf-8"), str(saved))
        kept = sorted(str(path.relative_to(folder)) for path in Path(folder).glob("bundles/*"))

    assert 2 == matrix.at_once
    assert [(1, True), (2, True)] == sorted((one.round, one.right) for one in matrix.hurt)
    assert [(1, True), (2, True)] == sorted((one.round, one.right) for one in matrix.left_alone)
    assert kept == sorted(one.bundle for one in matrix.hurt)
    assert {"1", "2"} == {line[0] for line in ran.stdout.splitlines() if " s  healthy: " in line}
