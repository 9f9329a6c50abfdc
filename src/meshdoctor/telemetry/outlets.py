"""Where telemetry goes: each outlet may be missing, and what is missing costs nothing."""

from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from meshdoctor.telemetry.instruments import Instruments
from meshdoctor.telemetry.spans import SpanSink


@dataclass(frozen=True, slots=True)
class Outlets:
    """What the edge, the client's and the server's bookkeeping write to.

    Attributes:
        instruments: metrics.
        spans: takes the spans of sampled requests.
        logger: takes lines about failed, slow and sampled requests.
        slow_seconds: a request slower than this is logged although it is not sampled.
    """

    instruments: Instruments | None = None
    spans: SpanSink | None = None
    logger: FilteringBoundLogger | None = None
    slow_seconds: float = 0.25
