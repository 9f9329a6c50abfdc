"""Trace context: the ids, the header, and a sampling decision that OpenTelemetry would take."""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from meshdoctor.telemetry.context import TraceContext, new_id, new_root, parse

ROOTS = 2_000
TENTH = 0.1
FOUR_SIGMA = 54  # of a binomial with 2,000 tries at 0.1: 4 * sqrt(2000 * 0.1 * 0.9)

contexts = st.builds(
    TraceContext, st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans()
)


def otel_samples(ratio: float, trace_id: int) -> bool:
    """Ask OpenTelemetry's own sampler."""
    result = TraceIdRatioBased(ratio).should_sample(None, trace_id, "GET /")
    return result.decision is Decision.RECORD_AND_SAMPLE


def test_a_tenth_is_a_tenth() -> None:
    """Of 2,000 roots at ratio 0.1 some 200 are sampled: within four standard deviations."""
    sampled = Counter(new_root(TENTH).sampled for _ in range(ROOTS))

    assert abs(sampled[True] - ROOTS * TENTH) <= FOUR_SIGMA


def test_the_decision_is_that_of_opentelemetry() -> None:
    """For the same trace id and ratio, the SDK's TraceIdRatioBased decides the same."""
    for ratio in (0.0, 0.01, TENTH, 0.5, 0.999, 1.0):
        roots = [new_root(ratio) for _ in range(ROOTS // 4)]

        assert [otel_samples(ratio, root.trace_id) for root in roots] == [
            root.sampled for root in roots
        ]


def test_the_ends_of_the_ratio_are_exact() -> None:
    """0 samples nothing and 1 everything."""
    assert {False} == {new_root(0.0).sampled for _ in range(ROOTS)}
    assert {True} == {new_root(1.0).sampled for _ in range(ROOTS)}


@given(contexts)
def test_the_header_survives_the_way(context: TraceContext) -> None:
    """What is sent is read back as it was, by us and by OpenTelemetry's propagator."""
    theirs = TraceContextTextMapPropagator().extract({"traceparent": context.traceparent})
    (span,) = theirs.values()
    seen = span.get_span_context()  # type: ignore[attr-defined]

    assert context == parse(context.traceparent)
    assert context == TraceContext(seen.trace_id, seen.span_id, seen.trace_flags.sampled)


@given(contexts)
def test_a_child_stays_in_its_trace(context: TraceContext) -> None:
    """A child has the trace and the decision of its parent, and an id of its own."""
    child = context.child()

    assert (context.trace_id, context.sampled) == (child.trace_id, child.sampled)
    assert context.span_id != child.span_id


@given(st.one_of(st.text(), st.from_regex(r"[0-9a-fA-F-]{50,60}", fullmatch=True)))
def test_what_is_no_traceparent_is_no_context(text: str) -> None:
    """Any text is read or refused, and what is refused is None, never an exception."""
    context = parse(text)

    well_formed = re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", text)
    assert context is None or well_formed


def test_zero_ids_are_refused() -> None:
    """W3C Trace Context forbids ids of zero, and none is ever made."""
    assert None is parse(f"00-{0:032x}-{1:016x}-01")
    assert None is parse(f"00-{1:032x}-{0:016x}-01")
    assert {1} == {new_id(1) for _ in range(64)}


def test_other_flags_do_not_matter() -> None:
    """Only the lowest flag says sampled; the others are for later versions."""
    assert parse(f"00-{1:032x}-{2:016x}-ff") == TraceContext(1, 2, sampled=True)
    assert parse(f"00-{1:032x}-{2:016x}-fe") == TraceContext(1, 2, sampled=False)
