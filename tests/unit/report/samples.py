"""Runs made up for the tests, the same everywhere: a good one, a bad one, a hostile one."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from meshdoctor.lab.model import (
    Latency,
    LoadResult,
    NamedResult,
    Objective,
    RunFacts,
    Sample,
    ScrapeTarget,
    Span,
    Trace,
)

STARTED = 1_793_000_000.0
SECONDS = 60
METHOD = "bookstore.recommendations.v1.RecommendationsService/GetRecommendations"
BACKENDS = ("127.0.0.11", "127.0.0.12", "127.0.0.13")

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}\x00\ud800\u202e"


def good_run() -> RunFacts:
    """A minute in which all went well."""
    traces = tuple(_trace(number) for number in range(1, 813))
    return RunFacts(
        load=_load(failing=False),
        traces=traces,
        complete_traces=len(traces),
        targets=tuple(_targets(down="")),
        causes={},
        freshness={"live": 7_431},
        started_at=STARTED,
        seconds=float(SECONDS),
        versions={"python": "3.11.2", "grpcio": "1.85.1", "prometheus": "2.42.0"},
    )


def bad_run() -> RunFacts:
    """A minute in which every backend was gone for ten seconds."""
    traces = (*(_trace(number) for number in range(1, 641)), _failed_trace())
    return RunFacts(
        load=_load(failing=True),
        traces=traces,
        complete_traces=len(traces) - 3,
        targets=tuple(_targets(down="127.0.0.12")),
        causes={"connect-refused": 611, "app-deadline": 42, "breaker-open": 1_204},
        freshness={"live": 5_612, "stale": 1_190, "builtin": 12},
        started_at=STARTED,
        seconds=float(SECONDS),
        versions={"python": "3.11.2", "grpcio": "1.85.1"},
        notes=("Prometheus was not to be had: it is neither on PATH nor among the packages.",),
    )


def hostile_run() -> RunFacts:
    """A run in which every text is an attack."""
    root = span(HOSTILE, HOSTILE, "", HOSTILE, HOSTILE, 0.0, 5.0, name=HOSTILE, error=HOSTILE)
    root = replace(root, attributes={HOSTILE: HOSTILE})
    name = NamedResult(HOSTILE, HOSTILE, 1, 1, math.nan, math.inf, -1.0)
    facts = bad_run()
    load = replace(
        facts.load,
        per_name=(name,),
        failures_by_text={HOSTILE: 1},
        objectives=(Objective(HOSTILE, 0.9, 0.1, met=False, unit=HOSTILE, meaning=HOSTILE),),
    )
    return RunFacts(
        load=load,
        traces=(Trace(HOSTILE, (root,)),),
        complete_traces=0,
        targets=(ScrapeTarget(HOSTILE, HOSTILE, up=False, last_error=HOSTILE, samples=0),),
        causes={HOSTILE: 1},
        freshness={HOSTILE: 1},
        started_at=0.0,
        seconds=1.0,
        versions={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
    )


def _load(*, failing: bool) -> LoadResult:
    draw = random.Random(7)  # noqa: S311 - figures for a picture, no secret
    series = tuple(_samples(draw, failing=failing))
    latencies = [draw.lognormvariate(1.6, 0.55) for _ in range(8_000)]
    latencies += [draw.uniform(90, 240) for _ in range(900 if failing else 25)]
    requests = sum(int(sample.rps) for sample in series)
    failures = sum(int(sample.failures_per_s) for sample in series)
    return LoadResult(
        requests=requests,
        failures=failures,
        rps=requests / SECONDS,
        latency_ms=_latency(latencies),
        histogram=tuple(sorted(Counter(_two_digits(value) for value in latencies).items())),
        per_name=tuple(_names(requests, failures)),
        failures_by_text={"HTTP 503": failures - 4, "no answer": 4} if failing else {},
        series=series,
        objectives=_objectives(requests, failing=failing),
        degraded_pages=1_202 if failing else 0,
        exit_code=1 if failing else 0,
    )


def _samples(draw: random.Random, *, failing: bool) -> Iterator[Sample]:
    for second in range(SECONDS):
        outage = failing and 25 <= second < 35
        rps = min(1.0, (second + 1) / 8) * 145 + draw.gauss(0, 6)
        p50 = (6.0 if outage else 4.8) + draw.gauss(0, 0.3)
        p99 = (220 if outage else 17) + draw.gauss(0, 3) + (30 if second == 41 else 0)
        yield Sample(
            at=float(second),
            users=min(20, (second + 1) * 3),
            rps=float(round(rps)),
            failures_per_s=float(draw.randint(2, 9)) if outage else 0.0,
            p50_ms=round(p50, 1),
            p95_ms=round(p99 * 0.62 + p50 * 0.2, 1),
            p99_ms=round(p99, 1),
        )


def _latency(latencies: list[float]) -> Latency:
    ordered = sorted(latencies)
    p50, p95, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99))
    return Latency(round(p50, 1), round(p95, 1), round(p99, 1))


def _two_digits(latency: float) -> float:
    """Round up to two significant digits, as the load generator's buckets do."""
    step = 10.0 ** max(math.floor(math.log10(latency)) - 1, -1)
    return round(math.ceil(latency / step) * step, 3)


