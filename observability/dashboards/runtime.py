"""What the processes need, and what watching them costs."""

from typing import Final

from meshdoctor.telemetry.catalogue import (
    HTTP_SERVER_ACTIVE,
    RPC_SERVER_ACTIVE,
    TELEMETRY_SPANS,
)
from observability import foreign, knobs
from observability.dashboards import cluster
from observability.dashboards.queries import (
    SHOP,
    WINDOW,
    at_least,
    increased,
    or_zero,
    series,
    up_to,
)
from observability.foreign import Source
from observability.model import Dashboard, Draw, Panel, Query, Row
from observability.promql import Name, rate, total

_OURS = f'job=~"{knobs.MARKETPLACE}|{knobs.RECOMMENDATIONS}"'
_JOBS = (
    *(knobs.MARKETPLACE, knobs.RECOMMENDATIONS, knobs.LOAD, knobs.AGENT),
    *(knobs.COREDNS, knobs.KUBELET, knobs.CADVISOR, *knobs.WATCHERS),
)
_WATCHED = f'job=~"{"|".join(_JOBS)}"'
_EACH = "{{job}} {{instance}}"
_THIRD = 8


def _of(name: Name, *matchers: str) -> str:
    return series(name, _OURS, *matchers)


def _split(expression: str) -> str:
    return total(expression, "job", "instance")


_PODS_KNOWN = f"count({series(foreign.POD_RESTARTS)})"
_LOST = series(TELEMETRY_SPANS, 'outcome="dropped"')

_PROCESSES = Row(
    "Processes",
    (
        Panel(
            title="CPU",
            description="Share of one core that each process uses. Python runs one thread at a "
            "time, so near 100 % a process is full: add replicas before latency climbs.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(Query(_split(rate(_of(foreign.PROCESS_CPU), WINDOW)), _EACH),),
            width=_THIRD,
        ),
        Panel(
            title="Memory",
            description="Resident memory. A line that only ever rises is a leak, and ends in "
            "OOMKilled at the limit of the Pod.",
            unit="bytes",
            draw=Draw.LINES,
            queries=(Query(_split(_of(foreign.PROCESS_MEMORY)), _EACH),),
            width=_THIRD,
            runbook="PodOOMKilled",
        ),
        Panel(
            title="Busy threads",
            description="Requests and calls being answered. Each has a thread of its own while it "
            "lasts, so this is the number of threads at work; idle ones of the pool are not "
            "counted. Flat at the size of the pool means that more wait in front.",
            unit="short",
            draw=Draw.LINES,
            queries=(
                Query(total(series(HTTP_SERVER_ACTIVE, SHOP), "instance"), "HTTP {{instance}}"),
                Query(total(series(RPC_SERVER_ACTIVE), "instance"), "gRPC {{instance}}"),
            ),
            width=_THIRD,
            runbook="GrpcLoadShedding",
        ),
        Panel(
            title="Open files",
            description="Files and sockets that each process holds, as a share of what it may. "
            "Steady growth is connections that nobody closes.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    f"{_split(_of(foreign.PROCESS_FILES))} / "
                    f"{_split(_of(foreign.PROCESS_MOST_FILES))}",
                    _EACH,
                ),
            ),
            width=_THIRD,
        ),
        Panel(
            title="Garbage collections",
            description="Runs of Python's collector by generation. Many of generation 2 cost time "
            "in the tail of the latency: something makes many objects that refer to each other.",
            unit="cps",
            draw=Draw.LINES,
            queries=(
                Query(
                    total(rate(_of(foreign.GC_COLLECTIONS), WINDOW), "job", "generation"),
                    "{{job}} generation {{generation}}",
                ),
            ),
            width=_THIRD,
        ),
        Panel(
            title="Objects collected",
            description="Objects that only the collector could free. Compare before and after a "
            "release; a jump is new code that builds cycles.",
            unit="cps",
            draw=Draw.LINES,
            queries=(Query(_split(rate(_of(foreign.GC_COLLECTED), WINDOW)), _EACH),),
            width=_THIRD,
        ),
        Panel(
            title="Time since start",
            description="How long each process has run. A sawtooth is a process that ends again "
            "and again: read its previous log.",
            unit="s",
            draw=Draw.LINES,
            queries=(
                Query(f"time() - max by (job, instance) ({_of(foreign.PROCESS_START)})", _EACH),
            ),
            runbook="PodCrashLooping",
        ),
        Panel(
            title="Metrics pages that answer",
            description="Up: Prometheus read the page. Down: the process is gone, hung, or cut off "
            "from Prometheus; then nothing else here is true of it.",
            unit="short",
            draw=Draw.STATES,
            queries=(Query(f"min by (job, instance) ({series(foreign.UP, _WATCHED)})", _EACH),),
            words={0.0: "down", 1.0: "up"},
            steps=at_least(1),
            source=Source.PROMETHEUS,
            runbook="TargetScrapeDown",
        ),
    ),
)

