"""`meshdoctor diagnose --from`: what was saved is judged again, and what is misused is told."""

import json
from pathlib import Path

import pytest

from tests.support.captures import CAPTURES, STATES, changed, copied
from tests.support.diagnosed import diagnose, written
from tests.support.mesh_reports import blocked_between_nodes, reports

pytestmark = pytest.mark.integration


def test_the_exit_code_tells_health_fault_doubt_and_misuse(tmp_path: Path) -> None:
    """0, 1, 2 and 3, each with one sentence and no traceback."""
    healthy = diagnose("--from", str(CAPTURES / "healthy"), "-o", "short", home=tmp_path)
    faulty = diagnose("--from", str(CAPTURES / "node-not-ready"), "-o", "short", home=tmp_path)
    nothing = diagnose("--from", str(tmp_path), "-o", "short", home=tmp_path)
    missing = diagnose("--from", str(tmp_path / "none"), home=tmp_path)
    lost = diagnose(home=tmp_path)

    said = (healthy, faulty, nothing, missing, lost)
    assert [0, 1, 2, 3, 3] == [one.code for one in said]
    assert healthy.out.startswith("ok: ")
    assert faulty.out.startswith("image-tag-missing,")
    assert nothing.out.startswith("cannot-tell: ")
    assert "No such file or directory" in missing.err
    assert "no kubeconfig" in lost.err
    assert [] == [one.err for one in said if "Traceback" in one.err]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--watch", "--from", "seen"), "does not change"),
        (("--redact",), "--save FILE"),
        (("--timeout", "0.5"), "greater than or equal to 1"),
        (("-o", "yaml"), "yaml"),
    ],
)
def test_options_that_do_not_go_together_are_misuse(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    """Exit code 3, and what is wrong with them."""
    done = diagnose(*words, home=tmp_path)

    assert (3, "", True) == (done.code, done.out, said in done.err)


@pytest.mark.parametrize("state", STATES)
def test_a_saved_bundle_replays_to_the_same_verdict(state: str, tmp_path: Path) -> None:
    """A field report is a file: judged elsewhere it says the same, word for word."""
    saved = str(tmp_path / "bundle.json")
    folder = str(CAPTURES / state)
    first = diagnose("--from", folder, "-o", "json", "--save", saved, home=tmp_path)
    again = diagnose("--from", saved, "-o", "json", home=tmp_path)

    assert (first.code, first.verdict) == (again.code, again.verdict)


def test_a_bundle_of_the_first_schema_is_still_read(tmp_path: Path) -> None:
    """Evidence of the API alone, as it was saved before there were agents."""
    old = tmp_path / "old.json"
    gap = {"kind": "pods", "words": "forbidden"}
    old.write_text(json.dumps({"source": "x", "gaps": [gap], "schema": 1}), "utf-8")
    said = diagnose("--from", str(old), "-o", "json", home=tmp_path)

    assert 2 == said.code
    assert ["pods (forbidden)"] == [one["missing"] for one in said.verdict["doubts"]]


def test_reports_beside_the_objects_are_judged_too(tmp_path: Path) -> None:
    """`kubectl -n meshdoctor get configmaps -o json` into the same folder: packets are judged."""
    folder = copied("healthy", tmp_path)
    told = reports("healthy", blocked_between_nodes)
    changed(folder, "configmaps", [written(one) for one in told])

    said = diagnose("--from", str(folder), "-o", "json", home=tmp_path)
    assert (1, ["network-nodes-blocked"]) == (said.code, said.faults)


def test_another_namespace_is_not_judged_by_what_is_beside_it(tmp_path: Path) -> None:
    """Faults of `bookstore` are nothing to `default`; `-A` judges both."""
    faulty = str(CAPTURES / "image-and-app-faults")

    assert 0 == diagnose("--from", faulty, "-n", "default", home=tmp_path).code
    assert 1 == diagnose("--from", faulty, "-A", home=tmp_path).code
