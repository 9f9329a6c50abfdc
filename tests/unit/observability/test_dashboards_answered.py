"""No panel is dead: in a healthy mesh that everybody watches, each query has an answer.

The series are modelled, one of each metric, so that those of the agents and of Kubernetes are among
them; promtool evaluates. What a live mesh answers is asked elsewhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from meshdoctor.telemetry.catalogue import (
    AGENT,
    CATALOGUE,
    LOAD,
    Kind,
    Metric,
)
from observability import foreign, knobs
from observability.foreign import Source
from tests.support.panels import QUERIES, filled
from tests.support.promtool import Answer, Sample, Trial, verdict

RULES = Path(__file__).resolve().parents[3] / "observability/generated/prometheus/rules.yaml"
STEP: Final = knobs.SCRAPE_SECONDS
SAMPLES: Final = 61
AT: Final = STEP * (SAMPLES - 1)
METHOD: Final = knobs.RPC_METHODS.replace(".+", "ListRecommendations")
HEALTHY: Final = {
    "rpc_method": METHOD,
    "rpc_response_status_code": "OK",
    "http_response_status_code": "200",
    "http_route": "/",
    "error_type": "",
    "freshness": "live",
    "cause": "app-error",
    "source_node": "one",
    "target_node": "two",
    "role": "dns",
}
OUTCOMES: Final = ("sent", "denied", "exported", "dropped")
JOBS: Final = {
    **dict.fromkeys(CATALOGUE, knobs.MARKETPLACE),
    **dict.fromkeys(LOAD, knobs.LOAD),
    **dict.fromkeys(AGENT, knobs.AGENT),
}
GROWING: Final = [float(sample) for sample in range(SAMPLES)]
STILL: Final = [1.0] * SAMPLES
NEVER: Final = [0.0] * SAMPLES


def named(name: str, labels: dict[str, str]) -> str:
    """Write a series' name."""
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}}"


def healthy(metric: Metric) -> Iterator[tuple[str, list[float]]]:
    """Yield the series of a metric while all is well."""
    job = JOBS[metric]
    labels = {label: HEALTHY.get(label, label) for label in metric.labels}
    labels |= {"job": job, "instance": "here:9464", "namespace": "bookstore"}
    if metric.kind is Kind.HISTOGRAM:
        bounds = [*(repr(bound) for bound in metric.buckets), "+Inf"]
        yield from (
            (named(f"{metric.name}_bucket", {**labels, "le": le}), GROWING) for le in bounds
        )
        yield named(f"{metric.name}_count", labels), GROWING
    elif "outcome" in labels:
        for outcome in OUTCOMES:
            yield named(metric.name, {**labels, "outcome": outcome}), NEVER
    elif "cause" in labels:
        yield named(metric.name, labels), NEVER
    else:
        yield named(metric.name, labels), GROWING if metric.kind is Kind.COUNTER else STILL


def others(source: Source, *jobs: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the series of others while all is well: no Pod waits, and none has ended badly."""
    quiet = {foreign.ALERTS, foreign.POD_WAITING, foreign.POD_LAST_ENDED}
    for name in (name for name, made_by in foreign.SOURCES.items() if made_by is source):
        for job in () if name in quiet else jobs:
            labels = {"job": job, "instance": "here:9464", "namespace": "bookstore"}
            labels |= {"generation": "0"} if source is Source.SERVICES else {}
            labels |= {"pod": "marketplace-0"} if source is Source.CLUSTER else {}
            labels |= {"operation_type": "pull_image"} if name == foreign.KUBELET_FAILURES else {}
            bounds = ({"le": "0.1"}, {"le": "+Inf"}) if name.endswith("_bucket") else ({},)
            grows = name.endswith(("_total", "_bucket"))
            for le in bounds:
                yield named(name, {**labels, **le}), GROWING if grows else STILL


def world() -> dict[str, list[Sample]]:
    """Return everything that is measured in a healthy mesh."""
    services = (knobs.MARKETPLACE, knobs.RECOMMENDATIONS)
    return {
        **{
            name: list(samples)
            for metric in (*CATALOGUE, *LOAD, *AGENT)
            for name, samples in healthy(metric)
        },
        **{name: list(samples) for name, samples in others(Source.SERVICES, *services)},
        **{name: list(samples) for name, samples in others(Source.PROMETHEUS, *services)},
        **{name: list(samples) for name, samples in others(Source.CLUSTER, "kube-state-metrics")},
    }


def trial(name: str, series: dict[str, list[Sample]], *, answered: bool) -> Trial:
    """Ask every query of every panel, and expect that each has an answer, or that none has."""
    expected = {"{}": 1.0} if answered else {}
    checks = tuple(
        Answer(AT, f"count({filled(query.expression)}) > bool 0", expected)
        for _panel, query in QUERIES
        if answered or foreign.ALERTS not in query.expression
    )
    return Trial(name, STEP, series, checks)


def test_every_query_has_an_answer_in_a_healthy_mesh(tmp_path: Path) -> None:
    """Where nothing fails, nothing but the good was ever counted: failures read 0 all the same."""
    healthy_mesh = trial("healthy", world(), answered=True)

    assert "" == verdict([healthy_mesh], RULES, tmp_path, every=STEP)


def test_no_query_makes_an_answer_up(tmp_path: Path) -> None:
    """Where nothing is measured no panel says "0 failures"."""
    unseen = trial("unseen", {named("another", {}): list(STILL)}, answered=False)

    assert "" == verdict([unseen], RULES, tmp_path, every=STEP)
