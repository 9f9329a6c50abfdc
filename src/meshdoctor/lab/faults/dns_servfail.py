"""The name servers answer that they failed."""

from meshdoctor.lab.faults.deeds import dns, heal_dns
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "dns-servfail",
    "cluster DNS answers SERVFAIL",
    hurt=dns("servfail"),
    heal=heal_dns,
    alert="DnsServerUnanswered",
)
