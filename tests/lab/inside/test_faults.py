"""Each fault of the network kills the edges that it says, spares the others, and heals whole."""

import pytest

from meshdoctor.faults import FAULTS, Layer
from meshdoctor.lab.net.controls import prove, survey
from meshdoctor.lab.net.edges import edges
from meshdoctor.lab.net.fault import Fate, NetworkFault
from meshdoctor.lab.net.faults import network_faults
from meshdoctor.lab.net.network import Network
from tests.support.cluster_net import said_in

NETWORK_FAULTS = network_faults()
PATIENCE = (1.0, 5.0)
"""What seems dead within the first many seconds is looked at once more: a machine may be busy."""


def test_every_fault_of_the_network_has_a_file() -> None:
    """The vocabulary's whole network layer; and no file has a word of its own."""
    network = {code for code, fault in FAULTS.items() if fault.layer is Layer.NETWORK}
    assert network <= set(NETWORK_FAULTS)
    assert set(NETWORK_FAULTS) <= set(FAULTS)


@pytest.mark.parametrize("fault", NETWORK_FAULTS.values(), ids=NETWORK_FAULTS)
def test_a_fault_kills_its_edges_and_no_others(fault: NetworkFault, net: Network) -> None:
    """Dead ones say what they are to say; where the way is by lot, either is right."""
    prove(net.topology, net.healthy)
    net.apply(fault.broken(net.healthy, net.topology))
    fates = {edge: fault.fate(edge) for edge in edges(net.topology, net.healthy.services)}
    wanted = {
        str(edge): fault.said(edge) if fate is Fate.DEAD else ""
        for edge, fate in fates.items()
        if fate is not Fate.BY_LOT
    }
    told: dict[str, str] = {}
    for seconds in PATIENCE:
        outcomes = survey(net.topology, net.healthy, seconds).outcomes
        told = {str(each.edge): each.error for each in outcomes if str(each.edge) in wanted}
        if wanted == told:
            break

    assert wanted == told
    assert {Fate.DEAD, Fate.ALIVE} <= set(fates.values())


@pytest.mark.parametrize("fault", NETWORK_FAULTS.values(), ids=NETWORK_FAULTS)
def test_healing_restores_everything(fault: NetworkFault, net: Network) -> None:
    """Every rule of every node and name server is the one from before, and every edge works."""
    before = rules(net)
    net.apply(fault.broken(net.healthy, net.topology))
    assert before != rules(net)
    net.heal()
    assert before == rules(net)
    prove(net.topology, net.healthy)


def rules(net: Network) -> dict[str, list[str]]:
    """What nft lists in every namespace, without counters."""
    return {name: said_in(name, "nft", "-s", "list", "ruleset") for name in net.topology.names}
