"""The very NetworkPolicies of the manifests, tried on packets.

The other side of the comparison is the evaluator that docs/network.md is held against.
"""

import asyncio
from itertools import product

from meshdoctor.lab.net.echoes import echoing
from meshdoctor.lab.net.edges import Ask, Edge
from meshdoctor.lab.net.network import Network
from meshdoctor.lab.net.probing import Outcome, try_all
from meshdoctor.lab.net.topology import Pod
from tests.support.cluster_net import edge
from tests.support.network_policies import Peer, allowed

PORTS = (8080, 9464, 50051, 4317)
PROTOCOLS = {Ask.TCP: "TCP", Ask.UDP: "UDP", Ask.DNS_UDP: "UDP", Ask.DNS_TCP: "TCP"}


def asks(pod: Pod) -> list[tuple[Ask, int]]:
    """Everything that is tried on a Pod."""
    dns = [(Ask.DNS_UDP, 53), (Ask.DNS_TCP, 53)] if "k8s-app" in pod.labels else []
    return [*dns, *product((Ask.TCP, Ask.UDP), PORTS)]


async def outcomes(edges: list[Edge], pods: tuple[Pod, ...]) -> tuple[Outcome, ...]:
    """Try edges while every Pod answers on every port."""
    async with echoing((pod.name, pod.address, port) for pod, port in product(pods, PORTS)):
        return await try_all(edges, 2.0)


def test_packets_pass_where_the_policies_let_them_and_nowhere_else(net: Network) -> None:
    """Every Pod to every other, on every port that a policy names, over TCP and UDP."""
    pods = net.topology.pods
    wanted = {
        edge(source.name, ask, target.address, port): allowed(
            net.healthy.policies, peer(source), peer(target), port, PROTOCOLS[ask]
        )
        for source, target in product(pods, pods)
        if source != target
        for ask, port in asks(target)
    }
    seen = {each.edge: each for each in asyncio.run(outcomes(list(wanted), pods))}
    wrong = [
        f"{each} is {'open' if seen[each].alive else seen[each].error}, to be open is {may}"
        for each, may in wanted.items()
        if may != seen[each].alive
    ]
    assert [] == wrong
    assert {True, False} == set(wanted.values())


def test_a_policy_is_silent(net: Network) -> None:
    """What a policy forbids is dropped, as Calico drops it: nothing comes back."""
    (source,) = (pod for pod in net.topology.pods if pod.name == "coredns-1")
    (target,) = (pod for pod in net.topology.pods if pod.name == "recommendations-1")
    forbidden = [edge(source.name, ask, target.address, 50051) for ask in (Ask.TCP, Ask.UDP)]
    errors = {each.error for each in asyncio.run(outcomes(forbidden, net.topology.pods))}
    assert {"no answer"} == errors


def peer(pod: Pod) -> Peer:
    """A Pod as the evaluator sees it."""
    return Peer(pod.namespace, dict(pod.labels))
