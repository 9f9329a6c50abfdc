"""Which probe an edge calls for."""

from collections.abc import Coroutine
from typing import Any

from meshdoctor.agent.edges import PROXY_PORT
from meshdoctor.agent.probes.dns import ask_neighbour, ask_tcp, ask_udp
from meshdoctor.agent.probes.grpc import check_health
from meshdoctor.agent.probes.healthz import read_healthz
from meshdoctor.agent.probes.large import say_back
from meshdoctor.agent.probes.tcp import connect
from meshdoctor.agent.probes.trial import Trial, split, tried
from meshdoctor.probes.mesh.evidence import PROBE_SECONDS, Ask, Edge, Role


async def ask(edge: Edge, seconds: float = PROBE_SECONDS) -> Trial:
    """Try an edge once; never raise.

    Args:
        edge: what to try.
        seconds: that it may take.
    """
    return await tried(_work(edge), seconds)


def _work(edge: Edge) -> Coroutine[Any, Any, None]:
    if edge.ask is Ask.DNS_UDP:
        return ask_udp(edge.address, edge.name) if edge.name else ask_neighbour(edge.address)
    if edge.ask is Ask.DNS_TCP:
        return ask_tcp(edge.address, edge.name)
    if edge.ask is Ask.LARGE:
        return say_back(edge.address)
    if edge.ask is Ask.GRPC:
        return check_health(edge.address)
    if edge.role is Role.NODE and split(edge.address)[1] == PROXY_PORT:
        return read_healthz(edge.address)
    return connect(edge.address)
