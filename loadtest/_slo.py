"""The objectives a load test is judged by: the one place where their numbers stand.

The first three are the marketplace's service level objectives, measured at the client.
`correctness` has no error budget: an answer that breaks the contract is a bug, however rare.
"""

from dataclasses import dataclass

LATENCY_THRESHOLD_MS = 250.0


@dataclass(frozen=True, slots=True)
class Objective:
    """The share of `total` that must be `good`; both are counters of `_tally.Tally.counts`."""

    name: str
    target: float
    good: str
    total: str
    meaning: str


OBJECTIVES = (
    Objective(
        "availability", 0.999, "answers", "requests", "got an answer, and not a server error (5xx)"
    ),
    Objective("latency", 0.99, "fast", "answers", f"took less than {LATENCY_THRESHOLD_MS:g} ms"),
    Objective("freshness", 0.99, "live", "pages", "showed live recommendations"),
    Objective("correctness", 1.0, "correct", "answers", "kept the contract"),
)
