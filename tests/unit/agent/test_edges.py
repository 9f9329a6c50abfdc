"""The edges: what follows from what is known, and that it does not grow with the cluster."""

from collections import Counter
from dataclasses import replace

from meshdoctor.agent.edges import KUBELET_PORT, PROXY_PORT, edges, probed_backends
from meshdoctor.agent.knowledge import Knowledge, Node, Place
from meshdoctor.probes.mesh.evidence import Ask, Edge, Ground, Role

NAME = "recommendations.bookstore.svc.cluster.local."


def place(service: str, number: int, node: int, port: int, health: int = 0) -> Place:
    """Give a Pod."""
    address = f"192.168.{node}.{number}"
    return Place("here", f"{service}-{number}", f"n{node}", address, port, service, health)


def cluster(nodes: int, node: int = 1) -> Knowledge:
    """Know a cluster of so many nodes, from one of them."""
    numbers = range(1, nodes + 1)
    return Knowledge(
        f"n{node}",
        tuple(Node(f"n{number}", f"10.0.0.{number}") for number in numbers),
        tuple(place("mesh-agent", number, number, 9967) for number in numbers),
        (place("kube-dns", 1, 1, 53), place("kube-dns", 2, 2, 53)),
        tuple(place("recommendations", number, number, 50051) for number in numbers),
        (),
        "10.96.0.10",
        "10.96.7.7",
        ("10.96.0.1:443", "10.0.0.1:6443"),
        NAME,
    )


def told(known: Knowledge, role: Role) -> list[tuple[str, str, str, str]]:
    """Give the edges of a role: ground, ask, target, address."""
    return [
        (edge.ground.value, edge.ask.value, edge.target, edge.address)
        for edge in edges(known)
        if edge.role is role
    ]


def test_other_agents_are_asked_in_three_ways_and_the_service_in_two() -> None:
    """Directly over UDP, TCP and with 6 kB; through the ClusterIP over TCP alone."""
    assert [
        ("other-node", "dns-udp", "mesh-agent-2", "192.168.2.2:9967"),
        ("other-node", "tcp", "mesh-agent-2", "192.168.2.2:9967"),
        ("other-node", "large", "mesh-agent-2", "192.168.2.2:9967"),
        ("cluster-ip", "tcp", "mesh-agent", "10.96.7.7:9967"),
        ("cluster-ip", "large", "mesh-agent", "10.96.7.7:9967"),
    ] == told(cluster(2), Role.AGENT)


def test_nodes_are_asked_where_kubelet_and_proxy_listen() -> None:
    """From node to node, beside the overlay."""
    assert [
        ("node-to-node", "tcp", "n2", f"10.0.0.2:{KUBELET_PORT}"),
        ("node-to-node", "tcp", "n2", f"10.0.0.2:{PROXY_PORT}"),
    ] == told(cluster(2), Role.NODE)


def test_each_name_server_is_asked_directly_and_all_through_their_service() -> None:
    """By UDP and TCP, for the name of the backends' Service."""
    asked = told(cluster(2), Role.DNS)

    assert [
        ("same-node", "kube-dns-1", "192.168.1.1:53"),
        ("other-node", "kube-dns-2", "192.168.2.2:53"),
        ("cluster-ip", "kube-dns", "10.96.0.10:53"),
    ] == [(ground, target, address) for ground, ask, target, address in asked if ask == "dns-udp"]
    assert Counter({"dns-udp": 3, "dns-tcp": 3}) == Counter(ask for _, ask, *_ in asked)
    assert {NAME} == {edge.name for edge in edges(cluster(2)) if edge.role is Role.DNS}


def test_without_a_name_no_name_server_is_asked() -> None:
    """There would be nothing to ask for."""
    assert [] == told(replace(cluster(2), name=""), Role.DNS)


def test_a_backend_of_the_own_node_comes_first() -> None:
    """So that a silent network and a silent backend can be told apart."""
    for node in range(1, 31):
        first, *others = probed_backends(cluster(30, node))

        assert f"n{node}" == first.node
        assert 2 == len(others)


def test_health_is_asked_on_its_own_port_where_there_is_one() -> None:
    """Under TLS the serving port only shows whether somebody listens, and the certificate."""
    known = replace(cluster(1), backends=(place("recommendations", 1, 1, 50051, 50052),))

    assert [
        ("same-node", "tcp", "recommendations-1", "192.168.1.1:50051"),
        ("same-node", "grpc", "recommendations-1", "192.168.1.1:50052"),
    ] == told(known, Role.BACKEND)


def test_the_api_is_asked_through_its_service_and_where_it_is() -> None:
    """Its own addresses are nodes': one's own node needs no network."""
    assert [
        [("cluster-ip", "10.96.0.1:443"), (ground, "10.0.0.1:6443")]
        for ground in ("same-node", "node-to-node")
    ] == [
        [(ground, address) for ground, _, _, address in told(cluster(2, node), Role.API)]
        for node in (1, 2)
    ]


def test_cost_does_not_grow_with_the_cluster_and_nothing_is_left_out() -> None:
    """100 nodes: 33 edges each at most, and each node, agent and backend is somebody's."""
    every = [edges(cluster(100, node)) for node in range(1, 101)]
    backends = {edge.node for each in every for edge in each if edge.role is Role.BACKEND}

    assert max(map(len, every)) <= 33
    assert 100 == len(backends)
    for role in (Role.AGENT, Role.NODE):
        targets = {edge.node for each in every for edge in each if edge.role is role}
        assert {f"n{number}" for number in range(1, 101)} == targets - {""}


def test_who_has_no_port_or_address_yet_is_not_asked() -> None:
    """Port 0 would refuse, and a Pod that is just starting is no fault."""
    nowhere = replace(place("recommendations", 1, 1, 50051), address="")
    known = replace(
        cluster(2),
        backends=(nowhere, place("recommendations", 2, 2, 0)),
        name_servers=(place("kube-dns", 1, 1, 0),),
        agents=(place("mesh-agent", 2, 2, 0),),
        agent_address="",
        dns_address="",
    )

    assert {Role.NODE, Role.API} == {edge.role for edge in edges(known)}


def test_an_agent_that_knows_nothing_asks_cluster_dns() -> None:
    """Before the API ever answered there is still the address that kubeadm gives it."""
    known = Knowledge("n1", name=NAME)

    assert (
        Edge(Role.DNS, Ground.CLUSTER_IP, Ask.DNS_UDP, "kube-dns", "", "10.96.0.10:53", NAME),
        Edge(Role.DNS, Ground.CLUSTER_IP, Ask.DNS_TCP, "kube-dns", "", "10.96.0.10:53", NAME),
    ) == edges(known)


def test_addresses_of_version_six_are_written_with_brackets() -> None:
    """Otherwise their last group would be taken for a port."""
    known = Knowledge("n1", (Node("n2", "fd00::2"),), dns_address="")

    assert {f"[fd00::2]:{KUBELET_PORT}", f"[fd00::2]:{PROXY_PORT}"} == {
        edge.address for edge in edges(known)
    }
