"""Lines are gathered, and none is lost at an orderly end."""

import io
import os
import subprocess
import sys
import time
from typing import Self

from meshdoctor.telemetry.lines import GatheredLines

PROGRAM = """
import sys
from meshdoctor.telemetry.lines import GatheredLines
lines = GatheredLines(sys.stdout.buffer)
for number in range(1000):
    lines.write(b"%d\\n" % number)
"""


class Counting(io.BytesIO):
    """A stream that counts how often it was written to."""

    writes = 0

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # a narrower buffer will do
        """Count and write."""
        self.writes += 1
        return super().write(data)


class Full(io.BytesIO):
    """A disk without room."""

    def write(self, _data: bytes, /) -> int:  # type: ignore[override]  # a narrower buffer will do
        """Refuse."""
        raise OSError(28, "No space left on device")

    def flush(self: Self) -> None:
        """Refuse."""
        raise OSError(28, "No space left on device")


def test_a_line_is_written_soon_and_many_at_once() -> None:
    """A thousand lines are there within a second, in order, in far fewer writes."""
    stream = Counting()
    lines = GatheredLines(stream)
    for number in range(1000):
        lines.write(b"%d\n" % number)
    time.sleep(0.5)

    assert [b"%d" % number for number in range(1000)] == stream.getvalue().split()
    assert stream.writes < 20


def test_close_writes_the_rest_and_later_lines_at_once() -> None:
    """After `close` nothing waits: what a service says last is said."""
    stream = io.BytesIO()
    lines = GatheredLines(stream)
    lines.write(b"before\n")
    lines.close()
    lines.write(b"after\n")

    assert b"before\nafter\n" == stream.getvalue()


def test_an_ordinary_exit_loses_nothing() -> None:
    """A program that just ends, without `close`, has written every line."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)

    assert list(range(1000)) == [int(line) for line in ran.stdout.split()]


def test_a_full_disk_stops_nobody() -> None:
    """A stream that refuses costs the lines, never an exception where they were written."""
    lines = GatheredLines(Full())
    lines.write(b"a\n")
    lines.close()
    lines.write(b"b\n")

    assert not lines._lines  # noqa: SLF001 - that nothing piles up is the claim


def test_a_reader_that_never_reads_blocks_no_writer() -> None:
    """A stuck pipe holds the gathering thread, not who wrote a line, nor an orderly end."""
    _read, write = os.pipe()
    with os.fdopen(write, "wb") as stream:
        lines = GatheredLines(stream)
        start = time.monotonic()
        for _ in range(2000):
            lines.write(b"x" * 1000)
        time.sleep(0.2)
        lines.write(b"y")

        lines.close()

        assert time.monotonic() - start < 1.5
        os.close(_read)  # the thread gets its error and the stream can be closed
