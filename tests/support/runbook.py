"""Reads docs/runbook.md: its sections, their parts, and the commands in them.

The form: chapters of level two, one for each layer, stand after `## Contents`; each heading of
level three in them is a section; a part begins at the start of a line with its name in bold and a
full stop, `**Confirm.**`; commands stand in `sh` blocks, a blank line between two.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import promql_parser

RUNBOOK: Final = Path(__file__).resolve().parents[2] / "docs/runbook.md"
PARTS: Final = ("To the visitor", "Confirm", "Fix", "Worked", "Look-alikes")

_CHAPTER: Final = re.compile(r"^## (.+)\n", re.MULTILINE)
_SECTION: Final = re.compile(r"^### (.+)\n", re.MULTILINE)
_PART: Final = re.compile(r"^\*\*([^*\n]+)\.\*\*", re.MULTILINE)
_SHELL: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INNER: Final = re.compile(r"\$\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Section:
    """One section.

    Attributes:
        title: its heading: a fault's code, or the family of an alert.
        chapter: the heading of level two above it.
        opening: what stands before its first part.
        parts: names and texts, in order.
    """

    title: str
    chapter: str
    opening: str
    parts: tuple[tuple[str, str], ...]

    def part(self, name: str) -> str:
        """Return the text of a part."""
        return dict(self.parts)[name]

    def commands(self, name: str) -> list[str]:
        """Return the commands of a part."""
        return commands("\n\n".join(_SHELL.findall(self.part(name))))


def sections() -> tuple[Section, ...]:
    """Return all sections, in order."""
    document = RUNBOOK.read_text("utf-8").partition("\n## Contents\n")[2]
    return tuple(
        Section(title, chapter, *_parts(text))
        for chapter, body in _split(_CHAPTER, document)[1]
        for title, text in _split(_SECTION, body)[1]
    )


def _parts(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    opening, parts = _split(_PART, text)
    return opening.strip(), tuple((name, body.strip()) for name, body in parts)


def _split(heading: re.Pattern[str], text: str) -> tuple[str, list[tuple[str, str]]]:
    opening, *rest = heading.split(text)
    return opening, list(zip(rest[::2], rest[1::2], strict=True))


def commands(block: str) -> list[str]:
    """Return the commands of a shell block, those over several lines whole."""
    found: list[str] = []
    waiting = ""
    for line in block.splitlines():
        waiting += f"{line}\n"
        if waiting.strip() and not line.endswith("\\") and _is_whole(waiting):
            found.append(waiting.strip())
            waiting = ""
    return [*found, waiting] if waiting.strip() else found


def _is_whole(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:  # a quote is still open
        return False
    return True


def programs(command: str) -> Iterator[list[str]]:
    """Give the programs of a command, each as its words: in pipes, and inside of `$(...)`.

    A shell's other operators come as programs of their own, which nobody allows.
    """
    for inner in _INNER.findall(command):
        yield from programs(inner)
    lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word == "|":
            yield words
            words = []
        elif set(word) <= set("|;&<>"):
            yield [word]
        else:
            words.append(word)
    yield words


def queries(text: str) -> list[str]:
    """Return the PromQL that a text hands to promtool."""
    found = re.findall(r"^promtool .*$", text, re.MULTILINE)
    return [shlex.split(command)[-1] for command in found]


def metrics(query: str) -> set[str]:
    """Return the names of the metrics in a query.

    Raises:
        ValueError: it is no PromQL.
    """
    return {node.name for node in _nodes(promql_parser.parse(query)) if node.name}


def labels(query: str) -> set[str]:
    """Return the names of the labels by which a query selects or adds up."""
    grouped = re.findall(r"\b(?:by|without|on) \(([^)]*)\)", query)
    names = {name.strip() for group in grouped for name in group.split(",")}
    selected = (node.matchers.matchers for node in _nodes(promql_parser.parse(query)))
    return names | {matcher.name for matchers in selected for matcher in matchers}


def _nodes(node: object) -> Iterator[promql_parser.VectorSelector]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for inside in ("lhs", "rhs", "expr", "param", "args", "vector_selector"):
        below = getattr(node, inside, None)
        for child in below if isinstance(below, list) else [below]:
            if child is not None:
                yield from _nodes(child)


def tables(text: str) -> list[tuple[str, ...]]:
    """Return the rows of a text's tables, headings and rules left out."""
    rows = re.findall(r"^\|(?! *-)(.+)\|\n(?!\|-)", f"{text}\n", re.MULTILINE)
    return [tuple(cell.strip() for cell in row.split("|")) for row in rows]
