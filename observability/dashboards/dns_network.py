"""What is under the calls: names, and the way from node to node."""

from typing import Final

from meshdoctor.telemetry.catalogue import (
    DNS_LOOKUP_DURATION,
    EDGE_PROBE_SUCCESS,
    NODE_PROBE_DURATION,
    NODE_PROBE_SUCCESS,
    RPC_CLIENT_DNS_FAILURES,
    TLS_NOT_AFTER,
    TLS_NOT_BEFORE,
)
from observability import knobs
from observability.dashboards import cluster
from observability.dashboards.queries import (
    HERE,
    WINDOW,
    at_least,
    buckets,
    counted,
    increased,
    or_zero,
    quantiles,
    share,
    up_to,
)
from observability.foreign import Source
from observability.model import Dashboard, Draw, Panel, Query, Row, Step
from observability.promql import quantile, select

_ANSWERED = 'error_type=""'
_FAILED = 'error_type!=""'
_THROUGH: Final = {0.0: "lost", 1.0: "through"}

_FAILED_LOOKUPS = or_zero(
    counted(DNS_LOOKUP_DURATION, _FAILED, by=("error_type",)),
    counted(DNS_LOOKUP_DURATION),
    "error_type",
    "failed",
)
_LOOKUPS = Row(
    "DNS lookups",
    (
        Panel(
            title="Latency of lookups",
            description="Where the lookups fall: the stronger a cell's colour, the more took that "
            "long. A band at whole seconds is a resolver that asks again after a lost packet.",
            unit="s",
            draw=Draw.HEATMAP,
            queries=buckets(DNS_LOOKUP_DURATION),
            runbook="DnsLookupSlow",
        ),
        Panel(
            title="Lookup latency quantiles",
            description="The objective wants lookups below the first line; from the second on a "
            "ticket is opened. If all names are slow, scale CoreDNS and check its upstream.",
            unit="s",
            draw=Draw.LINES,
            queries=quantiles(DNS_LOOKUP_DURATION),
            steps=(
                Step("good"),
                Step("warn", knobs.DNS_LATENCY_SECONDS),
                Step("bad", knobs.DNS_SLOW_SECONDS),
            ),
            runbook="DnsLookupSlow",
        ),
        Panel(
            title="Lookups by outcome",
            description="Answered, or failed in the runbook's words. dns-timeout on one node is "
            "that node's way to CoreDNS; everywhere, it is CoreDNS. dns-nxdomain is a name that "
            "does not exist: a wrong target or a Service that is gone.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(
                Query(counted(DNS_LOOKUP_DURATION, _ANSWERED), "answered"),
                Query(_FAILED_LOOKUPS, "{{error_type}}"),
            ),
            stacked=True,
            runbook="DnsFailureRatioHigh",
        ),
        Panel(
            title="Share of lookups failed, by caller",
            description="One caller above the line: its node or its network policy. All of them: "
            "the DNS server or the name.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(
                Query(
                    share(
                        counted(DNS_LOOKUP_DURATION, _FAILED, by=("instance",)),
                        counted(DNS_LOOKUP_DURATION, by=("instance",)),
                    ),
                    "{{instance}}",
                ),
            ),
            steps=up_to(knobs.DNS_FAILURE_RATIO),
            runbook="DnsFailureRatioHigh",
        ),
        Panel(
            title="Calls failed in name resolution, by cause",
            description="gRPC calls that never left because no address was known. Nothing here "
            "while lookups fail means that callers still live on the addresses they remember.",
            unit="reqps",
            draw=Draw.LINES,
            queries=(Query(increased(RPC_CLIENT_DNS_FAILURES, by=("cause",)), "{{cause}}"),),
            stacked=True,
            runbook="DnsFailureRatioHigh",
        ),
        Panel(
            title="p99 of lookups by name",
            description="One slow name is its zone or its upstream. All names together are the "
            "DNS server or the way to it.",
            unit="s",
            draw=Draw.LINES,
            queries=(
                Query(
                    quantile(
                        0.99, DNS_LOOKUP_DURATION, HERE, window=WINDOW, by=("dns_question_name",)
                    ),
                    "{{dns_question_name}}",
                ),
            ),
            steps=up_to(knobs.DNS_SLOW_SECONDS),
            runbook="DnsLookupSlow",
        ),
    ),
)

