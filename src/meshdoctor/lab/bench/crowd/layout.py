"""Who is where in the crowd: each on a loopback address of its own, under its usual port.

Only name servers are elsewhere than in a cluster, since port 53 is not for everybody.
"""

from dataclasses import dataclass
from typing import Final

NET: Final = "127.77"
NAME: Final = "recommendations.bookstore.svc.cluster.local."
NAMESPACE: Final = "bookstore"

GRPC_PORT: Final = 50051
METRICS_PORT: Final = 9464
DNS_PORT: Final = 10053
NAME_SERVERS: Final = 4
"""Two more than kubeadm has: they stand in for cluster DNS' own address, whose port is 53."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A cluster of so many nodes, with an agent and a backend on each.

    Attributes:
        nodes: how many, 250 at most.
    """

    nodes: int

    @property
    def numbers(self) -> range:
        """A number for each node."""
        return range(1, self.nodes + 1)

    def node(self, number: int) -> str:
        """Give the address of a node."""
        return f"{NET}.0.{number}"

    def agent(self, number: int) -> str:
        """Give the address of a node's agent; the first one is measured."""
        return f"{NET}.1.{number}"

    def backend(self, number: int) -> str:
        """Give the address of a node's backend."""
        return f"{NET}.2.{number}"

    @property
    def name_servers(self) -> tuple[str, ...]:
        """The addresses of the name servers."""
        return tuple(f"{NET}.3.{number}" for number in range(1, NAME_SERVERS + 1))

    @property
    def shop(self) -> str:
        """The address of a service on the agent's own node, with a metrics page."""
        return f"{NET}.4.3"

    @property
    def api(self) -> str:
        """The address of the API."""
        return f"{NET}.4.1"

    @property
    def agent_service(self) -> str:
        """The address of the agents' Service."""
        return f"{NET}.4.2"
