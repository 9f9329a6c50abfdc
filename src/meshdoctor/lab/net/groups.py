"""The security group of each node, as nft: what may arrive from the network between them.

EC2 judges at the network card, before anything else of the machine, and tracks connections. Here
that is the first hook after connection tracking. A packet that was let go silently vanishes; a
drop on its way out would be an error of the sender's own system call instead.

Only answers pass because of the connection that they belong to. The asking side is judged packet
by packet, so that a rule that is taken away counts at once, also for connections that are open.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from meshdoctor.lab.net.topology import Node, Topology

ANYWHERE: tuple[str, ...] = ()
TABLE = "security-group"
_ALL = (0, 65535)


@dataclass(frozen=True, slots=True)
class Inbound:
    """One inbound rule.

    Attributes:
        protocol: `tcp`, `udp`, `icmp`, or "" for all.
        ports: first and last; (0, 65535) is all of them, and the only choice without tcp or udp.
        sources: names of the nodes whose packets it lets in; `ANYWHERE` is everybody.
    """

    protocol: str = ""
    ports: tuple[int, int] = _ALL
    sources: tuple[str, ...] = ANYWHERE


PUBLIC = (
    Inbound("tcp", (22, 22)),
    Inbound("tcp", (6443, 6443)),
    Inbound("tcp", (30000, 32767)),
)
"""What the story's group let in from everywhere: SSH, the API server, NodePorts."""


def table(node: Node, rules: Iterable[Inbound], topology: Topology) -> str:
    """Write the table of a node.

    Args:
        node: whose.
        rules: whatever none of them lets in is dropped.
        topology: the addresses of the nodes.
    """
    lets_in = "\n".join(f"    {_matches(rule, node, topology)} accept" for rule in rules)
    return f"""table ip {TABLE} {{
  chain arriving {{
    type filter hook prerouting priority mangle; policy accept;
    iifname != "eth0" accept
    ct direction reply accept
    ct state related accept
{lets_in}
    counter drop
  }}
}}
"""


def _matches(rule: Inbound, node: Node, topology: Topology) -> str:
    sources = [topology.node(name).address for name in rule.sources if name != node.name]
    return " ".join(
        (
            *((f"ip saddr {{ {', '.join(sources)} }}",) if rule.sources else ()),
            *((f"ip protocol {rule.protocol}",) if rule.protocol else ()),
            *((f"{rule.protocol} dport {_range(*rule.ports)}",) if rule.ports != _ALL else ()),
        )
    )


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
