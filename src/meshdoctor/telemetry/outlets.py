"""Where telemetry goes: each outlet may be missing, and what is missing costs nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.journal import Journal
from meshdoctor.telemetry.spans import SpanSink

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outlets:
    """What the edge, the client's and the server's bookkeeping write to.

    Attributes:
        instruments: metrics.
        spans: takes the spans of sampled requests.
        logger: takes lines about failed, slow and sampled requests.
        slow_seconds: a request slower than this is logged although it is not sampled.
        journal: writes up what requests leave; without one it is written up at once.
    """

    instruments: Instruments | None = None
    spans: SpanSink | None = None
    logger: FilteringBoundLogger | None = None
    slow_seconds: float = 0.25
    journal: Journal | None = None

    def note(self, write: Callable[[T], None], record: T) -> None:
        """Have `write(record)` called: soon and elsewhere, or at once where there is no journal."""
        if self.journal is None:
            write(record)
        else:
            self.journal.note(write, record)
