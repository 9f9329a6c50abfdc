"""Trace context: who this request is, decided once at the edge and carried everywhere.

Sampling is decided before any span exists. A request that is not sampled still has ids, still
sends its `traceparent`, and costs one random number and one context variable.
"""

import random
import re
from contextvars import ContextVar
from typing import Final, NamedTuple

TRACEPARENT: Final = "traceparent"
"""Header and metadata key, W3C Trace Context level 1, section 3.2."""

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED_FLAG = 0x01
_ID_SPACE = 1 << 64


class TraceContext(NamedTuple):
    """One place in one trace.

    Attributes:
        trace_id: 128 bits, not zero.
        span_id: 64 bits, not zero: the span that is open here.
        sampled: whether spans of this trace are recorded.
    """

    trace_id: int
    span_id: int
    sampled: bool

    @property
    def trace_hex(self) -> str:
        """The trace id as 32 hex digits."""
        return f"{self.trace_id:032x}"

    @property
    def span_hex(self) -> str:
        """The span id as 16 hex digits."""
        return f"{self.span_id:016x}"

    @property
    def traceparent(self) -> str:
        """The value to send on (W3C Trace Context, section 3.2)."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{'01' if self.sampled else '00'}"

    def child(self) -> "TraceContext":
        """Return a new place below this one."""
        return TraceContext(self.trace_id, new_id(64), self.sampled)


current: Final[ContextVar[TraceContext | None]] = ContextVar("meshdoctor_trace", default=None)
"""The place where the running code is; None outside any request."""


def exemplar(context: TraceContext | None) -> dict[str, str] | None:
    """Return what ties a measurement to its trace; None when the trace is not recorded."""
    return {"trace_id": context.trace_hex} if context is not None and context.sampled else None


def new_id(bits: int) -> int:
    """Return a random id that is not zero (W3C Trace Context forbids zero)."""
    return random.getrandbits(bits) or 1


def new_root(ratio: float) -> TraceContext:
    """Start a trace, sampled with probability `ratio` (0..1).

    The decision is a function of the trace id's lower 64 bits, as OpenTelemetry's
    TraceIdRatioBased sampler takes it, so that all who share the ratio agree.
    """
    trace_id = new_id(128)
    sampled = (trace_id & (_ID_SPACE - 1)) < ratio * _ID_SPACE
    return TraceContext(trace_id, new_id(64), sampled)


def parse(traceparent: str) -> TraceContext | None:
    """Read a `traceparent` value; None when it is not one (then a new trace starts)."""
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in match.groups())
    if not trace_id or not span_id:
        return None
    return TraceContext(trace_id, span_id, bool(flags & _SAMPLED_FLAG))
