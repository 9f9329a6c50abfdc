"""`meshdoctor diagnose` as people run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.captures import CAPTURES, STATES

pytestmark = pytest.mark.integration


def diagnose(*words: str) -> subprocess.CompletedProcess[str]:
    """Run it and give what it said, whatever that was."""
    return subprocess.run(
        (sys.executable, "-m", "meshdoctor", "diagnose", *words),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_exit_code_tells_health_fault_doubt_and_misuse(tmp_path: Path) -> None:
    """0, 1, 2 and 3, each with one sentence and no traceback."""
    healthy = diagnose("--from", str(CAPTURES / "healthy"), "-o", "short")
    faulty = diagnose("--from", str(CAPTURES / "image-and-app-faults"), "-o", "short")
    nothing = diagnose("--from", str(tmp_path), "-o", "short")
    missing = diagnose("--from", str(tmp_path / "none"))
    unasked = diagnose()

    said = (healthy, faulty, nothing, missing, unasked)
    assert [0, 1, 2, 3, 3] == [one.returncode for one in said]
    assert healthy.stdout.startswith("ok: ")
    assert faulty.stdout.startswith("image-platform-missing,image-tag-missing,")
    assert nothing.stdout.startswith("cannot-tell: ")
    assert "No such file or directory" in missing.stderr
    assert "--from" in unasked.stderr
    assert [] == [one.stderr for one in said if "Traceback" in one.stderr]


@pytest.mark.parametrize("state", STATES)
def test_a_saved_bundle_replays_to_the_same_verdict(state: str, tmp_path: Path) -> None:
    """A field report is a file: judged elsewhere it says the same, word for word."""
    saved = tmp_path / "bundle.json"
    first = diagnose("--from", str(CAPTURES / state), "-o", "json", "--save", str(saved))
    again = diagnose("--from", str(saved), "-o", "json")

    assert (first.returncode, first.stdout) == (again.returncode, again.stdout)
    assert 1 == len(json.loads(again.stdout)["verdicts"])


def test_another_namespace_is_not_judged_by_what_is_beside_it() -> None:
    """Faults of `bookstore` are nothing to `default`; `-A` judges both."""
    faulty = str(CAPTURES / "image-and-app-faults")

    assert 0 == diagnose("--from", faulty, "-n", "default").returncode
    assert 1 == diagnose("--from", faulty, "-A").returncode
