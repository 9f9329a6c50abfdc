"""The Services of recommendations select Pods by a label that none has."""

from meshdoctor.lab.net.edges import Edge, Hop
from meshdoctor.lab.net.fault import NetworkFault, refused
from meshdoctor.lab.net.rules import Rules, with_services
from meshdoctor.lab.net.topology import Topology

_MISTYPED = {"app.kubernetes.io/name": "recomendations"}


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return with_services(rules, "recommendations", selector=_MISTYPED)


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.target == "recommendations"


FAULT = NetworkFault("routing-no-endpoints", _broken, _cuts, refused)
