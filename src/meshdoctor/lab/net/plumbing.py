"""The wires, as scripts for `sh`: links, addresses and routes of every network namespace.

Calico's shape: each Pod has an address and nothing else of a subnet, its node is its router under
a link-local address, and between nodes its packets travel in VXLAN. What Calico answers by proxy
ARP is a real address here: proxy ARP with its delay made a healthy network look broken.
"""

from collections.abc import Iterable, Mapping

from meshdoctor.lab.net.topology import (
    GATEWAY,
    NODE_NETWORK,
    VISITOR,
    VXLAN_PORT,
    Node,
    Pod,
    Topology,
)

OVERLAY = "vxlan.calico"
_ROUTER = "169.254.1.1"
_NETWORK_ID = 4096
_SWITCH = "switch"
# Between veths the kernel would pass on one large packet in place of many that fit the wire.
_ONE_BY_ONE = "gso_max_segs 1"
_ROUTES = """for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $each; done
echo 1 > /proc/sys/net/ipv4/ip_forward
"""


def cables(topology: Topology) -> str:
    """Make the namespaces and the links between them; for the lab's own namespace.

    That is the world outside: the switch is in it, so is the gateway, and visitors come from it.
    """
    mtu, inner = topology.mtu, topology.overlay_mtu
    return _ip(
        (
            *(f"netns add {name}" for name in topology.names),
            "link set lo up",
            f"addr add {VISITOR}/32 dev lo",
            f"link add {_SWITCH} mtu {mtu} type bridge forward_delay 0 mcast_snooping 0",
            f"addr add {GATEWAY}/{NODE_NETWORK.prefixlen} dev {_SWITCH}",
            f"link set {_SWITCH} up",
            # Visitors are no neighbours of the nodes.
            f"route replace {NODE_NETWORK} dev {_SWITCH} src {VISITOR}",
            *(
                f"link add {node.name} mtu {mtu} master {_SWITCH} up {_ONE_BY_ONE} "
                f"type veth peer name eth0 netns {node.name} mtu {mtu} {_ONE_BY_ONE}"
                for node in topology.nodes
            ),
            *(
                f"link add eth0 netns {pod.name} mtu {inner} {_ONE_BY_ONE} "
                f"type veth peer name {topology.link(pod)} netns {pod.node} mtu {inner}"
                for pod in topology.pods
            ),
        )
    )


def cut(topology: Topology) -> str:
    """Take back what `cables` made, wherever it stopped.

    The kernel takes its time with the links of a namespace that is gone, so those that end here go
    first: the next network has links of the same names.
    """
    ours = (*(node.name for node in topology.nodes), _SWITCH)
    return "".join(
        f"{command} 2>/dev/null || true\n"
        for command in (
            *(f"ip link del {name}" for name in ours),
            *(f"ip netns del {name}" for name in topology.names),
            f"ip addr del {VISITOR}/32 dev lo",
        )
    )


def inside(topology: Topology) -> Mapping[str, str]:
    """Give the script of each namespace, to be run in it once the cables are there."""
    return {
        **{node.name: _node(node, topology) for node in topology.nodes},
        **{pod.name: _pod(pod) for pod in topology.pods},
    }


def _node(node: Node, topology: Topology) -> str:
    others = [each for each in topology.nodes if each != node]
    return (
        _ip(
            (
                "link set lo up",
                f"addr add {node.address}/{NODE_NETWORK.prefixlen} dev eth0",
                "link set eth0 up",
                f"route add default via {GATEWAY}",
                _overlay(node, topology),
                f"addr add {node.tunnel}/32 dev {OVERLAY}",
                f"link set {OVERLAY} up",
                *(_to_block(each) for each in others),
                *(
                    f"neigh add {each.tunnel} lladdr {each.hardware} dev {OVERLAY}"
                    for each in others
                ),
                *(line for pod in topology.on(node) for line in _to_pod(pod, node, topology)),
            )
        )
        + _batch(
            "bridge",
            (f"fdb add {each.hardware} dev {OVERLAY} dst {each.address}" for each in others),
        )
        + _ROUTES
    )


def _overlay(node: Node, topology: Topology) -> str:
    return (
        f"link add {OVERLAY} address {node.hardware} mtu {topology.overlay_mtu} {_ONE_BY_ONE} "
        f"type vxlan id {_NETWORK_ID} local {node.address} dev eth0 dstport {VXLAN_PORT} nolearning"
    )


def _to_block(other: Node) -> str:
    return f"route add {other.block} via {other.tunnel} dev {OVERLAY} onlink"


def _to_pod(pod: Pod, node: Node, topology: Topology) -> tuple[str, ...]:
    link = topology.link(pod)
    return (
        f"addr add {_ROUTER}/32 dev {link}",
        f"link set {link} up {_ONE_BY_ONE}",
        f"route add {pod.address}/32 dev {link} src {node.address}",
    )


def _pod(pod: Pod) -> str:
    return _ip(
        (
            "link set lo up",
            f"addr add {pod.address}/32 dev eth0",
            "link set eth0 up",
            f"route add {_ROUTER} dev eth0 scope link",
            f"route add default via {_ROUTER}",
        )
    )


def _ip(lines: Iterable[str]) -> str:
    return _batch("ip", lines)


def _batch(program: str, lines: Iterable[str]) -> str:
    return f"{program} -batch - <<'END'\n" + "".join(f"{line}\n" for line in lines) + "END\n"
