"""What kube-proxy writes on every node, as nft: from a Service's address to a Pod's.

As its nftables mode does it: one chain for each port of a Service, a random endpoint for each new
connection, a rejection where there is none. What did not come from a Pod, or comes back to the Pod
that asked, gets the node's address, so that the answer finds the way back through this node.
"""

from collections.abc import Iterable

from meshdoctor.lab.net.topology import POD_NETWORK, Port, Service, Topology, endpoints

TABLE = "kube-proxy"
_MASQUERADE = "0x4000"


def table(services: Iterable[Service], topology: Topology) -> str:
    """Write the table, the same for every node.

    Args:
        services: all of them; headless ones are left to DNS.
        topology: the Pods behind them.
    """
    ports = [(service, port) for service in services for port in service.ports if service.address]
    chains = [_chain(number, *each, topology) for number, each in enumerate(ports)]
    doors = [line for number, each in enumerate(ports) for line in _doors(number, *each)]
    return f"""table ip {TABLE} {{
  chain prerouting {{ type nat hook prerouting priority dstnat; jump services; }}
  chain output {{ type nat hook output priority -100; jump services; }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    meta mark & {_MASQUERADE} == {_MASQUERADE} masquerade
  }}
  chain asked {{ type filter hook input priority filter - 1; jump empty; }}
  chain passing {{ type filter hook forward priority filter - 1; jump empty; }}
  chain asking {{ type filter hook output priority filter - 1; jump empty; }}
  chain to-masquerade {{ meta mark set meta mark | {_MASQUERADE}; }}
  chain services {{
{_lines(doors)}
  }}
  chain empty {{
{_lines(_rejections(ports, topology))}
  }}
{"".join(chains)}}}
"""


def outgoing() -> str:
    """Write what the network plugin adds: Pods go out into the world with their node's address."""
    return f"""table ip plugin {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr {POD_NETWORK} ip daddr != {POD_NETWORK} oifname "eth0" masquerade
  }}
}}
"""


def _doors(number: int, service: Service, port: Port) -> Iterable[str]:
    yield f"ip daddr {service.address} {port.protocol} dport {port.number} goto port-{number}"
    if port.node_port:
        yield f"fib daddr type local {port.protocol} dport {port.node_port} goto node-port-{number}"


def _chain(number: int, service: Service, port: Port, topology: Topology) -> str:
    ends = endpoints(service, port, topology)
    if not ends:
        return f"  chain port-{number} {{ }}\n  chain node-port-{number} {{ }}\n"
    choices = ", ".join(f"{index} : goto end-{number}-{index}" for index in range(len(ends)))
    random = f"numgen random mod {len(ends)} vmap {{ {choices} }}"
    return f"""  chain port-{number} {{
    ip saddr != {POD_NETWORK} jump to-masquerade
    {random}
  }}
  chain node-port-{number} {{
    jump to-masquerade
    {random}
  }}
""" + "".join(
        f"""  chain end-{number}-{index} {{
    ip saddr {address} jump to-masquerade
    meta l4proto {port.protocol} dnat to {address}:{target}
  }}
"""
        for index, (address, target) in enumerate(ends)
    )


def _rejections(ports: Iterable[tuple[Service, Port]], topology: Topology) -> Iterable[str]:
    for service, port in ports:
        if not endpoints(service, port, topology):
            yield f"ip daddr {service.address} {port.protocol} dport {port.number} reject"
            if port.node_port:
                yield f"fib daddr type local {port.protocol} dport {port.node_port} reject"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
