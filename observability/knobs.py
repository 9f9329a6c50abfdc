"""Every number and address that somebody may want to turn, in one place.

Whoever changes one runs `nox -s observability` and commits what it writes.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from meshdoctor import faults

RUNBOOK: Final = faults.RUNBOOK
"""Where docs/runbook.md is read; every alert links to a heading of it."""

GRAFANA: Final = "http://localhost:3000"
"""Where dashboards are read: Grafana behind a port-forward, or the local view of `./mesh up`."""

PROMETHEUS: Final = "http://prometheus.monitoring.svc.cluster.local:9090"
TRACES: Final = "http://jaeger.monitoring.svc.cluster.local:16686"
GRAFANA_DASHBOARDS: Final = "/etc/grafana/dashboards"
"""Where a provisioned Grafana finds metrics, traces (Jaeger), and the generated dashboards."""

NAMESPACE: Final = "bookstore"
"""The Kubernetes namespace of the two services, for the objects that select them."""

AGENT_NAMESPACE: Final = "meshdoctor"
"""That of the agents."""

MARKETPLACE: Final = "marketplace"
RECOMMENDATIONS: Final = "recommendations"
LOAD: Final = "load"
AGENT: Final = "mesh-agent"
COREDNS: Final = "coredns"
KUBELET: Final = "kubelet"
CADVISOR: Final = "cadvisor"
"""Scrape jobs. A job that is the name of a service is that service's."""

WATCHERS: Final = (
    *("prometheus", "alertmanager", "kube-state-metrics"),
    *("opentelemetry-collector", "jaeger"),
)
"""Scrape jobs of those who watch, in the cluster."""

RPC_METHODS: Final = "bookstore.recommendations.v1.RecommendationsService/.+"
"""The calls that the objectives of recommendations are about, as a regular expression."""

PROBE_ROUTES: Final = "/healthz|/readyz"
"""Routes that only the kubelet asks for: no visitor gains or loses by their answers."""

SCRAPE_SECONDS: Final = 5
"""Between two scrapes of the services. A page of 500 samples costs them next to nothing."""

SCRAPE_TIMEOUT_SECONDS: Final = 4

SLOW_SCRAPE_SECONDS: Final = 15
"""Between two scrapes of what changes slowly: nodes, CoreDNS, the watchers themselves."""

METRICS_PORT: Final = 9464
"""Of every service; in Kubernetes it is named `metrics`."""

EVALUATE_SECONDS: Final = 5
"""Between two looks at the causes; objectives, which move slowly, are looked at every 30 s."""

EVALUATE_OBJECTIVES_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long a fault must last before it is one.

    At each evaluation a fault is seen or not, judged by the last `look` seconds. It is reported
    when it was seen in at least `seen` of the evaluations of the last `window` seconds. So a blip
    of 20 s stays silent whatever the traffic, a fault that comes and goes is still found, and one
    missing scrape resets nothing. (An ordinary ratio over a minute with `for: 1m` can do neither:
    a blip of 20 s keeps such a ratio up for 80 s.)
    """

    look: int
    window: int
    seen: int


PERSISTENCE: Final = Persistence(look=15, window=60, seen=8)

AGENT_SEEN: Final = 7
"""Of the same evaluations, for what an agent saw. A gauge looks back no further than one round, and
what failed was tried twice: a blip of 20 s is in at most 6 of them."""

PULLS_SEEN: Final = 9
"""Of the same evaluations, for an image that does not come. The first two tries may fail: a kubelet
makes them within 40 s."""

AFTER_NETWORK: Final = "10s"
AFTER_DNS: Final = "20s"
AFTER_CALLS: Final = "20s"
"""How long pages wait for the page that may explain them: those about lookups and calls for the
network's, those about calls that failed in name resolution for DNS's, and the one about a name
without an address for that of calls to Pods that are down. An agent asks every 5 s and gives each
question up to 2 s, a call fails at once."""

KEEP_AGENTS: Final = "20s"
KEEP_CERTIFICATE: Final = "45s"
"""How long what agents see goes on firing when it is over: the pages that it explains remember a
fault for longer, and would ring when it falls silent."""

BUDGET_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Tier:
    """One speed of burning the error budget: the SRE workbook, chapter 5, alerts on two windows.

    Attributes:
        name: ends the alert's name.
        burn: how many times faster than sustainable.
        long: the window that must show it.
        short: the window that must show it too, so that the alert ends soon after the cause.
        hold: how long both must show it.
        severity: `page` or `ticket`.
    """

    name: str
    burn: float
    long: str
    short: str
    hold: str
    severity: str


TIERS: Final = (
    Tier("Fast", 14.4, "1h", "5m", "2m", "page"),
    Tier("High", 6, "6h", "30m", "15m", "page"),
    Tier("Slow", 3, "1d", "2h", "1h", "ticket"),
    Tier("Chronic", 1, "3d", "6h", "3h", "ticket"),
)

LEAST_EVENTS_PER_SECOND: Final = 0.1
"""Below it, over a tier's short window, a ratio says nothing: one unlucky visitor is 50 %."""

