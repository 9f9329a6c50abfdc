"""What answers in the crowd beside the API: agents, kubelets, proxies, backends, DNS, a page."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import product
from typing import Any, Final

import dns.name
import grpc
from grpc_health.v1 import health, health_pb2_grpc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from meshdoctor.agent.answering import Answering
from meshdoctor.agent.edges import KUBELET_PORT, PROXY_PORT
from meshdoctor.agent.knowledge import AGENT_PORT
from meshdoctor.agent.probes.asking import ask
from meshdoctor.agent.ring import NEIGHBOURS
from meshdoctor.lab.bench.crowd.layout import (
    DNS_PORT,
    GRPC_PORT,
    METRICS_PORT,
    NAME,
    Layout,
)
from meshdoctor.lab.dnsanswers import Behaviour, Responder
from meshdoctor.lab.dnsserver import TcpServer, UdpServer
from meshdoctor.probes.mesh.evidence import INTERVAL_SECONDS, Ask, Edge, Ground, Role
from meshdoctor.telemetry.catalogue import CATALOGUE, Kind, Metric

_READ: Final = 4096
_ADDRESSES: Final = 10
_VALUES: Final = ("one", "another")

_KINDS: Final[Mapping[Kind, type[Counter | Gauge | Histogram]]] = {
    Kind.COUNTER: Counter,
    Kind.GAUGE: Gauge,
    Kind.HISTOGRAM: Histogram,
}

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@contextmanager
def backends(layout: Layout) -> Iterator[None]:
    """Have backends that tell their health, on an address each, all of them one server."""
    server = grpc.server(ThreadPoolExecutor(1))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    for number in layout.numbers:
        server.add_insecure_port(f"{layout.backend(number)}:{GRPC_PORT}")
    server.start()
    try:
        yield
    finally:
        server.stop(None).wait()


@contextmanager
def name_server(layout: Layout, host: str) -> Iterator[None]:
    """Have a name server that knows the backends."""
    addresses = tuple(map(layout.backend, layout.numbers))[:_ADDRESSES]
    responder = Responder({dns.name.from_text(NAME): addresses}, Behaviour)
    servers = [kind((host, DNS_PORT), responder.respond) for kind in (UdpServer, TcpServer)]
    threads = [threading.Thread(target=one.serve_forever, args=(0.1,)) for one in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@asynccontextmanager
async def neighbours(layout: Layout) -> AsyncIterator[None]:
    """Have all agents but the first one, and three of them ask it as it asks them."""
    hosts = [layout.agent(number) for number in layout.numbers[1:]]
    agents = [Answering(host, AGENT_PORT) for host in (*hosts, layout.agent_service)]
    for agent in agents:
        await agent.start()
    address = f"{layout.agent(1)}:{AGENT_PORT}"
    asking = [asyncio.create_task(_ask(address)) for _ in range(NEIGHBOURS)]
    try:
        yield
    finally:
        for task in asking:
            task.cancel()
        for agent in agents:
            agent.close()


@asynccontextmanager
async def streams(layout: Layout) -> AsyncIterator[None]:
    """Have every node's kubelet and kube-proxy, and the metrics page of a service."""
    page = metrics_page()
    places: list[tuple[str, int, Talk]] = [(layout.shop, METRICS_PORT, _saying(page))]
    for number in layout.numbers:
        places.append((layout.node(number), KUBELET_PORT, _hang_up))
        places.append((layout.node(number), PROXY_PORT, _saying(b"{}")))
    servers = [await asyncio.start_server(talk, host, port) for host, port, talk in places]
    try:
        yield
    finally:
        for server in servers:
            server.close()


def metrics_page() -> bytes:
    """Give a page as long as that of a service: every metric, with two values of each label."""
    registry = CollectorRegistry()
    for metric in CATALOGUE:
        _fill(metric, registry)
    return generate_latest(registry)


def _fill(metric: Metric, registry: CollectorRegistry) -> None:
    made = _KINDS[metric.kind](metric.name, metric.help, metric.labels, registry=registry)
    for values in product(_VALUES, repeat=len(metric.labels)):
        one = made.labels(*values) if values else made
        if isinstance(one, Histogram):
            one.observe(1.0)
        else:
            one.inc()


async def _ask(address: str) -> None:
    edges = [
        Edge(Role.AGENT, Ground.OTHER_NODE, how, "agent", "node", address)
        for how in (Ask.DNS_UDP, Ask.TCP, Ask.LARGE)
    ]
    while True:
        await asyncio.gather(*map(ask, edges))
        await asyncio.sleep(INTERVAL_SECONDS)


def _saying(body: bytes) -> Talk:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the asker may go at any time
            await reader.read(_READ)
            writer.write(head + body)
            await writer.drain()
        writer.close()

    return talk


async def _hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
