"""What the metrics of a test say, in a form that reads well in an assertion."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from meshdoctor.telemetry.instruments import Instruments

SECONDS = 10.0
"""Far above what any wait of a healthy test needs."""


@dataclass(frozen=True, slots=True)
class Counts:
    """All calls of a client so far.

    Attributes:
        calls: by status code.
        failures: by cause.
        dns_failures: by cause.
        active: calls that have not ended.
    """

    calls: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    dns_failures: dict[str, int] = field(default_factory=dict)
    active: int = 0


class Tally:
    """A registry of one's own and what it holds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.instruments = Instruments(self.registry)

    def by(self, sample_name: str, *labels: str) -> dict[str, int]:
        """Return all values of a sample that are not zero, by the values of these labels."""
        totals: dict[str, int] = {}
        for family in self.registry.collect():
            for sample in family.samples:
                if sample.name == sample_name and sample.value:
                    key = " ".join(sample.labels[label] for label in labels)
                    totals[key] = totals.get(key, 0) + int(sample.value)
        return totals

    def active(self, gauge: str) -> int:
        """Return the sum of a gauge over all its series."""
        return sum(self.by(gauge).values())

    def client(self) -> Counts:
        """Return the client's counts when each of its calls has ended and has its cause."""
        until(self._settled)
        return self._client()

    def served(self) -> dict[str, int]:
        """Return the server's calls by status code."""
        return self.by("rpc_server_call_duration_seconds_count", "rpc_response_status_code")

    def _client(self) -> Counts:
        return Counts(
            self.by("rpc_client_call_duration_seconds_count", "rpc_response_status_code"),
            self.by("rpc_client_failures_total", "cause"),
            self.by("rpc_client_dns_failures_total", "cause"),
            self.active("rpc_client_active_calls"),
        )

    def _settled(self) -> bool:
        counts = self._client()
        failed = sum(counts.calls.values()) - counts.calls.get("OK", 0)
        return not counts.active and sum(counts.failures.values()) >= failed


def until(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Wait for `holds`, for at most `seconds`; return whether it came to hold."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
