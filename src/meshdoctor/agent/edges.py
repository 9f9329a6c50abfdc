"""What an agent asks: the edges that follow from what it knows. Pure.

The number of edges does not grow with the cluster: of every kind there is a handful, chosen by the
ring, so that all agents together still look at everything.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from meshdoctor.agent.knowledge import Knowledge, Node, Place
from meshdoctor.agent.ring import NEIGHBOURS, following
from meshdoctor.probes.mesh.evidence import Ask, Edge, Ground, Role

KUBELET_PORT: Final = 10250
"""Where a node's kubelet listens (Kubernetes documentation, "Ports and Protocols")."""

PROXY_PORT: Final = 10256
"""Where kube-proxy tells its health (the same page)."""

BACKENDS: Final = 3
"""How many backends of a Service an agent asks."""

NAME_SERVERS: Final = 4
"""How many name servers an agent asks directly; kubeadm runs two."""

_APIS: Final = 4
_DNS_PORT: Final = 53
_DNS: Final = (Ask.DNS_UDP, Ask.DNS_TCP)
_AGENT: Final = (Ask.DNS_UDP, Ask.TCP, Ask.LARGE)
_STREAM: Final = (Ask.TCP, Ask.LARGE)
DNS_SERVICE: Final = "kube-dns"
AGENT_SERVICE: Final = "mesh-agent"


def edges(known: Knowledge) -> tuple[Edge, ...]:
    """Give everything that an agent tries in a round, each thing once.

    Args:
        known: of the cluster.
    """
    every = (
        *_to_agents(known),
        *_to_nodes(known),
        *_to_name_servers(known),
        *_to_backends(known),
        *_to_api(known),
    )
    return tuple(dict.fromkeys(every))


def probed_backends(known: Knowledge) -> tuple[Place, ...]:
    """Give the backends that this agent asks: of each Service one of its own node first.

    Args:
        known: of the cluster.
    """
    every = _askable(known.backends)
    services = sorted({(place.namespace, place.service) for place in every})
    return tuple(
        place
        for service in services
        for place in _near_first(
            known.node,
            [place for place in every if (place.namespace, place.service) == service],
            BACKENDS,
        )
    )


def _to_agents(known: Knowledge) -> Iterable[Edge]:
    neighbours = {node.name for node in _neighbours(known)}
    for agent in _askable(known.agents):
        if agent.node in neighbours:
            yield from _asks(Role.AGENT, Ground.OTHER_NODE, _AGENT, agent)
    if known.agent_address:
        port = next((agent.port for agent in known.agents), 0)
        for ask in _STREAM if port else ():
            address = _join(known.agent_address, port)
            yield Edge(Role.AGENT, Ground.CLUSTER_IP, ask, AGENT_SERVICE, "", address)


def _to_nodes(known: Knowledge) -> Iterable[Edge]:
    for node in _neighbours(known):
        for port in (KUBELET_PORT, PROXY_PORT):
            address = _join(node.address, port)
            yield Edge(Role.NODE, Ground.NODE_TO_NODE, Ask.TCP, node.name, node.name, address)


def _to_name_servers(known: Knowledge) -> Iterable[Edge]:
    if not known.name:
        return
    for place in _near_first(known.node, _askable(known.name_servers), NAME_SERVERS):
        yield from _asks(Role.DNS, _ground(known, place), _DNS, place, known.name)
    if known.dns_address:
        address = _join(known.dns_address, _DNS_PORT)
        for ask in _DNS:
            yield Edge(Role.DNS, Ground.CLUSTER_IP, ask, DNS_SERVICE, "", address, known.name)


def _to_backends(known: Knowledge) -> Iterable[Edge]:
    for place in probed_backends(known):
        ground = _ground(known, place)
        yield from _asks(Role.BACKEND, ground, (Ask.TCP,), place)
        address = _join(place.address, place.health_port or place.port)
        yield Edge(Role.BACKEND, ground, Ask.GRPC, place.pod, place.node, address)


def _to_api(known: Knowledge) -> Iterable[Edge]:
    by_address = {node.address: node.name for node in known.nodes}
    for number, address in enumerate(known.api[:_APIS]):
        node = by_address.get(address.rpartition(":")[0].strip("[]"), "")
        ground = _api_ground(known, node, first=number == 0)
        yield Edge(Role.API, ground, Ask.TCP, "kubernetes", node, address)


def _api_ground(known: Knowledge, node: str, *, first: bool) -> Ground:
    if first and not node:
        return Ground.CLUSTER_IP
    # A Pod that asks a node goes out with its own node's address.
    return Ground.SAME_NODE if node == known.node else Ground.NODE_TO_NODE


def _neighbours(known: Knowledge) -> tuple[Node, ...]:
    return following(known.node, known.nodes, lambda node: node.name, NEIGHBOURS)


def _askable(places: Iterable[Place]) -> list[Place]:
    """Leave out who has no address or port yet: nobody would be there, and that says nothing."""
    return [place for place in places if place.address and place.port]


def _near_first(node: str, places: Sequence[Place], most: int) -> tuple[Place, ...]:
    """Give one place of the node, then others by the ring, more of the node only to fill up."""
    called: Callable[[Place], str] = lambda place: f"{place.namespace}/{place.pod}"  # noqa: E731 - a word for it
    in_turn = following(node, places, called, len(places))
    own = [place for place in in_turn if place.node == node]
    away = [place for place in in_turn if place.node != node]
    return tuple([*own[:1], *away, *own[1:]][:most])


def _asks(
    role: Role, ground: Ground, asks: Iterable[Ask], place: Place, name: str = ""
) -> Iterable[Edge]:
    address = _join(place.address, place.port)
    for ask in asks:
        yield Edge(role, ground, ask, place.pod, place.node, address, name)


def _ground(known: Knowledge, place: Place) -> Ground:
    return Ground.SAME_NODE if place.node == known.node else Ground.OTHER_NODE


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
