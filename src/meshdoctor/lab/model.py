"""What a lab run saw, as plain data.

The lab's parts fill these objects (load, traces, Prometheus, metrics pages);
`meshdoctor.lab.report` only reads them. Nothing here does I/O, so a judgement can be
tested with hand-written facts.

Units: latencies are milliseconds, times are seconds (Unix epoch where absolute), span times
are nanoseconds since the epoch, as OTLP sends them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

SERVER = "SERVER"
CLIENT = "CLIENT"
ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Sample:
    """One second of load, as the load generator saw it.

    `at` is seconds since the load began; latencies are NaN-free and 0.0 when the second saw no
    request.
    """

    at: float
    users: int
    rps: float
    failures_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Objective:
    """One service level objective with what was measured. `unit` is "ratio", "ms" or "1/s".

    `meaning` says in words what was counted as good ("took less than 250 ms"): `good` of `total`.
    """

    name: str
    target: float
    measured: float
    met: bool
    unit: str
    meaning: str = ""
    good: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Latency:
    """Three quantiles of the response time, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class NamedResult:
    """What one request name of the load (say `GET /`) came to. Latencies in milliseconds."""

    method: str
    name: str
    requests: int
    failures: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The load generator's whole account of a run.

    `histogram` holds (upper bound in ms, count) per bucket, counts not cumulated.
    `exit_code` is the load process's own: 0, or non-zero when an objective was missed.
    `started` is when the first user began, seconds since the epoch.
    """

    requests: int
    failures: int
    rps: float
    latency_ms: Latency
    histogram: tuple[tuple[float, int], ...]
    per_name: tuple[NamedResult, ...]
    failures_by_text: Mapping[str, int]
    series: tuple[Sample, ...]
    objectives: tuple[Objective, ...]
    degraded_pages: int
    exit_code: int
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """One finished OpenTelemetry span.

    Ids are lower-case hex; `parent_id` is "" for a root. `kind` is OTLP's word without its
    prefix (SERVER, CLIENT, INTERNAL, ...), `status_code` is UNSET, OK or ERROR.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    service: str
    start_ns: int
    end_ns: int
    status_code: str
    status_message: str
    attributes: Mapping[str, str | int | float | bool]

    @property
    def duration_ms(self) -> float:
        """How long the span lasted, in milliseconds."""
        return (self.end_ns - self.start_ns) / 1e6

    @property
    def failed(self) -> bool:
        """Whether the span itself says it failed (status ERROR)."""
        return self.status_code == ERROR


@dataclass(frozen=True)
class Trace:
    """Spans of one trace id, oldest first."""

    trace_id: str
    spans: tuple[Span, ...]

    @cached_property
    def root(self) -> Span | None:
        """The one span without a parent; None when there is none or more than one."""
        roots = [span for span in self.spans if not span.parent_id]
        return roots[0] if len(roots) == 1 else None

    @property
    def duration_ms(self) -> float:
        """From the first start to the last end, in milliseconds."""
        first = min(span.start_ns for span in self.spans)
        return (max(span.end_ns for span in self.spans) - first) / 1e6

    @property
    def failed(self) -> bool:
        """Whether any span of it failed."""
        return any(span.failed for span in self.spans)

    def children(self, span: Span) -> tuple[Span, ...]:
        """The spans whose parent is `span`, oldest first."""
        return tuple(other for other in self.spans if other.parent_id == span.span_id)


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """One metrics page and whether it could be read. `samples` is the last scrape's count."""

    job: str
    instance: str
    up: bool
    last_error: str
    samples: int


@dataclass(frozen=True, slots=True)
class AlertSpan:
    """An alert that was pending or firing for a while.

    Attributes:
        name: as the rule says (`alertname`).
        labels: the others, `severity` and `cause` among them.
        state: `pending` or `firing`.
        start: when it was first seen so, Unix seconds.
        end: when it was first seen so no longer, or the end of the time that was looked at.
    """

    name: str
    labels: Mapping[str, str]
    state: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Everything a judgement may use.

    Attributes:
        load: the load generator's account.
        traces: every trace received, oldest first. `Trace` objects keep all their spans.
        complete_traces: how many of `traces` are complete (see `meshdoctor.lab.traces`).
        targets: the metrics pages that were scraped.
        causes: failed calls of the marketplace to its backend by cause (a word of
            `meshdoctor.faults`), from `rpc_client_failures_total`; causes with 0 are left out.
        freshness: pages and answers by freshness (live, stale, builtin), from
            `http_server_freshness_total`.
        started_at: when the load began, seconds since the epoch.
        seconds: how long the load lasted.
        versions: what ran, by name (python, grpcio, prometheus, ...).
        notes: sentences for the reader, such as "Prometheus was not to be had: ...".
        sampling: the share of requests that should have left a trace, 0..1. The default is what
            ships, so that forgetting it never excuses missing spans.
    """

    load: LoadResult
    traces: tuple[Trace, ...]
    complete_traces: int
    targets: tuple[ScrapeTarget, ...]
    causes: Mapping[str, int]
    freshness: Mapping[str, int]
    started_at: float
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sampling: float = 0.1


def group_traces(spans: Iterable[Span]) -> tuple[Trace, ...]:
    """Group spans by trace id; traces and their spans are ordered by start time."""
    by_id: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.start_ns):
        by_id.setdefault(span.trace_id, []).append(span)
    return tuple(Trace(trace_id, tuple(members)) for trace_id, members in by_id.items())
