"""The judgement of a run: which facts make it "pass" and which make it "fail".

Pure: the same facts always give the same verdict, so a saved run can be judged again. The
keys of `Result` are the content of `result.json` and are an interface: scripts read them.
"""

from collections.abc import Iterator
from typing import Literal, TypedDict

from meshdoctor.lab.model import LoadResult, Objective, RunFacts
from meshdoctor.lab.report.numbers import count, finite, measure

# Sampling is a coin toss per request, so fewer traces than expected is normal; half of fifty is
# not (odds under 1 in 10,000). Below fifty the toss alone could explain it.
_ENOUGH_TO_COUNT = 50
_PLAUSIBLE_SHARE = 0.5


class Verdict(TypedDict):
    """One objective in `result.json`; `measured` is None when there was nothing to measure."""

    target: float | None
    measured: float | None
    met: bool


class Result(TypedDict):
    """The content of `result.json`. `latency_ms` has the keys p50, p95 and p99."""

    requests: int
    failures: int
    rps: float | None
    latency_ms: dict[str, float | None]
    slo: dict[str, Verdict]
    degraded_pages: int
    causes: dict[str, int]
    traces: dict[str, float]
    scrape: dict[str, int]
    verdict: Literal["pass", "fail"]
    reasons: list[str]


def judge(facts: RunFacts) -> Result:
    """Judge a run.

    The verdict is "pass" only when everything was seen and all of it was good. Missing
    evidence (no request, no objective, no metrics page, too few traces for the sampling ratio)
    fails the run just as a breach does. An incomplete trace fails it too, without tolerance:
    the services are stopped, and so have sent their last spans, before the facts are gathered.

    Args:
        facts: what the run saw.

    Returns:
        The content of `result.json`; `reasons` has one sentence for each thing that failed the
        run, and a missed objective is named in it. NaN and infinities become None, so the
        result is always valid JSON (RFC 8259 has no NaN).
    """
    load = facts.load
    reasons = list(_reasons(facts))
    return {
        "requests": load.requests,
        "failures": load.failures,
        "rps": finite(load.rps),
        "latency_ms": {
            "p50": finite(load.latency_ms.p50),
            "p95": finite(load.latency_ms.p95),
            "p99": finite(load.latency_ms.p99),
        },
        "slo": {objective.name: _verdict(objective) for objective in load.objectives},
        "degraded_pages": load.degraded_pages,
        "causes": dict(facts.causes),
        "traces": {"received": len(facts.traces), "complete_ratio": _complete_ratio(facts)},
        "scrape": {
            "targets": len(facts.targets),
            "up": sum(target.up for target in facts.targets),
        },
        "verdict": "fail" if reasons else "pass",
        "reasons": reasons,
    }


def _verdict(objective: Objective) -> Verdict:
    target, measured = finite(objective.target), finite(objective.measured)
    met = objective.met and None not in (target, measured)
    return {"target": target, "measured": measured, "met": met}


def _complete_ratio(facts: RunFacts) -> float:
    """Of the traces received, how many are complete; 0.0 when none was received."""
    return facts.complete_traces / len(facts.traces) if facts.traces else 0.0


def _reasons(facts: RunFacts) -> Iterator[str]:
    yield from _load_reasons(facts.load)
    yield from _trace_reasons(facts)
    yield from _scrape_reasons(facts)


def _load_reasons(load: LoadResult) -> Iterator[str]:
    if load.requests <= 0:
        yield "The load generator finished no request, so there is nothing to judge."
    elif not load.objectives:
        yield "The load generator reported no objective, so there is nothing to judge by."
    missed = [objective for objective in load.objectives if not _verdict(objective)["met"]]
    yield from map(_breach, missed)
    if load.failures:
        yield f"{count(load.failures)} of {count(load.requests)} requests failed."
    if load.exit_code and not missed:
        yield f"The load generator ended with exit code {load.exit_code}."


def _breach(objective: Objective) -> str:
    target = measure(finite(objective.target), objective.unit)
    if finite(objective.measured) is None:
        return f"Objective {objective.name} was not measured (target {target})."
    measured = measure(finite(objective.measured), objective.unit)
    bound = "at most" if objective.unit == "ms" else "at least"
    wanted = f"the target is {bound} {target}"
    return f"Objective {objective.name} was missed: {measured}, where {wanted}."


def _trace_reasons(facts: RunFacts) -> Iterator[str]:
    received, expected = len(facts.traces), facts.load.requests * facts.sampling
    incomplete = received - facts.complete_traces
    if not received and expected > 0:
        yield "No trace arrived although requests were sampled."
    elif expected >= _ENOUGH_TO_COUNT and received < expected * _PLAUSIBLE_SHARE:
        yield f"Only {count(received)} traces arrived where about {count(expected)} were sampled."
    if incomplete:
        lack = "lacks a span" if incomplete == 1 else "lack a span"
        yield f"{count(incomplete)} of {count(received)} traces {lack}."


def _scrape_reasons(facts: RunFacts) -> Iterator[str]:
    if not facts.targets:
        yield "No metrics page was scraped."
    for target in facts.targets:
        if not target.up:
            error = f": {target.last_error}" if target.last_error else ""
            yield f"The metrics page of {target.job} at {target.instance} was down{error}."
