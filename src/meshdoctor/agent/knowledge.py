"""What an agent knows of the cluster: learned from the API, remembered when that is silent."""

from dataclasses import dataclass

DNS_ADDRESS = "10.96.0.10"
"""Of cluster DNS where nobody said otherwise, as kubeadm has it."""

AGENT_PORT = 9967
"""Where an agent answers its neighbours, over TCP and UDP."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node.

    Attributes:
        name: of it.
        address: its own, not that of a Pod.
    """

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Place:
    """A Pod that can be asked.

    Attributes:
        namespace: of the Pod.
        pod: its name.
        node: on which it is.
        address: of the Pod.
        port: that is asked.
        service: by which Service it is known.
        health_port: where it tells its gRPC health without TLS; 0 when on `port`.
    """

    namespace: str
    pod: str
    node: str
    address: str
    port: int
    service: str
    health_port: int = 0


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that an agent may ask.

    Attributes:
        node: its own.
        nodes: all of them.
        agents: all agents, itself included.
        name_servers: behind cluster DNS.
        backends: that serve gRPC.
        pages: metrics pages of Pods on its own node.
        dns_address: of cluster DNS, a Service's.
        agent_address: of the agents' Service; "" when there is none.
        api: `host:port` of the API: the Service's address first, then its own.
        name: that name servers are asked for, with a dot at the end.
        learned: Unix seconds at which this was last true; 0 when it was never learned.
    """

    node: str
    nodes: tuple[Node, ...] = ()
    agents: tuple[Place, ...] = ()
    name_servers: tuple[Place, ...] = ()
    backends: tuple[Place, ...] = ()
    pages: tuple[Place, ...] = ()
    dns_address: str = DNS_ADDRESS
    agent_address: str = ""
    api: tuple[str, ...] = ()
    name: str = ""
    learned: float = 0.0
