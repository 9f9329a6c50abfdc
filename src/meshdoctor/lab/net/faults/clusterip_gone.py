"""kube-proxy's rules are gone from every node."""

from dataclasses import replace

from meshdoctor.lab.net.edges import Edge, Hop, Kind
from meshdoctor.lab.net.fault import REFUSED, NetworkFault
from meshdoctor.lab.net.probing import SILENT
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Topology


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return replace(rules, proxied=False)


def _cuts(edge: Edge, _hop: Hop) -> bool:
    return edge.kind in {Kind.CLUSTER_IP, Kind.NODE_PORT}


def _said(edge: Edge) -> str:
    # A Service's address leads nowhere; a NodePort's is the node's own, and nobody listens there.
    return REFUSED if edge.kind is Kind.NODE_PORT else SILENT


FAULT = NetworkFault("routing-clusterip-gone", _broken, _cuts, _said)
