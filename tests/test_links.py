"""Documents lead where they say: to files that are there, and to headings in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENTS: Final = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
BLOCK: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(document: Path) -> str:
    """Give a document without its blocks of code."""
    return BLOCK.sub("", document.read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    """Give the anchors of a document's headings, as GitHub makes them."""
    bare = (re.sub(r"[^\w\- ]", "", one.lower()) for one in HEADING.findall(prose(document)))
    return {one.replace(" ", "-") for one in bare}


def dead(document: Path) -> Iterator[str]:
    """Give the links that lead nowhere."""
    for link in LINK.findall(prose(document)):
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        if not link.startswith(("https://", "http://")) and not (
            target.exists() and (not anchor or anchor in anchors(target))
        ):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_arrives(document: Path) -> None:
    """Inside this repository no link is dead, its anchor neither."""
    assert [] == list(dead(document))


def test_a_dead_link_would_be_found(tmp_path: Path) -> None:
    """The test above can fail, for a file as for an anchor."""
    page = tmp_path / "page.md"
    page.write_text(
        "# One: two\n[a](#one-two) [b](#three) [c](none.md) [d](page.md#one-two)", "utf-8"
    )

    assert ["#three", "none.md"] == list(dead(page))
