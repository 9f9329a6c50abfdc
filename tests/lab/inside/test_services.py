"""Services as kube-proxy makes them: where a connection ends, and whom it seems to come from."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from meshdoctor.lab.net.edges import Ask
from meshdoctor.lab.net.network import Network
from meshdoctor.lab.net.seed import named
from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.net.topology import VISITOR, Pod
from tests.support.cluster_net import edge, tried

BY_ADDRESS = ("10.96.50.51", 50051)


@contextmanager
def listening(pods: tuple[Pod, ...], port: int) -> Iterator[dict[str, socket.socket]]:
    """A socket in each Pod that accepts connections."""
    with ExitStack() as stack:
        servers = {}
        for pod in pods:
            with within(pod.name):
                server = socket.create_server((pod.address, port))
            server.settimeout(5)
            servers[pod.name] = stack.enter_context(server)
        yield servers


def seen_from(source: str, address: tuple[str, int], server: socket.socket) -> str:
    """Connect, and say whom the other side sees."""
    with within(source):
        client = socket.create_connection(address, 5)
    with client:
        accepted, (host, _) = server.accept()
        accepted.close()
    return str(host)


def test_every_endpoint_gets_its_share(net: Network) -> None:
    """Sixty connections to the ClusterIP reach all three Pods (missing one has odds of 1e-10)."""
    pods = named(net.topology, "recommendations")
    with listening(pods, 50051) as servers:
        with within("marketplace-1"):
            clients = [socket.create_connection(BY_ADDRESS, 5) for _ in range(60)]
        for client in clients:
            client.close()
        reached = set()
        for name, server in servers.items():
            server.settimeout(0)
            try:
                server.accept()[0].close()
                reached.add(name)
            except BlockingIOError:
                continue
    assert {pod.name for pod in pods} == reached


def test_a_pod_keeps_its_address_to_another_pod(net: Network) -> None:
    """Directly or by ClusterIP: policies would mean nothing if the source was another."""
    backend, *_ = named(net.topology, "recommendations")
    alone = tuple(
        replace(each, selector={}, endpoints=(backend.address,), ports=(each.ports[0],))
        if each.address == BY_ADDRESS[0]
        else each
        for each in net.healthy.services
    )
    numbered = tuple(
        replace(each, ports=(replace(each.ports[0], target=50051),))
        if each.endpoints and each.address == BY_ADDRESS[0]
        else each
        for each in alone
    )
    net.apply(replace(net.healthy, services=numbered))
    asker = net.topology.pod("marketplace-2")
    with listening((backend,), 50051) as servers:
        server = servers[backend.name]
        assert asker.address == seen_from(asker.name, (backend.address, 50051), server)
        assert asker.address == seen_from(asker.name, BY_ADDRESS, server)


def test_a_visitor_comes_with_a_nodes_address(net: Network) -> None:
    """By NodePort, so that the answer goes back through the node that was asked."""
    pods = named(net.topology, "marketplace")
    with listening(pods, 8080) as servers, within(""):
        visitor = socket.create_connection(("10.0.0.10", 30997), 5)
        with visitor:
            assert VISITOR == visitor.getsockname()[0]
            hosts = []
            for server in servers.values():
                server.settimeout(0.5)
                try:
                    accepted, (host, _) = server.accept()
                except TimeoutError:
                    continue
                accepted.close()
                hosts.append(host)
    assert [net.topology.node("control-plane").tunnel] == hosts


def test_a_pod_reaches_itself_through_its_service(net: Network) -> None:
    """The way out and back again to the same Pod: kube-proxy hides the Pod from itself."""
    pods = named(net.topology, "recommendations")
    net.apply(replace(net.healthy, policies=()))
    with listening(pods, 50051):
        asked = [edge(pods[0].name, Ask.TCP, *BY_ADDRESS) for _ in range(20)]
        assert {""} == {each.error for each in tried(asked, 3.0)}


def test_nobody_from_outside_reaches_more_than_the_node_ports(net: Network) -> None:
    """The group lets a visitor to SSH, API server and NodePorts; Pods he cannot even address."""
    pod = net.topology.pod("mesh-agent-1")
    with within("worker-1"), socket.create_server(("10.0.0.11", 9967)):
        pass
    closed = (
        edge("", Ask.TCP, "10.0.0.11", 9967),
        edge("", Ask.UDP, "10.0.0.11", 4789),
        edge("", Ask.TCP, "10.0.0.11", 10250),
    )
    assert {"no answer"} == {each.error for each in tried(closed)}
    (addressed,) = tried((edge("", Ask.TCP, pod.address, 9967),))
    assert addressed.error
    (refused,) = tried((edge("", Ask.TCP, "10.0.0.11", 6443),))
    assert "connection refused" == refused.error
