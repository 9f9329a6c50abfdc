"""The Service's name is gone from DNS, though the Service is there."""

from meshdoctor.lab.faults.deeds import dns, heal_dns
from meshdoctor.lab.faults.scenario import Scenario

FAULT = Scenario(
    "dns-nxdomain",
    "cluster DNS says that the names of the shop do not exist",
    hurt=dns("nxdomain"),
    heal=heal_dns,
    alert="ServiceWithoutAddress",
)
