"""Logs: one JSON object a line, whatever the values hold."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.telemetry.context import TraceContext, current
from meshdoctor.telemetry.logs import LEVELS, capture_stdlib, make_logger

HOSTILE = 'a\r\n{"level":"error"}\x1b[31m\x00\x85\u2028"\\'
HERE = TraceContext(0xABC, 0xDEF, sampled=True)


class Page:
    """A logger and what it wrote."""

    def __init__(self, level: str = "info") -> None:
        self._stream = io.BytesIO()
        self.logger = make_logger("shop", level, self._stream)

    @property
    def raw(self) -> bytes:
        """The bytes written."""
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines, parsed."""
        return [json.loads(line) for line in self.raw.splitlines()]


@contextmanager
def captured() -> Iterator[Page]:
    """Give a page that also gets what libraries log; the root logger is given back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    page = Page()
    capture_stdlib(page.logger)
    try:
        yield page
    finally:
        root.handlers = handlers
        root.setLevel(level)


def test_a_line_says_when_who_and_what() -> None:
    """Timestamp, level, event and service stand on every line, beside the values given."""
    page = Page()
    page.logger.warning("rpc.failed", cause="dns-timeout")
    (line,) = page.lines

    assert ("warning", "rpc.failed", "shop", "dns-timeout") == (
        line["level"],
        line["event"],
        line["service"],
        line["cause"],
    )
    assert line["timestamp"].endswith("Z")
    assert "trace_id" not in line


def test_a_line_within_a_request_carries_its_ids() -> None:
    """Inside a request both ids are added; ids given by hand win."""
    page = Page()
    token = current.set(HERE)
    page.logger.info("a")
    page.logger.info("b", span_id="mine")
    current.reset(token)

    assert [(f"{0xABC:032x}", f"{0xDEF:016x}"), (f"{0xABC:032x}", "mine")] == [
        (line["trace_id"], line["span_id"]) for line in page.lines
    ]


def test_no_value_can_forge_a_line_or_a_colour() -> None:
    """CR, LF, escape sequences and other controls are escaped: one event, one plain line."""
    page = Page()
    page.logger.info("seen", **{"user": HOSTILE, HOSTILE: "key"})

    assert 1 == page.raw.count(b"\n")
    assert [] == [byte for byte in page.raw[:-1] if byte < ord(" ")]
    assert HOSTILE == page.lines[0]["user"]
    assert "key" == page.lines[0][HOSTILE]


@pytest.mark.parametrize("value", ["\ud800", 2**70, {1: "a"}, object(), b"\xff", {"\udfff"}])
def test_no_line_is_lost_to_an_odd_value(value: object) -> None:
    """Lone surrogates, huge integers, strange types: the line is written all the same."""
    page = Page()
    page.logger.info("odd", value=value)

    assert ["odd"] == [line["event"] for line in page.lines]
    assert 1 == page.raw.count(b"\n")


@given(st.text(), st.text(alphabet=st.characters()))
def test_any_text_is_one_line_and_comes_back(event: str, value: str) -> None:
    """Whatever the text, one line of JSON holds exactly it."""
    page = Page()
    page.logger.info(event, value=value)

    assert [(event, value)] == [(line["event"], line["value"]) for line in page.lines]


@pytest.mark.parametrize("level", LEVELS)
def test_less_important_lines_are_not_written(level: str) -> None:
    """At each level, that level and those above it are written."""
    page = Page(level)
    for each in LEVELS:
        getattr(page.logger, each)("said")

    expected = [each for each, number in LEVELS.items() if number >= LEVELS[level]]
    assert expected == [line["level"] for line in page.lines]


def test_an_exception_stays_on_its_line() -> None:
    """A traceback of many lines is one value of one line."""
    page = Page()
    try:
        int(HOSTILE)
    except ValueError:
        page.logger.exception("crashed")

    assert 1 == page.raw.count(b"\n")
    assert "Traceback" in page.lines[0]["exception"]


def test_libraries_log_in_the_same_form() -> None:
    """What a library logs from WARNING up is a line like any other, with its name."""
    library = logging.getLogger("some.library")
    with captured() as page:
        library.info("too quiet")
        library.error("broken: %s", HOSTILE)
    (line,) = page.lines

    assert ("error", "library.log", "some.library") == (
        line["level"],
        line["event"],
        line["logger"],
    )
    assert f"broken: {HOSTILE}" == line["message"]


def test_a_librarys_slip_is_a_line_too() -> None:
    """A format that does not fit and a level of its own neither raise nor vanish."""
    library = logging.getLogger("some.library")
    with captured() as page:
        library.warning("%d books", "no")
        library.log(35, "between")
        library.critical("over")

    assert [("warning", "%d books ('no',)"), ("warning", "between"), ("critical", "over")] == [
        (line["level"], line["message"]) for line in page.lines
    ]
