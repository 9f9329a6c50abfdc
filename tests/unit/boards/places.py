"""A site made of parts that a test can fill: spans, logs, pages, dashboards."""

from dataclasses import replace
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from meshdoctor.lab.boards.model import Dashboard, Link, Row, Target
from meshdoctor.lab.boards.site import Site
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.pager import Pager
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.traces import SpanStore
from meshdoctor.lab.webhook import Notification
from tests.unit.boards.samples import SEEN, TRACE, panel

LINK = Link("Runbook: Up", "https://example.org/docs/runbook.md#up")

P99 = replace(panel("timeseries", unit="s"), targets=(Target("up", "p99", exemplars=True),))
CALLS = Dashboard("grpc", "gRPC hot path", "What it is for.", (Row("Row", (P99,)),))
"""A dashboard whose one panel has exemplars."""


def board(title: str = "Overview", uid: str = "overview") -> Dashboard:
    """A dashboard with one panel."""
    row = Row("Row", (panel("timeseries", unit="s", links=(LINK,)),))
    return Dashboard(uid, title, "What it is for.", (row,))


def message(
    trace_id: str = TRACE, name: str = "GET /", took_ms: int = 5
) -> ExportTraceServiceRequest:
    """One span, as an exporter sends it."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = bytes.fromhex(trace_id), b"\x01" * 8, name
    span.start_time_unix_nano = int(SEEN.start * 1e9)
    span.end_time_unix_nano = span.start_time_unix_nano + took_ms * 1_000_000
    return request


def sources(
    logs: Path,
    prometheus: Prometheus | None = None,
    *messages: ExportTraceServiceRequest,
    boards: tuple[Dashboard, ...] = (),
    notifications: tuple[Notification, ...] = (),
    notes: tuple[str, ...] = (),
) -> Sources:
    """What a site shows."""
    store, pager = SpanStore(), Pager()
    for each in messages:
        store.add(each)
    for notification in notifications:
        pager.add(notification)
    return Sources(
        boards=boards or (board(),),
        prometheus=prometheus,
        spans=store,
        pager=pager,
        logs=logs,
        now=lambda: SEEN.end,
        notes=notes,
        links=(Link("page", "http://127.0.0.1:30997/"),),
    )


def site(
    logs: Path, prometheus: Prometheus | None = None, *rest: ExportTraceServiceRequest
) -> Site:
    """A site with one dashboard."""
    return Site(sources(logs, prometheus, *rest))
