"""What the agent says: one JSON line for each change, with the keys that the services' lines have.

structlog, which writes theirs, would be a tenth of the agent's memory for a handful of lines a day.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, Protocol

import orjson

from meshdoctor.agent.history import Change
from meshdoctor.probes.mesh.evidence import Answer

SERVICE: Final = "mesh-agent"

Value = str | int | float | bool | None


class Lines(Protocol):
    """What lines are written to: a binary file, or what gathers for one."""

    def write(self, line: bytes, /) -> object:
        """Take a line, its end included."""


class Log:
    """Writes lines.

    Args:
        lines: where to.
        node: of the agent, told on each.
    """

    def __init__(self, lines: Lines, node: str) -> None:
        self._lines = lines
        self._node = node

    def info(self, event: str, **said: Value) -> None:
        """Say what is as it should be.

        Args:
            event: what happened, one word for each kind.
            said: more about it.
        """
        self._write("info", event, said)

    def warning(self, event: str, **said: Value) -> None:
        """Say what is not as it should be.

        Args:
            event: what happened, one word for each kind.
            said: more about it.
        """
        self._write("warning", event, said)

    def changes(self, changes: Iterable[Change]) -> None:
        """Say what answers otherwise than before; of what is new only what is not well.

        Args:
            changes: of a round.
        """
        for change in changes:
            well = change.now.answer is Answer.OK
            if not (well and change.was is None):
                self._write("info" if well else "warning", "edge.changed", _told(change))

    def _write(self, level: str, event: str, said: dict[str, Value]) -> None:
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        line = {
            **said,
            "node": self._node,
            "service": SERVICE,
            "event": event,
            "level": level,
            "timestamp": f"{now}Z",
        }
        self._lines.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _told(change: Change) -> dict[str, Value]:
    seen, edge = change.now, change.now.edge
    return {
        "role": edge.role,
        "ground": edge.ground,
        "ask": edge.ask,
        "target": edge.target,
        "target_node": edge.node,
        "address": edge.address,
        "answer": seen.answer,
        "was": change.was,
        "seconds": seen.seconds,
        "words": seen.words,
    }
