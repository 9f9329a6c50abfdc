"""The log lines of a trace."""

import json
import time
from pathlib import Path

import pytest

from meshdoctor.lab.boards.journal import MOST_LINES, lines_of
from tests.unit.boards.samples import TRACE

OTHER = "1" * 32


def line(trace_id: str = TRACE, at: str = "2026-11-23T06:00:00.000000Z", **more: object) -> str:
    """A line as a service writes it."""
    known = {"timestamp": at, "level": "info", "service": "shop", "trace_id": trace_id}
    return json.dumps({**known, "event": "http.request", **more}) + "\n"


def test_the_lines_of_all_services_are_found_in_order(tmp_path: Path) -> None:
    """Lines of every file that name the trace come in order of time; others do not."""
    early, late = "2026-11-23T06:00:00.100000Z", "2026-11-23T06:00:00.200000Z"
    (tmp_path / "shop.log").write_text(line(OTHER) + line(at=late, seconds=0.3))
    (tmp_path / "books.log").write_text(line(at=early, level="error", service="books"))

    found = lines_of(TRACE, tmp_path)

    assert [(early, "books", "error", ""), (late, "shop", "info", "seconds=0.3")] == [
        (each.at, each.service, each.level, each.rest) for each in found
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"plain text with {TRACE} in it\n",
        f'["{TRACE}"]\n',
        f'{{"trace_id": "{OTHER}", "note": "{TRACE}"}}\n',
        f'{{"trace_id": "{TRACE}"',
    ],
)
def test_what_is_no_line_of_the_trace_is_passed_over(tmp_path: Path, text: str) -> None:
    """Text, other JSON, another trace's line that quotes the id, or half a line: nothing."""
    (tmp_path / "shop.log").write_text(text)

    assert () == lines_of(TRACE, tmp_path)


def test_a_line_without_its_usual_keys_is_shown(tmp_path: Path) -> None:
    """What is missing is empty, and the last line needs no end."""
    (tmp_path / "shop.log").write_text(f'{{"trace_id": "{TRACE}", "x": 1}}')

    (found,) = lines_of(TRACE, tmp_path)

    assert ("", "", "x=1") == (found.at, found.event, found.rest)


def test_a_page_holds_so_many_lines(tmp_path: Path) -> None:
    """A trace of a thousand lines shows a hundred."""
    (tmp_path / "shop.log").write_text(line() * 1000)

    assert MOST_LINES == len(lines_of(TRACE, tmp_path))


def test_no_folder_has_no_lines(tmp_path: Path) -> None:
    """A folder or a file that cannot be read is no error."""
    (tmp_path / "folder.log").mkdir()

    assert () == lines_of(TRACE, tmp_path)
    assert () == lines_of(TRACE, tmp_path / "gone")


def test_a_large_log_is_searched_quickly(tmp_path: Path) -> None:
    """Forty megabytes of other lines keep nobody waiting."""
    (tmp_path / "shop.log").write_text(line(OTHER) * 300_000 + line())
    began = time.monotonic()

    found = lines_of(TRACE, tmp_path)

    assert 1 == len(found)
    assert time.monotonic() - began < 5
