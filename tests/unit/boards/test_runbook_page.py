"""The runbook as a page."""

from pathlib import Path

import pytest

from meshdoctor.lab.boards.runbook import RUNBOOK, anchor, read_runbook, runbook_here
from tests.support.runbook import RUNBOOK as SOURCE


def rendered(tmp_path: Path, text: str) -> str:
    """The HTML of a Markdown text."""
    path = tmp_path / "runbook.md"
    path.write_text(text, encoding="utf-8")
    return str(read_runbook(path).text)


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("DnsLookupSlow", "dnslookupslow"),
        ("app-down", "app-down"),
        ("The first two minutes", "the-first-two-minutes"),
        ("What's up, doc?", "whats-up-doc"),
    ],
)
def test_anchors_are_githubs(heading: str, name: str) -> None:
    """Lower case, hyphens for spaces, other signs left out."""
    assert name == anchor(heading)


def test_headings_can_be_linked_to(tmp_path: Path) -> None:
    """Each heading has its anchor, the second of two equal ones a number."""
    html = rendered(tmp_path, "# Title\n\n## `app-down`\n\n## Same\n\n## Same\n")

    assert '<h2 id="app-down"><code>app-down</code></h2>' in html
    assert '<h2 id="same">' in html
    assert '<h2 id="same-1">' in html


def test_our_runbook_has_a_section_for_each_link() -> None:
    """Every link within the checkout's runbook leads to one of its headings."""
    book = read_runbook(RUNBOOK)

    assert SOURCE == RUNBOOK
    anchors = {section.anchor for section in book.sections}
    links = {part.partition('"')[0] for part in str(book.text).split('href="#')[1:]}
    assert links
    assert set() == links - anchors


def test_tables_are_tables(tmp_path: Path) -> None:
    """GitHub's tables, which the runbook uses, are rendered."""
    assert "<td>1</td>" in rendered(tmp_path, "| a |\n|---|\n| 1 |\n")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://example.org/x.png)",
        "a <b onclick=alert(1)>b</b>",
    ],
)
def test_markup_is_only_text(tmp_path: Path, text: str) -> None:
    """HTML in the file is shown, not obeyed; no image is fetched, no script linked to."""
    html = rendered(tmp_path, text)

    for tag in ("<script", "<img", "<b", 'href="javascript'):
        assert tag not in html


def test_links_to_files_are_only_words(tmp_path: Path) -> None:
    """Other files of the checkout are not served; the words of such a link stay."""
    html = rendered(
        tmp_path, "See [the drill](drill.md) and [this](#here) and [it](https://x.org)."
    )

    assert "See the drill and <a" in html
    assert 'href="#here"' in html
    assert 'href="https://x.org"' in html
    assert "drill.md" not in html


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("https://github.com/a/b/blob/main/docs/runbook.md#x-y", "/runbook#x-y"),
        ("https://github.com/a/b/blob/main/docs/runbook.md", "/runbook"),
        ("https://example.org/other.md#x", ""),
        ("javascript:alert(1)//runbook.md#x", ""),
        ("", ""),
    ],
)
def test_the_public_runbook_is_read_here(url: str, here: str) -> None:
    """The runbook's public address becomes the one of the page; any other is no link."""
    assert here == runbook_here(url, "/runbook")
