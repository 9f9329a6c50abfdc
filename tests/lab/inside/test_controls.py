"""Nothing is judged in a network of which not every edge was seen to work."""

import pytest

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.controls import prove
from meshdoctor.lab.net.edges import Ask, Kind, edges
from meshdoctor.lab.net.faults import network_faults
from meshdoctor.lab.net.network import Network


def test_every_edge_of_the_healthy_network_works(net: Network) -> None:
    """Every kind of edge, every way of asking it, from Pods, nodes and outside."""
    survey = prove(net.topology, net.healthy)
    assert not survey.dead
    assert set(Kind) == {each.edge.kind for each in survey.outcomes}
    assert set(Ask) == {each.edge.ask for each in survey.outcomes}


def test_the_matrix_has_every_ground_and_every_way_of_asking(net: Network) -> None:
    """Same node, other node, ClusterIP x DNS over UDP, over TCP, TCP and 6 kB; nodes among them."""
    have = {(each.kind, each.ask) for each in edges(net.topology, net.healthy.services)}
    grounds = (Kind.SAME_NODE, Kind.OTHER_NODE, Kind.CLUSTER_IP)
    ways = (Ask.DNS_UDP, Ask.DNS_TCP, Ask.TCP, Ask.LARGE)
    assert {(ground, way) for ground in grounds for way in ways} <= have
    assert {(Kind.NODE_TO_NODE, way) for way in (Ask.UDP, Ask.TCP, Ask.LARGE)} <= have


def test_a_network_that_is_not_whole_is_told_clearly(net: Network) -> None:
    """How many edges, which first, and why: no traceback, and no verdict."""
    fault = network_faults()["network-policy-dns"]
    net.apply(fault.broken(net.healthy, net.topology))
    with pytest.raises(LabError) as told:
        prove(net.topology, net.healthy)
    first, second, *_ = str(told.value).splitlines()
    assert first.startswith("the healthy network does not work, so nothing may be judged in it: 12")
    assert "    marketplace-1 to coredns-1 (other node, dns udp): no answer" == second
