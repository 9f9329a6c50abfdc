"""Every metric of the project, once: name, kind, labels, buckets, purpose.

Names are the stable OpenTelemetry ones in Prometheus form where such a name exists (semantic
conventions 1.45, `rpc` and `http`), so that `rpc.client.call.duration` reads
`rpc_client_call_duration_seconds`. Nothing else in the repository spells a metric's name, but for
the load test, which imports nothing of ours: a test holds its page against `LOAD`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DURATION_BUCKETS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
"""Upper bounds in seconds. 0.1 and 0.25 are the latency objectives: a bucket must end there."""


class Kind(StrEnum):
    """The Prometheus metric types in use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    Attributes:
        name: as Prometheus shows it, unit and `_total` included.
        kind: its type.
        help: one line, also the text of the exposition's HELP.
        labels: label names, in order.
        buckets: upper bounds in seconds, for histograms only.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _duration(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, text, labels, DURATION_BUCKETS)


HTTP_SERVER_DURATION: Final = _duration(
    "http_server_request_duration_seconds",
    "Time to answer an HTTP request, in seconds",
    "http_request_method",
    "http_route",
    "http_response_status_code",
)
HTTP_SERVER_ACTIVE: Final = Metric(
    "http_server_active_requests", Kind.GAUGE, "HTTP requests being answered now"
)
HTTP_SERVER_FRESHNESS: Final = Metric(
    "http_server_freshness_total",
    Kind.COUNTER,
    "Answers by how fresh their content was: live, stale or builtin",
    ("http_route", "freshness"),
)
RPC_CLIENT_DURATION: Final = _duration(
    "rpc_client_call_duration_seconds",
    "Time of a gRPC call as its caller sees it, second tries included, in seconds",
    "rpc_method",
    "rpc_response_status_code",
    "error_type",
)
RPC_CLIENT_ACTIVE: Final = Metric(
    "rpc_client_active_calls", Kind.GAUGE, "gRPC calls waiting for their answer", ("rpc_method",)
)
RPC_CLIENT_FAILURES: Final = Metric(
    "rpc_client_failures_total",
    Kind.COUNTER,
    "gRPC calls that did not end OK, by cause",
    ("rpc_method", "cause"),
)
RPC_CLIENT_DNS_FAILURES: Final = Metric(
    "rpc_client_dns_failures_total",
    Kind.COUNTER,
    "gRPC calls that failed in name resolution, by cause",
    ("cause",),
)
RPC_CLIENT_RETRIES: Final = Metric(
    "rpc_client_retries_total",
    Kind.COUNTER,
    "Second tries: sent to another backend, or denied by the retry budget",
    ("rpc_method", "outcome"),
)
RPC_CLIENT_BREAKER: Final = Metric(
    "rpc_client_breaker_state",
    Kind.GAUGE,
    "Breaker of a backend: 0 closed, 1 half-open, 2 open",
    ("server_address",),
)
DNS_LOOKUP_DURATION: Final = _duration(
    "dns_lookup_duration_seconds",
    "Time of a lookup of a backend's name, in seconds; error_type is empty on success",
    "dns_question_name",
    "error_type",
)
RPC_SERVER_DURATION: Final = _duration(
    "rpc_server_call_duration_seconds",
    "Time a handler took, in seconds",
    "rpc_method",
    "rpc_response_status_code",
    "error_type",
)
RPC_SERVER_ACTIVE: Final = Metric(
    "rpc_server_active_calls", Kind.GAUGE, "gRPC calls being handled now", ("rpc_method",)
)
TELEMETRY_SPANS: Final = Metric(
    "telemetry_spans_total",
    Kind.COUNTER,
    "Spans by what became of them: exported or dropped",
    ("outcome",),
)

CATALOGUE: Final = (
    HTTP_SERVER_DURATION,
    HTTP_SERVER_ACTIVE,
    HTTP_SERVER_FRESHNESS,
    RPC_CLIENT_DURATION,
    RPC_CLIENT_ACTIVE,
    RPC_CLIENT_FAILURES,
    RPC_CLIENT_DNS_FAILURES,
    RPC_CLIENT_RETRIES,
    RPC_CLIENT_BREAKER,
    DNS_LOOKUP_DURATION,
    RPC_SERVER_DURATION,
    RPC_SERVER_ACTIVE,
    TELEMETRY_SPANS,
)

"""What the services themselves tell: the toolbox makes every one of these."""

LOAD_USERS: Final = Metric("locust_users", Kind.GAUGE, "Users that the load test plays now")
LOAD_DURATION: Final = _duration(
    "locust_request_duration_seconds",
    "Time of a request as the load test sees it, in seconds",
    "method",
    "name",
)
LOAD_REQUESTS: Final = Metric(
    "locust_requests_total", Kind.COUNTER, "Requests of the load test", ("method", "name")
)
LOAD_FAILURES: Final = Metric(
    "locust_failures_total",
    Kind.COUNTER,
    "Requests of the load test whose answer was not what the contract promises",
    ("method", "name"),
)

LOAD: Final = (LOAD_USERS, LOAD_DURATION, LOAD_REQUESTS, LOAD_FAILURES)
"""What the load test tells of itself while it runs."""

_EDGE: Final = ("source_node", "target_node", "probe")

NODE_PROBE_SUCCESS: Final = Metric(
    "node_probe_success",
    Kind.GAUGE,
    "Whether the last probe from one node to another came through: 1 or 0",
    _EDGE,
)
NODE_PROBE_DURATION: Final = Metric(
    "node_probe_duration_seconds",
    Kind.GAUGE,
    "Time of the last probe from one node to another, in seconds",
    _EDGE,
)
EDGE_PROBE_SUCCESS: Final = Metric(
    "edge_probe_success",
    Kind.GAUGE,
    "Whether the last probe of a name server, backend, API or Service was answered: 1 or 0",
    ("source_node", "role", "ground", "target", "probe"),
)
TLS_NOT_BEFORE: Final = Metric(
    "tls_certificate_not_before_timestamp_seconds",
    Kind.GAUGE,
    "When the certificate that a server shows begins to hold, in Unix seconds",
    ("server_address",),
)
TLS_NOT_AFTER: Final = Metric(
    "tls_certificate_not_after_timestamp_seconds",
    Kind.GAUGE,
    "When the certificate that a server shows expires, in Unix seconds",
    ("server_address",),
)

AGENT: Final = (
    NODE_PROBE_SUCCESS,
    NODE_PROBE_DURATION,
    EDGE_PROBE_SUCCESS,
    TLS_NOT_BEFORE,
    TLS_NOT_AFTER,
)
"""What the agent on each node tells; `probe` is dns-udp, dns-tcp, tcp, grpc or large.

`NODE_PROBE_SUCCESS` and its duration are of the way between nodes: from agent to agent, and from
node to node, where `probe` is `node`: 0 when one of the other node's own ports is silent, and 1
where they answer or refuse. A silent name server is no silent node, so all else that an agent asks
is in `EDGE_PROBE_SUCCESS`, with the words of `meshdoctor.probes.mesh.evidence` for `role` and
`ground`. There 1 is any answer of a server that is well: a late one, and a name server's word that
a name or its address is not there. SERVFAIL, a refusal and silence are 0.
"""