def _names(requests: int, failures: int) -> Iterator[NamedResult]:
    yield NamedResult("GET", "/", requests * 6 // 10, failures, 4.6, 11.2, 17.9)
    yield NamedResult("GET", "/?category", requests * 2 // 10, 0, 4.9, 12.0, 19.4)
    yield NamedResult("GET", "/api/v1/recommendations", requests * 2 // 10, 0, 3.1, 8.8, 14.2)
    yield NamedResult("GET", "bad request (4xx expected)", requests // 50, 0, 0.8, 1.9, 3.0)


def _objectives(requests: int, *, failing: bool) -> tuple[Objective, ...]:
    rows = (
        ("availability", 0.999, 0.9932 if failing else 1.0, "got an answer, and not a 5xx"),
        ("latency", 0.99, 0.9914 if failing else 0.9991, "took less than 250 ms"),
        ("freshness", 0.99, 0.8313 if failing else 1.0, "showed live recommendations"),
        ("correctness", 1.0, 1.0, "kept the contract"),
    )
    return tuple(
        Objective(
            *(name, target, measured, measured >= target, "ratio", meaning),
            good=round(measured * requests),
            total=requests,
        )
        for name, target, measured, meaning in rows
    )


def _targets(*, down: str) -> Iterator[ScrapeTarget]:
    refused = "connection refused"
    yield ScrapeTarget("marketplace", "127.0.0.1:9464", up=True, last_error="", samples=412)
    for host in BACKENDS:
        up = host != down
        error = "" if up else refused
        yield ScrapeTarget("recommendations", f"{host}:9464", up, error, 298 if up else 0)


def span(  # noqa: PLR0913 - a span has that many sides
    trace_id: str,
    span_id: str,
    parent_id: str,
    kind: str,
    service: str,
    start_ms: float,
    took_ms: float,
    *,
    name: str = METHOD,
    error: str = "",
) -> Span:
    """A span that begins `start_ms` after the run; with `error` it failed with that message."""
    start = int(STARTED * 1e9) + int(start_ms * 1e6)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_id,
        name=name,
        kind=kind,
        service=service,
        start_ns=start,
        end_ns=start + int(took_ms * 1e6),
        status_code="ERROR" if error else "UNSET",
        status_message=error,
        attributes={"rpc.system.name": "grpc", "server.port": 50051},
    )


def _trace(number: int) -> Trace:
    """The page asks one backend; every 271st asks a second one because the first was slow."""
    trace_id, at = f"{number:032x}", number * 70.0
    late = 100.0 if number % 271 == 0 else 0.0
    web, rpc = "marketplace", "recommendations"
    spans = [
        span(trace_id, "a1", "", "SERVER", web, at, late + 6.1 + number % 5, name="GET /"),
        span(trace_id, "b1", "a1", "CLIENT", web, at + 1.2, late + 3.4),
        span(trace_id, "c1", "b1", "SERVER", rpc, at + 2.0 + late, 1.6),
    ]
    if late:
        spans.insert(2, span(trace_id, "c0", "b1", "SERVER", rpc, at + 2.0, late + 40, name=METHOD))
    return Trace(trace_id, tuple(spans))


def _failed_trace() -> Trace:
    trace_id, at = "f" * 32, 31_000.0
    refused = "UNAVAILABLE: failed to connect to all addresses"
    return Trace(
        trace_id,
        (
            span(trace_id, "a1", "", "SERVER", "marketplace", at, 206, name="GET /"),
            span(trace_id, "b1", "a1", "CLIENT", "marketplace", at + 1, 96, error=refused),
            span(trace_id, "b2", "a1", "CLIENT", "marketplace", at + 101, 99, error=refused),
        ),
    )
