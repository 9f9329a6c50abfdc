"""Logs as one JSON object a line, with the ids of the trace they belong to.

structlog escapes CR, LF and control characters by writing JSON, so no visitor can forge a line.
"""

import json
import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from meshdoctor.telemetry.context import TraceContext, current

_AT = "at"

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
"""The words of the setting and their stdlib numbers."""


class Lines(Protocol):
    """What lines are written to: a binary file, or what gathers for one."""

    def write(self, line: bytes, /) -> object:
        """Take a line, its end included."""

    def flush(self) -> object:
        """Take note that a line is complete."""


def make_logger(service: str, level: str, lines: Lines) -> FilteringBoundLogger:
    """Return a logger that writes JSON lines.

    Args:
        service: the value of the key `service` on every line.
        level: a key of `LEVELS`.
        lines: where to write.
    """
    processors: list[Processor] = [
        _trace_ids,
        structlog.processors.add_log_level,
        _timestamp,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_dumps),
    ]
    # Bound at once: until then structlog makes a new logger for every line.
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(lines),  # type: ignore[arg-type]  # it only writes and flushes
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        service=service,
    ).bind()
    return logger


def capture_stdlib(logger: FilteringBoundLogger) -> None:
    """Send what libraries log through `logging` to `logger`, so that every line is JSON."""
    root = logging.getLogger()
    root.handlers = [_Forward(logger)]
    root.setLevel(logging.WARNING)


def line_ids(context: TraceContext | None, at: float) -> dict[str, str | float]:
    """Return the keys of a line about what happened at `at` (Unix seconds) in `context`.

    For lines that are written later, by another thread, than what they tell of.
    """
    if context is None:
        return {_AT: at}
    return {"trace_id": context.trace_hex, "span_id": context.span_hex, _AT: at}


def _timestamp(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    at = event.pop(_AT, None)
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    event["timestamp"] = moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return event


def _trace_ids(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    context = current.get()
    if context is not None:
        event.setdefault("trace_id", context.trace_hex)
        event.setdefault("span_id", context.span_hex)
    return event


def _dumps(event: MutableMapping[str, Any], **_options: object) -> bytes:
    try:
        return orjson.dumps(event, default=repr)
    except orjson.JSONEncodeError:
        # A lone surrogate or a huge integer: slower and escaped, but never a lost line.
        return json.dumps(event, default=repr).encode()


class _Forward(logging.Handler):
    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.log(
            min(max(record.levelno // 10, 1), 5) * 10,  # structlog knows no levels between
            "library.log",
            logger=record.name,
            message=_message(record),
            exc_info=record.exc_info,
        )


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a library's format that does not fit its values
        return f"{record.msg} {record.args!r}"