_TELEMETRY = Row(
    "What watching costs",
    (
        Panel(
            title="Spans",
            description="Spans by what became of them. Dropped means that the trace backend is "
            "away or too slow: traces have holes, requests do not suffer.",
            unit="cps",
            draw=Draw.LINES,
            queries=(Query(increased(TELEMETRY_SPANS, by=("outcome",)), "{{outcome}}"),),
            width=_THIRD,
            runbook="TelemetryDropped",
        ),
        Panel(
            title="Scrape duration",
            description="How long Prometheus took to read a metrics page. It must stay below the "
            "line, the time between two scrapes, or points go missing.",
            unit="s",
            draw=Draw.LINES,
            queries=(
                Query(
                    f"max by (job, instance) ({series(foreign.SCRAPE_SECONDS, _WATCHED)})", _EACH
                ),
            ),
            steps=up_to(knobs.SCRAPE_SECONDS),
            width=_THIRD,
            source=Source.PROMETHEUS,
            runbook="TargetScrapeDown",
        ),
        Panel(
            title="Samples per scrape",
            description="Series on each metrics page. A page that grows without end has a label "
            "with values that nobody bounds; from the line on a ticket is opened.",
            unit="short",
            draw=Draw.LINES,
            queries=(
                Query(
                    f"max by (job, instance) ({series(foreign.SCRAPE_SAMPLES, _WATCHED)})", _EACH
                ),
            ),
            steps=up_to(knobs.MOST_SAMPLES_PER_SCRAPE),
            width=_THIRD,
            source=Source.PROMETHEUS,
            runbook="MetricCardinalityHigh",
        ),
        Panel(
            title="Spans dropped in the chosen time",
            description="How many spans were lost. Any at all: see whether the trace backend takes "
            "them.",
            unit="short",
            draw=Draw.FIGURE,
            queries=(Query(f"sum(increase({_LOST}[$__range]))", "dropped"),),
            steps=up_to(1),
            width=_THIRD,
            runbook="TelemetryDropped",
        ),
        Panel(
            title="Series",
            description="Series that Prometheus holds of each job: samples per scrape, times "
            "instances. This is what the mesh costs in Prometheus' memory.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(total(series(foreign.SCRAPE_SAMPLES, _WATCHED), "job"), "{{job}}"),),
            stacked=True,
            width=_THIRD,
            source=Source.PROMETHEUS,
            runbook="MetricCardinalityHigh",
        ),
        Panel(
            title="New series per scrape",
            description="Series that Prometheus had not seen before. After a start it falls to "
            "nothing; if it does not, a label takes ever new values.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(total(series(foreign.SCRAPE_ADDED, _WATCHED), "job"), "{{job}}"),),
            width=_THIRD,
            source=Source.PROMETHEUS,
            runbook="MetricCardinalityHigh",
        ),
    ),
)

_PODS = Row(
    "Pods (told by kube-state-metrics)",
    (
        Panel(
            title="Restarts of containers",
            description="Restarts per Pod in the chosen time. One is a release or a bad moment; "
            "more is a loop: read the log of the run before.",
            unit="short",
            draw=Draw.LINES,
            queries=(
                Query(
                    f"sum by (pod) (increase({series(foreign.POD_RESTARTS)}[$__range]))", "{{pod}}"
                ),
            ),
            width=_THIRD,
            source=Source.CLUSTER,
            runbook="PodCrashLooping",
        ),
        Panel(
            title="Containers that wait, by reason",
            description="ImagePullBackOff and ErrImagePull are the image: its platform, its tag or "
            "the registry. CrashLoopBackOff is the process.",
            unit="short",
            draw=Draw.LINES,
            queries=(
                Query(
                    or_zero(total(series(foreign.POD_WAITING), "reason"), _PODS_KNOWN, "reason"),
                    "{{reason}}",
                ),
            ),
            width=_THIRD,
            source=Source.CLUSTER,
            runbook="ImagePullFailing",
        ),
        Panel(
            title="How containers last ended",
            description="OOMKilled wants more memory, or a leak found. Error is in the log of the "
            "run before.",
            unit="short",
            draw=Draw.LINES,
            queries=(
                Query(
                    or_zero(total(series(foreign.POD_LAST_ENDED), "reason"), _PODS_KNOWN, "reason"),
                    "{{reason}}",
                ),
            ),
            width=_THIRD,
            source=Source.CLUSTER,
            runbook="PodOOMKilled",
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="mesh-runtime",
    title="Runtime",
    description="CPU, memory, threads, files and collector of each process, and what metrics and "
    "traces cost. A process that is full or restarts explains latency and failures elsewhere.",
    rows=(_PROCESSES, _TELEMETRY, _PODS, cluster.NODES, cluster.WATCHERS),
)
"""Processes, telemetry, Pods, nodes, watchers."""
