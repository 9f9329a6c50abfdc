"""The runbook as a page: Markdown rendered, with the anchors that GitHub gives its headings."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

RUNBOOK: Final = Path(__file__).parents[4] / "docs/runbook.md"
"""Where a checkout has it."""

_PUBLIC = re.compile(r"https://\S+/runbook\.md(#[\w-]*)?")
_OUTSIDE = re.compile(r"(#|https?://|mailto:)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading: its words, its level (1 is the title's), and its anchor."""

    heading: str
    level: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Runbook:
    """The text as HTML, and its sections in order, without the title."""

    text: Markup
    sections: tuple[Section, ...]


def read_runbook(path: Path = RUNBOOK) -> Runbook:
    """Read and render the runbook.

    Args:
        path: a Markdown file; HTML in it is shown as text, and links to other files of the
            checkout, which are not served here, are only their words.

    Raises:
        OSError: it cannot be read.
    """
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = made.parse(path.read_text(encoding="utf-8"))
    sections = tuple(_sections(tokens))
    for token in tokens:
        token.children = _without_local_links(token.children) if token.children else token.children
    # markdown-it escapes all text, and with `html` off passes no markup through.
    text = Markup(made.renderer.render(tokens, made.options, {}))  # noqa: S704
    return Runbook(text, tuple(section for section in sections if section.level > 1))


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading: `DnsLookupSlow` is `dnslookupslow`."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def runbook_here(url: str, here: str) -> str:
    """Turn the runbook's public address into that of the copy at `here`, its section kept."""
    found = _PUBLIC.fullmatch(url)
    return f"{here}{found.group(1) or ''}" if found else ""


def _sections(tokens: list[Token]) -> Iterator[Section]:
    """Name each heading as GitHub does, which numbers the second of two equal ones."""
    seen: Counter[str] = Counter()
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            words = "".join(child.content for child in inside.children or ())
            name = anchor(words)
            own = f"{name}-{seen[name]}" if seen[name] else name
            seen[name] += 1
            token.attrSet("id", own)
            yield Section(words, int(token.tag.removeprefix("h")), own)


def _without_local_links(children: list[Token]) -> list[Token]:
    kept, open_links = list[Token](), list[bool]()
    for child in children:
        if child.type == "link_open":
            open_links.append(bool(_OUTSIDE.match(str(child.attrGet("href") or ""))))
            child.attrSet("rel", "noreferrer")
        if child.type in {"link_open", "link_close"}:
            stays = open_links[-1]
            if child.type == "link_close":
                open_links.pop()
            if not stays:
                continue
        if child.type != "image":  # the policy would not fetch it
            kept.append(child)
    return kept
