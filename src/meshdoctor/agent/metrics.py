"""The last report as metrics: made when they are asked for, so that what vanished is gone."""

from collections.abc import Iterable, Iterator
from typing import Final

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from meshdoctor.probes.mesh.evidence import Answer, Ground, Report, Role, Sighting
from meshdoctor.telemetry.catalogue import (
    EDGE_PROBE_SUCCESS,
    NODE_PROBE_DURATION,
    NODE_PROBE_SUCCESS,
    TLS_NOT_AFTER,
    TLS_NOT_BEFORE,
    Metric,
)

_NODE: Final = "node"
"""The label `probe` of what a node's own ports say."""

_NOTHING_CAME: Final = frozenset({Answer.SILENT, Answer.LOST})
_WELL: Final = frozenset({Answer.OK, Answer.SLOW, Answer.NXDOMAIN, Answer.NO_ADDRESS})


class LastReport(Collector):
    """Shows one report, the last that it was given."""

    def __init__(self) -> None:
        self.report: Report | None = None

    def collect(self) -> Iterator[prometheus_client.Metric]:
        """Give the metrics of the last report; prometheus-client calls it."""
        report = self.report
        if report is None:
            return
        between = [one for one in report.sightings if _is_between_nodes(one)]
        beside = [one for one in report.sightings if not _is_between_nodes(one)]
        yield from _between_nodes(report.node, between)
        yield _lowest(
            EDGE_PROBE_SUCCESS,
            ((_labels_beside(report.node, one), float(one.answer in _WELL)) for one in beside),
        )
        shown = report.certificates
        yield _lowest(TLS_NOT_BEFORE, (((one.address,), one.not_before) for one in shown))
        yield _lowest(TLS_NOT_AFTER, (((one.address,), one.not_after) for one in shown))


def _between_nodes(node: str, seen: Iterable[Sighting]) -> Iterator[prometheus_client.Metric]:
    labelled = [((node, one.edge.node, _probe(one)), one) for one in seen]
    yield _lowest(
        NODE_PROBE_SUCCESS,
        ((labels, float(one.answer not in _NOTHING_CAME)) for labels, one in labelled),
    )
    # The slower of two ports, so the lowest of the negated.
    slowest: dict[tuple[str, ...], float] = {}
    for labels, one in labelled:
        slowest[labels] = max(one.seconds, slowest.get(labels, 0.0))
    yield _lowest(NODE_PROBE_DURATION, slowest.items())


def _is_between_nodes(seen: Sighting) -> bool:
    if seen.edge.role is Role.AGENT:
        return seen.edge.ground is Ground.OTHER_NODE
    return seen.edge.role is Role.NODE


def _probe(seen: Sighting) -> str:
    return _NODE if seen.edge.role is Role.NODE else str(seen.edge.ask)


def _labels_beside(node: str, seen: Sighting) -> tuple[str, ...]:
    edge = seen.edge
    return node, str(edge.role), str(edge.ground), edge.target, str(edge.ask)


def _lowest(metric: Metric, values: Iterable[tuple[tuple[str, ...], float]]) -> GaugeMetricFamily:
    """Make a gauge; where two values have the same labels the lower one, which is the bad news."""
    lowest: dict[tuple[str, ...], float] = {}
    for labels, value in values:
        lowest[labels] = min(value, lowest.get(labels, value))
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in lowest.items():
        family.add_metric(labels, value)
    return family
