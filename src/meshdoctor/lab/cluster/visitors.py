"""Visitors: how they come in, and what they are shown."""

import http.client
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from meshdoctor.lab.net.scripts import nft, run_all
from meshdoctor.lab.net.topology import VISITOR, Node

NODE_PORT = 30997
BALANCER = "203.0.113.80"
"""An address in front of all nodes: a connection to its port 80 goes to one of them by lot.

Like a load balancer without health checks: it goes on sending to a node that answers nobody.
"""

_TABLE = "balancer"


def balance(nodes: Iterable[Node]) -> None:
    """Have the balancer; it is gone with the sandbox."""
    addresses = [node.address for node in nodes]
    choices = ", ".join(f"{index} : {each}" for index, each in enumerate(addresses))
    lot = f"numgen random mod {len(addresses)} map {{ {choices} }}"
    ruleset = f"""table ip {_TABLE} {{
  chain asking {{
    type nat hook output priority -100;
    ip daddr {BALANCER} tcp dport 80 dnat to {lot}:{NODE_PORT}
  }}
}}
"""
    # Only so that the packet has a way at all before it gets its address.
    route = f"ip route replace {BALANCER}/32 via {addresses[0]} src {VISITOR}\n"
    run_all({"": nft(ruleset) + route})


@dataclass(frozen=True, slots=True)
class Page:
    """What a visitor got.

    Attributes:
        status: of HTTP.
        freshness: where the books on it come from: `live` is from a backend.
        text: the page.
    """

    status: int
    freshness: str
    text: str


def visit(url: str, seconds: float = 2.0) -> Page:
    """Fetch the page over a new connection.

    Args:
        url: `http://host:port`.
        seconds: to wait for the connection, and for each read.

    Raises:
        OSError: nobody answered.
    """
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=seconds)
    try:
        connection.request("GET", place.path or "/")
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return Page(answer.status, answer.headers.get("X-Mesh-Freshness", ""), text)
    except http.client.HTTPException as error:
        raise ConnectionError(f"no page: {error!r}") from error
    finally:
        connection.close()
