"""What only a cluster can tell: probes, CoreDNS, nodes, and the watchers themselves.

These are scraped less often than the services, so rates have a window of their own.
"""

from typing import Final

from observability import foreign
from observability.dashboards.queries import at_least, series, up_to
from observability.foreign import Source
from observability.model import Draw, Panel, Query, Row
from observability.promql import quantile, rate, select, total

_WINDOW = "2m"  # eight scrapes of what is scraped slowly
_WIDTH = 8
_ANSWERS = {0.0: "no answer", 1.0: "answers"}
_TAKEN = {0.0: "refused", 1.0: "in use"}
_CONTAINER = ("pod", "container")
_FULL = 0.9  # of the memory that a container may have


def _answers(label: str) -> Query:
    return Query(total(rate(select(foreign.COREDNS_ANSWERS), _WINDOW), label), f"{{{{{label}}}}}")


COREDNS: Final = Row(
    "CoreDNS (as it sees itself)",
    (
        Panel(
            title="Answers of CoreDNS, by code",
            description="What it answered to everybody in the cluster. SERVFAIL is its upstream or "
            "the Kubernetes API; much NXDOMAIN is search lists at work. Nothing here while lookups "
            "fail above: queries do not arrive.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(_answers("rcode"),),
            stacked=True,
            width=_WIDTH,
            source=Source.CLUSTER,
            runbook="DnsFailureRatioHigh",
        ),
        Panel(
            title="Answers of CoreDNS, by server",
            description="Which Pod answers. One that falls to nothing is gone, or cut off from "
            "those who ask: compare with the probes below.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(_answers("instance"),),
            width=_WIDTH,
            source=Source.CLUSTER,
            runbook="DnsFailureRatioHigh",
        ),
        Panel(
            title="p99 at CoreDNS, by server",
            description="How long a server took, once it had the query. Low here and high above: "
            "the way there loses packets, and resolvers wait before they ask again.",
            unit="s",
            draw=Draw.LINES,
            queries=(
                Query(
                    quantile(0.99, foreign.COREDNS_BUCKETS, window=_WINDOW, by=("instance",)),
                    "{{instance}}",
                ),
            ),
            width=_WIDTH,
            source=Source.CLUSTER,
            runbook="DnsLookupSlow",
        ),
    ),
)

PROBES: Final = Row(
    "Probes (by the blackbox exporter, from Prometheus' own Pod)",
    (
        Panel(
            title="Who answers probes",
            description="The page through its Service, each backend's gRPC health, and DNS over "
            "UDP and TCP at each server and at the Service in front of them. Servers answer and "
            "the Service does not: kube-proxy. TCP answers and UDP does not: a firewall. Nothing "
            "answers on another node: the way between nodes.",
            unit="short",
            draw=Draw.STATES,
            queries=(
                Query(
                    f"min by (job, instance) ({select(foreign.PROBE_SUCCESS)})",
                    "{{job}} {{instance}}",
                ),
            ),
            words=_ANSWERS,
            steps=at_least(1),
            source=Source.CLUSTER,
            runbook="DnsFailureRatioHigh",
        ),
        Panel(
            title="Duration of probes",
            description="The slowest of each kind. Probes that fail at one and the same height ran "
            "out of time: their packets are dropped, not refused.",
            unit="s",
            draw=Draw.LINES,
            queries=(Query(f"max by (job) ({select(foreign.PROBE_SECONDS)})", "{{job}}"),),
            source=Source.CLUSTER,
            runbook="DnsLookupSlow",
        ),
    ),
)


def _throttled() -> str:
    part, whole = (
        total(rate(series(name), _WINDOW), *_CONTAINER)
        for name in (foreign.CONTAINER_THROTTLED, foreign.CONTAINER_PERIODS)
    )
    return f"{part} / {whole}"


def _memory() -> str:
    used, most = (
        f"max by ({', '.join(_CONTAINER)}) ({series(name)})"
        for name in (foreign.CONTAINER_MEMORY, foreign.CONTAINER_MOST_MEMORY)
    )
    return f"{used} / ({most} > 0)"  # 0 is a container without a limit


_FAILED_PULL = select(foreign.KUBELET_FAILURES, 'operation_type="pull_image"')
_PULLS = total(f"increase({_FAILED_PULL}[$__range])", "node")
_PODS = total(select(foreign.KUBELET_PODS), "node")

