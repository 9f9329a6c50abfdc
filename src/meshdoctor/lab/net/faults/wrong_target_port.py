"""The Services of recommendations lead to a port on which nobody listens.

Where a NetworkPolicy names the right port, the wrong one is silent and not refused.
"""

from meshdoctor.lab.net.edges import Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.rules import Rules, with_services
from meshdoctor.lab.net.topology import Port, Topology

_WRONG = 55051


def _broken(rules: Rules, _topology: Topology) -> Rules:
    ports = (Port("grpc", 50051, _WRONG),)
    return with_services(rules, "recommendations", ports=ports)


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.target == "recommendations"


FAULT = NetworkFault("routing-wrong-target-port", _broken, _cuts)
