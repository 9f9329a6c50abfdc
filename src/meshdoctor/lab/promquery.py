"""The few questions that the lab asks Prometheus over its HTTP API (/api/v1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.http import get
from meshdoctor.lab.model import ScrapeTarget

LOAD_JOB: Final = "load"
"""The scrape job of the load test."""


class PrometheusError(LabError):
    """Prometheus did not answer, or refused the question."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One series: its labels, and its (Unix second, value) points in order of time."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One exemplar of a series: its own labels (`trace_id`), value, and Unix second."""

    series: Mapping[str, str]
    labels: Mapping[str, str]
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class ActiveAlert:
    """An alert that is pending or firing now.

    Attributes:
        name: as the rule says (`alertname`).
        labels: the others.
        annotations: the rule's texts, filled in.
        state: `pending` or `firing`.
        since: when it became pending, RFC 3339.
        value: of the rule's expression.
    """

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    since: str
    value: float


class Prometheus:
    """A client for one Prometheus at `url` (`http://host:port`)."""

    def __init__(self, url: str) -> None:
        self.url = url

    def instant(self, expression: str) -> tuple[Curve, ...]:
        """Evaluate an expression now: one point a series."""
        answer = self._ask("query", query=expression)
        return tuple(_curve(entry["metric"], [entry["value"]]) for entry in answer["result"])

    def range(self, expression: str, start: float, end: float, step: float) -> tuple[Curve, ...]:
        """Evaluate an expression from `start` to `end` (Unix seconds) every `step` seconds."""
        answer = self._ask("query_range", query=expression, start=start, end=end, step=step)
        return tuple(_curve(entry["metric"], entry["values"]) for entry in answer["result"])

    def exemplars(self, expression: str, start: float, end: float) -> tuple[Exemplar, ...]:
        """The exemplars of the series that `expression` names, between two Unix seconds."""
        answer = self._ask("query_exemplars", query=expression, start=start, end=end)
        return tuple(
            Exemplar(entry["seriesLabels"], each["labels"], float(each["value"]), each["timestamp"])
            for entry in answer
            for each in entry["exemplars"]
        )

    def alerts(self) -> tuple[ActiveAlert, ...]:
        """Every alert that is pending or firing now."""
        return tuple(
            ActiveAlert(
                name=alert["labels"]["alertname"],
                labels={key: text for key, text in alert["labels"].items() if key != "alertname"},
                annotations=alert["annotations"],
                state=alert["state"],
                since=alert["activeAt"],
                value=float(alert["value"]),
            )
            for alert in self._ask("alerts")["alerts"]
        )

    def targets(self) -> tuple[ScrapeTarget, ...]:
        """Every scrape target, and how its last scrape went.

        The load test's is left out: its page is there while it runs.
        """
        samples = {
            (curve.labels["job"], curve.labels["instance"]): int(curve.points[-1][1])
            for curve in self.instant("scrape_samples_scraped")
        }
        return tuple(
            ScrapeTarget(
                job=target["labels"]["job"],
                instance=target["labels"]["instance"],
                up=target["health"] == "up",
                last_error=target["lastError"],
                samples=samples.get((target["labels"]["job"], target["labels"]["instance"]), 0),
            )
            for target in self._ask("targets", state="active")["activeTargets"]
            if target["labels"]["job"] != LOAD_JOB
        )

    def version(self) -> str:
        """Its version, such as `2.42.0`."""
        return str(self._ask("status/buildinfo")["version"])

    def _ask(self, what: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        url = f"{self.url}/api/v1/{what}?{urlencode(parameters)}"
        try:
            return json.loads(get(url))["data"]
        except (OSError, ValueError, KeyError) as error:
            raise PrometheusError(f"Prometheus did not answer {url}: {error}") from error


def _curve(labels: Mapping[str, str], points: list[list[Any]]) -> Curve:
    return Curve(labels, tuple((float(at), float(value)) for at, value in points))
