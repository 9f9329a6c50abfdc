"""A service's metrics page, read by the lab itself: it works without any Prometheus."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from meshdoctor.lab.http import get
from meshdoctor.telemetry.catalogue import (
    HTTP_SERVER_DURATION,
    HTTP_SERVER_FRESHNESS,
    RPC_CLIENT_FAILURES,
)

_LIVE = "live"


@dataclass(frozen=True, slots=True)
class Row:
    """One sample of the page."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """What a metrics page said at one moment. Counts are since the service started."""

    rows: tuple[Row, ...]

    def by_label(self, name: str, label: str) -> dict[str, float]:
        """Add up the samples called `name` by the value of one label."""
        sums: dict[str, float] = {}
        for row in self._named(name):
            key = row.labels.get(label, "")
            sums[key] = sums.get(key, 0.0) + row.value
        return sums

    @property
    def causes(self) -> dict[str, int]:
        """Failed calls to the backend by cause; causes that never happened are left out."""
        return _counts(self.by_label(RPC_CLIENT_FAILURES.name, "cause"))

    @property
    def freshness(self) -> dict[str, int]:
        """Answers by freshness: live, stale, builtin."""
        return _counts(self.by_label(HTTP_SERVER_FRESHNESS.name, "freshness"))

    @property
    def degraded(self) -> int:
        """Answers that were not live."""
        return sum(count for word, count in self.freshness.items() if word != _LIVE)

    @property
    def statuses(self) -> dict[str, int]:
        """HTTP requests by status code."""
        name = f"{HTTP_SERVER_DURATION.name}_count"
        return _counts(self.by_label(name, "http_response_status_code"))

    @property
    def buckets(self) -> dict[float, int]:
        """HTTP requests within each bound, cumulated, by the bound in seconds."""
        sums = self.by_label(f"{HTTP_SERVER_DURATION.name}_bucket", "le")
        return {float(bound): int(count) for bound, count in sums.items()}

    def _named(self, name: str) -> Iterator[Row]:
        return (row for row in self.rows if row.name == name)


def read_page(address: str) -> MetricsPage:
    """Scrape `http://ADDRESS/metrics`.

    Raises:
        OSError: there is no answer.
        ValueError: it is no metrics page.
    """
    text = get(f"http://{address}/metrics").decode()
    families = text_string_to_metric_families(text)
    return MetricsPage(
        tuple(
            Row(each.name, each.labels, each.value)
            for family in families
            for each in family.samples
        )
    )


def _counts(sums: Mapping[str, float]) -> dict[str, int]:
    return {key: int(value) for key, value in sorted(sums.items()) if value}
