"""The faults of the network, out of `lab/net/faults`: other rules while they last."""

from collections.abc import Iterator
from typing import Final

from meshdoctor.faults import FAULTS
from meshdoctor.lab.cluster.cluster import Cluster
from meshdoctor.lab.faults.scenario import Scenario
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.faults import network_faults

_NODES, _SERVERS = "NodeToNodeUnreachable", "DnsServerUnanswered"
_CALLS, _LOOKUPS = "RecommendationsUnavailableRate", "DnsFailureRatioHigh"

ALERTS: Final = {
    "network-nodes-blocked": _NODES,
    "network-overlay-blocked": _NODES,
    "network-one-way": _NODES,
    "network-large-packets": _NODES,
    "network-policy-dns": _LOOKUPS,
    "network-policy-app": _CALLS,
    "routing-clusterip-gone": "ServiceAddressSilent",
    "routing-no-endpoints": "ServiceWithoutAddress",
    "dns-timeout": _SERVERS,
    "dns-refused": _SERVERS,
    "dns-udp-lost": _SERVERS,
}
"""The page of each that wakes somebody."""

SILENT: Final = {
    "routing-wrong-target-port": (
        "the shop's name has no address of its own: it calls Pods by their own port, and all goes "
        "on; calls by a Service's address would ring RecommendationsUnavailableRate"
    ),
}
"""Why the others wake nobody in the lab."""


def network_scenarios() -> Iterator[Scenario]:
    """Yield a scenario for each."""
    return (_scenario(fault) for fault in network_faults().values())


def _scenario(fault: NetworkFault) -> Scenario:
    def hurt(cluster: Cluster) -> None:
        network = cluster.network
        network.apply(fault.broken(network.healthy, network.topology))

    code = fault.code
    alert, silent = ALERTS.get(code, ""), SILENT.get(code, "")
    return Scenario(code, FAULTS[code].meaning, hurt, _heal, alert=alert, silent=silent)


def _heal(cluster: Cluster) -> None:
    cluster.network.heal()
