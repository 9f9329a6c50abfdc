"""Counts traces by entry, to see that each rival samples what it says."""

from collections import Counter

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from meshdoctor.lab.traces import SpanStore


class EntryCounts(SpanStore):
    """Counts root spans by the resource attribute `bench.entry`, and keeps none."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        self._roots: Counter[str] = Counter()

    def Export(  # noqa: N802 - gRPC's name
        self, request: trace_service_pb2.ExportTraceServiceRequest, _context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Take one message of spans."""
        for resource_spans in request.resource_spans:
            entry = next(
                (
                    attribute.value.string_value
                    for attribute in resource_spans.resource.attributes
                    if attribute.key == "bench.entry"
                ),
                "",
            )
            self._roots[entry] += sum(
                not span.parent_span_id
                for scope_spans in resource_spans.scope_spans
                for span in scope_spans.spans
            )
        return trace_service_pb2.ExportTraceServiceResponse()

    def roots(self) -> Counter[str]:
        """Return the number of traces seen, by entry."""
        return Counter(self._roots)
