"""What may pass in the network, as data: a fault is another value of it, and healing the first one.

Everything here is written into nft tables that are replaced as a whole, so nothing of a fault can
stay behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net import groups, policies, proxy
from meshdoctor.lab.net.groups import Inbound
from meshdoctor.lab.net.names import records
from meshdoctor.lab.net.topology import Manifest, Port, Service, Topology

_PATH = "path"


class DnsPath(StrEnum):
    """How a name server's Pod takes in queries."""

    OPEN = "open"
    SILENT = "silent"
    REFUSED = "refused"
    UDP_LOST = "udp-lost"


_DNS_RULES = {
    DnsPath.SILENT: ("udp dport 53 drop", "tcp dport 53 drop"),
    # As the kernel answers where no process listens.
    DnsPath.REFUSED: ("udp dport 53 reject", "tcp dport 53 reject with tcp reset"),
    DnsPath.UDP_LOST: ("udp dport 53 drop",),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that can be changed while the network is up.

    Attributes:
        groups: the security group of each node, by its name.
        policies: NetworkPolicy objects.
        services: what Services there are, for kube-proxy and for DNS.
        proxied: whether kube-proxy's rules are there.
        largest: bytes of the largest packet that the network between nodes carries, without a word
            to the sender of a larger one; 0 is as large as the nodes think.
        dns: how the name servers' Pods take in queries.
        unready: names of Pods to which no Service leads.
    """

    groups: Mapping[str, tuple[Inbound, ...]]
    policies: tuple[Manifest, ...]
    services: tuple[Service, ...]
    proxied: bool = True
    largest: int = 0
    dns: DnsPath = DnsPath.OPEN
    unready: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """Rules as text.

    Attributes:
        rulesets: what `nft -f` reads, by network namespace.
        records: what the name servers say below `cluster.local`.
    """

    rulesets: Mapping[str, str]
    records: tuple[str, ...]


def write(rules: Rules, topology: Topology, name_servers: tuple[str, ...]) -> Written:
    """Turn rules into text.

    Args:
        rules: what may pass.
        topology: between whom.
        name_servers: names of the Pods that they run in.
    """
    rulesets = {node.name: _of_node(rules, topology, node.name) for node in topology.nodes}
    rulesets |= {name: _replaced({_PATH: _dns_path(rules.dns)}) for name in name_servers}
    return Written(rulesets, records(rules.services, topology.without(rules.unready)))


def _of_node(rules: Rules, topology: Topology, name: str) -> str:
    node, ready = topology.node(name), topology.without(rules.unready)
    return _replaced(
        {
            _PATH: _path(rules.largest, topology),
            groups.TABLE: groups.table(node, rules.groups[name], topology),
            proxy.TABLE: proxy.table(rules.services, ready) if rules.proxied else "",
            "plugin": proxy.outgoing(),
            policies.TABLE: policies.table(node, rules.policies, topology),
        }
    )


def _replaced(tables: Mapping[str, str]) -> str:
    """One transaction: what was there goes, also where nothing follows it."""
    gone = "".join(f"table ip {name} {{}}\ndelete table ip {name}\n" for name in tables)
    return gone + "".join(tables.values())


def _path(largest: int, topology: Topology) -> str:
    if not largest:
        return ""
    nodes = ", ".join(node.address for node in topology.nodes)
    # Before fragments are put together: it is the pieces that travel.
    return f"""table ip {_PATH} {{
  chain arriving {{
    type filter hook prerouting priority -450; policy accept;
    iifname "eth0" ip saddr {{ {nodes} }} meta length > {largest} counter drop
  }}
}}
"""


def _dns_path(path: DnsPath) -> str:
    if path is DnsPath.OPEN:
        return ""
    lines = "".join(f"    {line}\n" for line in _DNS_RULES[path])
    return f"""table ip {_PATH} {{
  chain arriving {{
    type filter hook input priority filter; policy accept;
    iifname "lo" accept
{lines}  }}
}}
"""


def without_policy(rules: Rules, namespace: str, name: str) -> Rules:
    """Take one NetworkPolicy away.

    Raises:
        LabError: there is none of that name, so taking it away would break nothing.
    """
    left = tuple(
        one
        for one in rules.policies
        if (one["metadata"]["namespace"], one["metadata"]["name"]) != (namespace, name)
    )
    if len(left) == len(rules.policies):
        raise LabError(f"there is no NetworkPolicy {name} in {namespace}")
    return replace(rules, policies=left)


def with_services(
    rules: Rules,
    name: str,
    selector: Mapping[str, str] | None = None,
    ports: tuple[Port, ...] = (),
) -> Rules:
    """Change the Services of an application, headless or not.

    Args:
        rules: what it is made of.
        name: the `app.kubernetes.io/name` that the Services select.
        selector: in place of theirs.
        ports: in place of theirs.
    """
    changed = tuple(
        replace(
            one,
            selector=one.selector if selector is None else selector,
            ports=ports or one.ports,
        )
        if one.selector.get("app.kubernetes.io/name") == name
        else one
        for one in rules.services
    )
    return replace(rules, services=changed)