NODES: Final = Row(
    "Nodes and containers (told by the kubelets)",
    (
        Panel(
            title="CPU withheld",
            description="Share of the scheduler's periods in which a container used up its CPU "
            "limit and had to wait. Above zero while latency climbs: raise the limit or add "
            "replicas.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(Query(_throttled(), "{{pod}} {{container}}"),),
            width=6,
            source=Source.CLUSTER,
            runbook="GrpcDeadlineRatioHigh",
        ),
        Panel(
            title="Memory, as a share of the limit",
            description="What the kernel counts for a container against what it may have. At the "
            "top it is killed; a line that only rises is a leak.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(Query(_memory(), "{{pod}} {{container}}"),),
            steps=up_to(_FULL),
            width=6,
            source=Source.CLUSTER,
            runbook="PodOOMKilled",
        ),
        Panel(
            title="Pods by node",
            description="How many Pods run where. A node without a line is one whose kubelet "
            "Prometheus cannot reach: see whether it is Ready.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(_PODS, "{{node}}"),),
            width=6,
            source=Source.CLUSTER,
        ),
        Panel(
            title="Pulls of images that failed, by node",
            description="In the chosen time. On one node: its way to the registry, or its "
            "platform. On all: the image or the registry.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(f"{_PULLS} or {_PODS} * 0", "{{node}}"),),
            width=6,
            source=Source.CLUSTER,
            runbook="ImagePullFailing",
        ),
    ),
)


def _watcher(name: str) -> str:
    return rate(select(name), _WINDOW)


WATCHERS: Final = Row(
    "The watchers themselves",
    (
        Panel(
            title="Notifications that failed",
            description="Pages and tickets that Alertmanager could not deliver, and alerts that "
            "Prometheus could not hand to it. Above zero nobody may hear of a fault: look at the "
            "receivers first.",
            unit="cps",
            draw=Draw.LINES,
            queries=(
                Query(
                    total(_watcher(foreign.ALERTMANAGER_FAILURES), "integration"), "{{integration}}"
                ),
                Query(total(_watcher(foreign.PROMETHEUS_LOST_ALERTS)), "to Alertmanager"),
            ),
            steps=up_to(1e-9),
            width=_WIDTH,
            source=Source.CLUSTER,
            runbook="Watchdog",
        ),
        Panel(
            title="Configuration",
            description="Whether what was read last is in use. Refused: the file in the ConfigMap "
            "is wrong, the one before it still rules, and the log says which line.",
            unit="short",
            draw=Draw.STATES,
            queries=(
                Query(f"min({select(foreign.PROMETHEUS_CONFIG)})", "Prometheus"),
                Query(f"min({select(foreign.ALERTMANAGER_CONFIG)})", "Alertmanager"),
            ),
            words=_TAKEN,
            steps=at_least(1),
            width=_WIDTH,
            source=Source.CLUSTER,
            runbook="Watchdog",
        ),
        Panel(
            title="Rules that failed",
            description="Evaluations that ended in an error, per second. An alert whose rule fails "
            "is silent: Prometheus' own page of rules has the reason.",
            unit="cps",
            draw=Draw.LINES,
            queries=(Query(total(_watcher(foreign.PROMETHEUS_RULE_FAILURES)), "rules"),),
            steps=up_to(1e-9),
            width=_WIDTH,
            source=Source.PROMETHEUS,
            runbook="Watchdog",
        ),
        Panel(
            title="Series in Prometheus' memory",
            description="Series of the last hours. Each takes some kilobytes; growth without new "
            "Pods is a label that takes ever new values.",
            unit="short",
            draw=Draw.LINES,
            queries=(Query(f"sum({select(foreign.PROMETHEUS_SERIES)})", "series"),),
            source=Source.PROMETHEUS,
            runbook="MetricCardinalityHigh",
        ),
        Panel(
            title="Prometheus on disk",
            description="Blocks that are written. At its bound the oldest go, so that days of "
            "history are what suffers.",
            unit="bytes",
            draw=Draw.LINES,
            queries=(Query(f"sum({select(foreign.PROMETHEUS_BLOCKS)})", "blocks"),),
            source=Source.PROMETHEUS,
            runbook="MetricCardinalityHigh",
        ),
    ),
)