LEAST_ERRORS: Final = 10
"""Fewer bad events in a tier's long window are bad luck. It matters while that window is young:
three late lookups in the first five minutes of a Prometheus are 5 % of them all."""

OBJECTIVES: Final = MappingProxyType(
    {
        "marketplace-availability": 0.999,
        "marketplace-latency": 0.99,
        "marketplace-freshness": 0.99,
        "recommendations-availability": 0.995,
        "recommendations-latency": 0.99,
        "dns-lookups": 0.999,
    }
)
"""Share of good events over `BUDGET_DAYS`, by objective."""

BUDGET_LOW_RATIO: Final = 0.2
"""Of a budget, what a single incident may take (SRE workbook, example error budget policy)."""

MARKETPLACE_LATENCY_SECONDS: Final = 0.25
RECOMMENDATIONS_LATENCY_SECONDS: Final = 0.1
DNS_LATENCY_SECONDS: Final = 0.1
"""A histogram's bucket must end at each of these."""

UNAVAILABLE_RATIO: Final = 0.05
ERROR_RATIO: Final = 0.05
DNS_FAILURE_RATIO: Final = 0.1
SHEDDING_PAGE_RATIO: Final = 0.05
SHEDDING_TICKET_RATIO: Final = 0.02
DEADLINE_TICKET_RATIO: Final = 0.05
RETRY_RATIO: Final = 0.2
DNS_SLOW_SECONDS: Final = 0.5
"""Thresholds of the alerts by cause: shares of calls or lookups, and seconds."""

TLS_SOON_PART: Final = 4
TLS_SOON_SECONDS: Final = 21 * 24 * 3600
TLS_CRITICAL_PART: Final = 6
TLS_CRITICAL_SECONDS: Final = 3 * 24 * 3600
"""What a certificate has left at most when it is told of: a quarter or a sixth of its life, and so
many seconds.

cert-manager renews when a third is left, so a leaf that it renews is never told of, however short
its life. Of a year a quarter would be three months: the seconds bound it.
"""

MOST_SAMPLES_PER_SCRAPE: Final = 2000
SAMPLE_LIMIT: Final = 10_000
"""A page longer than that is not stored at all; long before, a ticket says that it grows."""

ALERTMANAGER: Final = "alertmanager.monitoring.svc.cluster.local:9093"
KUBE_STATE_METRICS: Final = "kube-state-metrics.monitoring.svc.cluster.local:8080"
"""Where a Prometheus that is configured by hand finds them."""

PAGE_WEBHOOK: Final = "http://pager.monitoring.svc:8080/page"
TICKET_WEBHOOK: Final = "http://pager.monitoring.svc:8080/ticket"
"""Where Alertmanager sends pages and tickets, as JSON; put your own there."""

GROUP_WAIT_SECONDS: Final = 5
GROUP_INTERVAL_SECONDS: Final = 10
REPEAT_INTERVAL: Final = "4h"
"""Alertmanager: how long alerts gather before the page, between updates, before a reminder."""
