"""The command's words: they lead to the same options inside, and a table is made without a run."""

import argparse
import json
from pathlib import Path

import pytest

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.matrix.cli import add_arguments, arguments, concluded, rewrite, run_outside
from meshdoctor.lab.matrix.markdown import BEGIN, END, block
from meshdoctor.lab.matrix.model import Trial, document, read
from meshdoctor.lab.matrix.parts import begin, keep
from meshdoctor.lab.matrix.picture import draw
from tests.support.trials import good, matrix, named

MARKED = f"before\n{BEGIN}\n{END}\nafter\n"


def parsed(*words: str) -> argparse.Namespace:
    """Parse as the command does."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--rounds", "3", "--seed", "7", "--out", "somewhere"),
        ("--only", "app-down,dns-slow", "--no-pages"),
        ("--rounds", "3", "--at-once", "3"),
    ],
)
def test_the_words_inside_mean_the_same(words: tuple[str, ...]) -> None:
    """The command starts itself anew in the sandbox, and nothing is lost on the way."""
    options = parsed(*words)

    assert options == parsed(*arguments(options))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--rounds", "0"), "no whole number from 1 to 100"),
        (("--at-once", "0"), "no whole number from 1 to 100"),
        (("--only", "app-dwon"), "app-dwon: there is image-platform-missing"),
    ],
)
def test_a_wrong_option_is_named(option: tuple[str, str], said: str) -> None:
    """With what there is."""
    with pytest.raises(argparse.ArgumentError, match=said):
        parsed(*option)


def test_more_meshes_than_rounds_are_refused(tmp_path: Path) -> None:
    """Before anything is built or written, with what to do about it."""
    options = parsed("--rounds", "2", "--at-once", "3", "--out", str(tmp_path / "out"))
    with pytest.raises(LabError, match=r"^--at-once 3 with --rounds 2: .*at most 2 at once"):
        run_outside(options, tmp_path)

    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("second", "code", "expected"),
    [
        (good("dns-slow"), 0, 0),
        (named("dns-slow", "dns-timeout"), 0, 1),
        (good("dns-slow"), 2, 2),
        (named("dns-slow"), 2, 2),
    ],
)
def test_the_worst_of_the_parts_is_the_exit_code(
    second: Trial, code: int, expected: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All goals of all meshes met, one missed, or no mesh to be had: judged together, and shown."""
    begin(tmp_path)
    keep(matrix(good("app-down")), 1, tmp_path)
    keep(matrix(second), 2, tmp_path)

    assert expected == concluded(tmp_path, code)
    assert {"app-down", "dns-slow"} <= set(capsys.readouterr().out.split())


def test_after_a_wish_to_stop_one_line_says_where_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No verdict on what is not whole; and nothing where nothing was tried."""
    begin(tmp_path)
    before = concluded(tmp_path, 130), capsys.readouterr().err
    keep(matrix(good("app-down")), 1, tmp_path)
    after = concluded(tmp_path, 130), capsys.readouterr().err

    assert (130, "") == before
    assert (130, f"what was tried is in {tmp_path / 'matrix.json'}\n") == after


def test_a_saved_matrix_becomes_a_table_and_a_picture(tmp_path: Path) -> None:
    """Both are what the saved one says; the rest of the page stays."""
    names = ("page.md", "new.json", "matrix.json", "matrix.svg")
    page, saved, kept, picture = (tmp_path / name for name in names)
    page.write_text(MARKED, "utf-8")
    saved.write_text(json.dumps(document(matrix(), ())), "utf-8")
    rewrite(page, saved, kept, picture)
    shown = read(kept.read_text("utf-8"), "matrix.json")

    assert MARKED.replace(END, f"{block(shown)}{END}") == page.read_text("utf-8")
    assert draw(shown) == picture.read_text("utf-8")


def test_without_marks_nothing_is_written(tmp_path: Path) -> None:
    """A page that is not meant for it is left alone, and so is the picture."""
    names = ("page.md", "new.json", "matrix.json", "matrix.svg")
    page, saved, kept, picture = (tmp_path / name for name in names)
    page.write_text("no marks\n", "utf-8")
    saved.write_text(json.dumps(document(matrix(), ())), "utf-8")
    with pytest.raises(LabError):
        rewrite(page, saved, kept, picture)

    assert "no marks\n" == page.read_text("utf-8")
    assert (False, False) == (kept.exists(), picture.exists())
