"""The log lines that belong to a trace, out of the files that the services write."""

import json
import mmap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_LINES: Final = 100
"""Of one trace: a page is read by a person."""

SEARCHED_BYTES: Final = 64 * 1024 * 1024
"""Of each file, from its end: about a million lines, searched in a tenth of a second."""

_OWN = ("timestamp", "level", "event", "service", "trace_id", "span_id")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: when (as written, UTC), who, how grave, what, and the rest as `key=value`."""

    at: str
    service: str
    level: str
    event: str
    span_id: str
    rest: str


def lines_of(trace_id: str, folder: Path) -> tuple[LogLine, ...]:
    """Find the lines of a trace.

    Args:
        trace_id: 32 lower-case hexadecimal digits.
        folder: with the services' `*.log`, one JSON object a line.

    Returns:
        At most `MOST_LINES` lines in order of time. A file that cannot be read has none, and a
        line that is no JSON object is passed over.
    """
    found = [line for path in sorted(folder.glob("*.log")) for line in _of_file(trace_id, path)]
    return tuple(sorted(found, key=lambda line: line.at)[:MOST_LINES])


def _of_file(trace_id: str, path: Path) -> Iterator[LogLine]:
    wanted = trace_id.encode()
    # An empty file cannot be mapped (ValueError), one may be gone or unreadable (OSError).
    with (
        suppress(OSError, ValueError),
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        at = max(len(content) - SEARCHED_BYTES, 0)
        for _ in range(MOST_LINES):
            at = content.find(wanted, at)
            if at < 0:
                return
            start, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at)
            end = end if end >= 0 else len(content)
            if (line := _line(content[start:end])) and line[0] == trace_id:
                yield line[1]
            at = end


def _line(text: bytes) -> tuple[str, LogLine] | None:
    try:
        fields = json.loads(text)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    rest = " ".join(f"{key}={value}" for key, value in fields.items() if key not in _OWN)
    at, service, level, event, span = (
        _word(fields, key) for key in ("timestamp", "service", "level", "event", "span_id")
    )
    return _word(fields, "trace_id"), LogLine(at, service, level, event, span, rest)


def _word(fields: Mapping[str, object], key: str) -> str:
    return str(fields.get(key, ""))
