"""What people see of a matrix: the tables, the README's block, the picture."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from meshdoctor.faults import FAULTS
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.matrix.markdown import BEGIN, END, block, inserted
from meshdoctor.lab.matrix.model import NOTHING, Matrix, Trial
from meshdoctor.lab.matrix.picture import draw
from meshdoctor.lab.matrix.shown import mistaken, results
from tests.support.trials import good, matrix, named, quiet

WRONG = matrix(
    good("app-down"), named("dns-slow", "dns-timeout"), named("app-hung", "app-hung", "app-slow")
)
PAGE = f"# Title\n{BEGIN}\nold\n{END}\nrest\n"
SVG = "{http://www.w3.org/2000/svg}"


def printed(table: object) -> str:
    """Print as on a wide terminal."""
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_table_has_a_row_for_each_fault() -> None:
    """With the worst of its rounds, and whether its goals were met."""
    lines = printed(results(matrix(good("app-down"), good("app-down", 2)))).splitlines()
    row = next(line for line in lines if "app-down" in line)

    for cell in ("2/2", "6.5 s", "SomethingBroken", "47.5 s", "0.01%", "0.5 s", "met"):
        assert cell in row


def test_a_mistake_stands_in_its_column() -> None:
    """Off the diagonal: the row is what was done, the column what was said."""
    lines = printed(mistaken(WRONG)).splitlines()
    header = next(line for line in lines if line.startswith("done"))
    row = next(line for line in lines if "dns-slow " in line)
    column = next(line.split()[0] for line in lines if "dns-timeout " in line)

    assert "1" == row[header.index(f" {column} ") + 1]


def test_the_page_keeps_all_but_the_block() -> None:
    """What stands around the marks stays; the block is new; twice is the same as once."""
    once = inserted(PAGE, matrix(), "README.md")

    assert once.startswith(f"# Title\n{BEGIN}\n")
    assert once.endswith(f"{END}\nrest\n")
    assert "old" not in once
    assert once == inserted(once, matrix(), "README.md")


@pytest.mark.parametrize("page", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", PAGE + PAGE])
def test_without_its_marks_a_page_is_left_alone(page: str) -> None:
    """One line says what is missing."""
    with pytest.raises(LabError, match=r"^README\.md needs the lines"):
        inserted(page, matrix(), "README.md")


def test_the_block_says_how_busy_the_machine_was() -> None:
    """Seconds of a machine that had other work to do are to be read as such."""
    busy = replace(matrix(replace(good("app-down"), load=3.2), replace(quiet(), load=7.6)), cores=2)

    assert ", 2 cores with a load average of 3 to 8: 1 of 1 named right" in block(busy)
    assert "cores" not in block(matrix())


def test_the_block_says_how_many_meshes_took_turns() -> None:
    """And nothing of it where there was one."""
    several = replace(matrix(), cores=2, at_once=3)

    assert ", 2 cores, 3 meshes at once, taking turns: " in block(several)
    assert "at once" not in block(replace(several, at_once=1))


def test_the_block_says_what_was_called_otherwise() -> None:
    """A README that hides a mistake would be worth nothing."""
    text = block(WRONG)

    assert "| `dns-slow` | 0 of 1, else dns-timeout |" in text
    assert "1 of 3 named right" in text
    assert "**missed**" in text


@pytest.mark.parametrize("made", [matrix(), WRONG, Matrix(0.0, 1, 1), matrix(Trial("app-down", 1))])
def test_the_picture_is_whole(made: Matrix) -> None:
    """Well-formed, the same each time, with every fault's name and a dot for every time."""
    text = draw(made)
    root = ET.fromstring(text)  # noqa: S314 - our own
    words = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))

    assert text == draw(made)
    assert [] == [one.fault for one in made.trials if one.fault not in words]
    times = sum(
        value is not None
        for one in made.hurt
        for value in (one.seconds_to_verdict, one.seconds_to_page)
    )
    assert times == len(list(root.iter(f"{SVG}circle")))


def test_the_picture_knows_all_words() -> None:
    """Every fault of the vocabulary and the healthy rounds have a row."""
    root = ET.fromstring(draw(matrix()))  # noqa: S314 - our own
    rights = [one for one in root.iter(f"{SVG}path") if one.get("class") == "right"]

    assert len({*FAULTS, NOTHING}) == len(rights)