_NODES = Row(
    "Node to node (made by the agent on each node)",
    (
        Panel(
            title="Which node reaches which",
            description="Rows are where a probe starts, columns where it goes; lost means that at "
            "least one kind of probe failed last time. A lost row or column is a node; everything "
            "but the diagonal is the overlay or a firewall between the nodes.",
            unit="short",
            draw=Draw.TABLE,
            queries=(
                Query(
                    f"min by (source_node, target_node) ({select(NODE_PROBE_SUCCESS)})",
                    "{{source_node}} {{target_node}}",
                ),
            ),
            words=_THROUGH,
            steps=at_least(1),
            matrix=("source_node", "target_node"),
            source=Source.AGENT,
            runbook="NodeToNodeUnreachable",
        ),
        Panel(
            title="Probes over time, by kind",
            description="Lost means lost between at least one pair of nodes. All but node: the "
            "overlay. node too: the nodes' own addresses are cut off. Only large: the MTU of the "
            "overlay. Only dns-udp: UDP is dropped.",
            unit="short",
            draw=Draw.STATES,
            queries=(Query(f"min by (probe) ({select(NODE_PROBE_SUCCESS)})", "{{probe}}"),),
            words=_THROUGH,
            steps=at_least(1),
            source=Source.AGENT,
            runbook="NodeToNodeUnreachable",
        ),
        Panel(
            title="Pairs of nodes that lose probes",
            description="How many pairs lose each kind of probe. One pair is a node's rule or "
            "route; all pairs are the overlay.",
            unit="short",
            draw=Draw.LINES,
            queries=(
                Query(f"sum by (probe) ({select(NODE_PROBE_SUCCESS)} == bool 0)", "{{probe}}"),
            ),
            source=Source.AGENT,
            runbook="NodeToNodeUnreachable",
        ),
        Panel(
            title="Probe duration, slowest pair",
            description="How long the last probes took, by kind, between the two nodes where it "
            "took longest. A step up that stays is a detour or a busy link.",
            unit="s",
            draw=Draw.LINES,
            queries=(Query(f"max by (probe) ({select(NODE_PROBE_DURATION)})", "{{probe}}"),),
            source=Source.AGENT,
            runbook="NodeToNodeUnreachable",
        ),
    ),
)

_SERVICES_AND_SERVERS: Final = select(EDGE_PROBE_SUCCESS, 'role=~"dns|agent"')
_ANSWERS: Final = {0.0: "silent", 1.0: "answers"}

_EDGES = Row(
    "Name servers, Services, backends (asked by the agent on each node)",
    (
        Panel(
            title="Which node is answered by whom",
            description="Rows are nodes, columns the name servers and Services that the agent "
            "there asks. A silent column is that server. A silent cell of a Service whose servers "
            "answer is kube-proxy on that node; silent servers on other nodes are the way there.",
            unit="short",
            draw=Draw.TABLE,
            queries=(
                Query(
                    f"min by (source_node, target) ({_SERVICES_AND_SERVERS})",
                    "{{source_node}} {{target}}",
                ),
            ),
            words=_ANSWERS,
            steps=at_least(1),
            matrix=("source_node", "target"),
            source=Source.AGENT,
            runbook="DnsServerUnanswered",
        ),
        Panel(
            title="Answers over time, by ground",
            description="Silent means silent for at least one node. dns cluster-ip alone: the "
            "rules behind Services' addresses are gone. dns on all grounds: the servers. Only what "
            "is on another node: the way between nodes.",
            unit="short",
            draw=Draw.STATES,
            queries=(
                Query(
                    f"min by (role, ground) ({select(EDGE_PROBE_SUCCESS)})", "{{role}} {{ground}}"
                ),
            ),
            words=_ANSWERS,
            steps=at_least(1),
            source=Source.AGENT,
            runbook="ServiceAddressSilent",
        ),
    ),
)

_LEFT: Final = f"({select(TLS_NOT_AFTER)} - time())"
_LIFE: Final = f"({select(TLS_NOT_AFTER)} - {select(TLS_NOT_BEFORE)})"

_TLS = Row(
    "Certificates (seen by the agent)",
    (
        Panel(
            title="Share of its life that a certificate has left",
            description="Per address that shows one. cert-manager renews when a third is left. "
            "Below the upper line find out why it has not, below the lower one renew now: at zero "
            "every new connection fails.",
            unit="percentunit",
            draw=Draw.LINES,
            queries=(Query(f"min by (server_address) ({_LEFT} / {_LIFE})", "{{server_address}}"),),
            steps=(
                Step("bad"),
                Step("warn", 1 / knobs.TLS_CRITICAL_PART),
                Step("good", 1 / knobs.TLS_SOON_PART),
            ),
            width=24,
            height=6,
            most=1,
            source=Source.AGENT,
            runbook="TlsCertExpirySoon",
        ),
    ),
)

DASHBOARD: Final = Dashboard(
    uid="mesh-dns-network",
    title="DNS and network",
    description="What calls stand on. Read from the bottom: if nodes do not reach each other, DNS "
    "and gRPC fail because of that; if names do not resolve, gRPC does.",
    rows=(_LOOKUPS, cluster.COREDNS, cluster.PROBES, _EDGES, _NODES, _TLS),
)
"""Lookups, CoreDNS, probes, the matrix of nodes, certificates."""
