"""What makes a run pass, and what each thing that goes wrong makes of it."""

import json
import math
from dataclasses import replace

import pytest

from meshdoctor.lab.model import Objective, RunFacts, ScrapeTarget
from meshdoctor.lab.report.judge import judge
from tests.unit.report.samples import bad_run, good_run


def test_the_keys_are_the_interface() -> None:
    """`result.json` has exactly the promised keys, at every level."""
    result = judge(good_run())

    assert [
        "requests",
        "failures",
        "rps",
        "latency_ms",
        "slo",
        "degraded_pages",
        "causes",
        "traces",
        "scrape",
        "verdict",
        "reasons",
    ] == list(result)
    assert ["p50", "p95", "p99"] == list(result["latency_ms"])
    assert ["availability", "latency", "freshness", "correctness"] == list(result["slo"])
    assert ["target", "measured", "met"] == list(result["slo"]["latency"])
    assert ["received", "complete_ratio"] == list(result["traces"])
    assert ["targets", "up"] == list(result["scrape"])


def test_a_good_run_passes() -> None:
    """A run in which everything was seen and good passes and gives no reason."""
    result = judge(good_run())

    assert ("pass", []) == (result["verdict"], result["reasons"])
    assert {"received": 812, "complete_ratio": 1.0} == result["traces"]
    assert {"targets": 4, "up": 4} == result["scrape"]


def test_every_wrong_thing_is_named() -> None:
    """A failed run names each missed objective, the failures, traces and pages, and no more."""
    result = judge(bad_run())

    assert "fail" == result["verdict"]
    assert [
        "Objective availability was missed: 99.3 %, where the target is at least 99.9 %.",
        "Objective freshness was missed: 83 %, where the target is at least 99 %.",
        "54 of 8,170 requests failed.",
        "3 of 641 traces lack a span.",
        "The metrics page of recommendations at 127.0.0.12:9464 was down: connection refused.",
    ] == result["reasons"]


def _with_load(**changes: object) -> RunFacts:
    facts = good_run()
    return replace(facts, load=replace(facts.load, **changes))  # type: ignore[arg-type]


LATE = Objective("latency_p99", 250.0, 312.0, met=False, unit="ms")
UNKNOWN = Objective("latency", 0.99, math.nan, met=True, unit="ratio")
DOWN = ScrapeTarget("marketplace", "127.0.0.1:9464", up=False, last_error="", samples=0)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (
            _with_load(requests=0),
            "The load generator finished no request, so there is nothing to judge.",
        ),
        (
            _with_load(objectives=()),
            "The load generator reported no objective, so there is nothing to judge by.",
        ),
        (_with_load(failures=1), "1 of 8,184 requests failed."),
        (_with_load(exit_code=2), "The load generator ended with exit code 2."),
        (
            _with_load(objectives=(LATE,), exit_code=1),
            "Objective latency_p99 was missed: 312 ms, where the target is at most 250 ms.",
        ),
        (
            _with_load(objectives=(UNKNOWN,)),
            "Objective latency was not measured (target 99 %).",
        ),
        (
            replace(good_run(), traces=(), complete_traces=0),
            "No trace arrived although requests were sampled.",
        ),
        (
            replace(good_run(), traces=good_run().traces[:400], complete_traces=400),
            "Only 400 traces arrived where about 818 were sampled.",
        ),
        (replace(good_run(), complete_traces=811), "1 of 812 traces lacks a span."),
        (replace(good_run(), targets=()), "No metrics page was scraped."),
        (
            replace(good_run(), targets=(DOWN,)),
            "The metrics page of marketplace at 127.0.0.1:9464 was down.",
        ),
    ],
)
def test_one_wrong_or_missing_thing_fails_the_run(facts: RunFacts, reason: str) -> None:
    """Each breach and each missing piece of evidence fails the run alone, with one sentence."""
    result = judge(facts)

    assert ("fail", [reason]) == (result["verdict"], result["reasons"])


def test_no_trace_is_wanted_when_none_is_sampled() -> None:
    """With sampling off, a run without traces may pass."""
    result = judge(replace(good_run(), traces=(), complete_traces=0, sampling=0.0))

    assert "pass" == result["verdict"]
    assert {"received": 0, "complete_ratio": 0.0} == result["traces"]


def test_few_traces_are_luck_in_a_short_run() -> None:
    """Where under fifty traces are expected, missing some proves nothing and fails nothing."""
    facts = _with_load(requests=300)

    result = judge(replace(facts, traces=facts.traces[:9], complete_traces=9))

    assert "pass" == result["verdict"]


def test_the_result_is_always_json() -> None:
    """NaN and infinities, which JSON lacks, become null."""
    facts = _with_load(rps=math.inf, objectives=(UNKNOWN,))

    written = json.dumps(judge(facts), allow_nan=False)

    assert json.loads(written)["rps"] is None
    assert {"target": 0.99, "measured": None, "met": False} == json.loads(written)["slo"]["latency"]
