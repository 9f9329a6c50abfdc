"""The name servers' answers come late, but not too late for whoever asks."""

from meshdoctor.lab.faults.deeds import dns, heal_dns
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "dns-slow",
    "every answer of cluster DNS late",
    hurt=dns("slow"),
    heal=heal_dns,
    silent=(
        "calls go on to the addresses that are known: DnsLookupSlow is a ticket; answers later "
        "than the 0.5 s that a lookup waits for a server would ring DnsFailureRatioHigh"
    ),
)
