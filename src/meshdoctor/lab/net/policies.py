"""NetworkPolicies as nft, on the node at the end of each Pod's link, where Calico has them.

They judge after a Service's address became a Pod's. As for security groups, only answers pass
because of their connection, so a policy that is taken away counts at once. What a node itself
sends to its own Pods, such as the kubelet's probes, passes no policy.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Iterable

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.selectors import selects
from meshdoctor.lab.net.topology import Manifest, Node, Pod, Topology

TABLE = "policies"
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_EGRESS, _INGRESS = "Egress", "Ingress"
_SIDES = {_EGRESS: ("to", "ip daddr"), _INGRESS: ("from", "ip saddr")}


def table(node: Node, policies: Iterable[Manifest], topology: Topology) -> str:
    """Write the table of a node.

    Args:
        node: whose Pods are guarded.
        policies: NetworkPolicy objects of any namespaces.
        topology: the Pods that they select.

    Raises:
        LabError: a policy says something that the lab cannot translate; nothing is guessed.
    """
    policies = tuple(policies)
    guards = {
        (pod, direction): mine
        for pod in topology.on(node)
        for direction in _SIDES
        if (mine := [each for each in policies if _applies(each, direction, pod)])
    }
    chains = (_chain(*key, mine, topology) for key, mine in guards.items())
    outward, inward = (_dispatch(guards, way, topology) for way in (_EGRESS, _INGRESS))
    return f"""table ip {TABLE} {{
{"".join(chains)}  chain passing {{
    type filter hook forward priority filter; policy accept;
    ct direction reply accept
    ct state related accept
{outward}{inward}  }}
  chain to-node {{
    type filter hook input priority filter; policy accept;
    ct direction reply accept
{outward}  }}
}}
"""


def _dispatch(guards: Iterable[tuple[Pod, str]], direction: str, topology: Topology) -> str:
    end = "iifname" if direction == _EGRESS else "oifname"
    return "".join(
        f'    {end} "{topology.link(pod)}" jump {direction.lower()}-{topology.link(pod)}\n'
        for pod, way in guards
        if way == direction
    )


def _applies(policy: Manifest, direction: str, pod: Pod) -> bool:
    spec = policy["spec"]
    kinds = spec.get("policyTypes", [_INGRESS, *((_EGRESS,) if "egress" in spec else ())])
    return (
        direction in kinds
        and policy["metadata"]["namespace"] == pod.namespace
        and selects(spec["podSelector"], pod.labels)
    )


def _chain(pod: Pod, direction: str, policies: list[Manifest], topology: Topology) -> str:
    rules = [
        (policy["metadata"]["namespace"], rule)
        for policy in policies
        for rule in policy["spec"].get(direction.lower()) or ()
    ]
    lines = [line for home, rule in rules for line in _lines(home, rule, direction, topology)]
    body = "".join(f"    {line}\n" for line in (*lines, "counter drop"))
    return f"  chain {direction.lower()}-{topology.link(pod)} {{\n{body}  }}\n"


def _lines(home: str, rule: Manifest, direction: str, topology: Topology) -> Iterable[str]:
    side, field = _SIDES[direction]
    peers = rule.get(side)
    whom = [match for peer in peers or () for match in _matches(peer, home, field, topology)]
    for match in whom if peers else ("",):
        for port in [_port(one) for one in rule.get("ports") or ()] or ("",):
            yield f"{match}{port}return"


def _matches(peer: Manifest, home: str, field: str, topology: Topology) -> Iterable[str]:
    """One match for a peer, none for one that is no Pod of the lab."""
    if block := peer.get("ipBlock"):
        left_out = block.get("except")
        yield f"{field} {block['cidr']} " + (
            f"{field} != {{ {', '.join(left_out)} }} " if left_out else ""
        )
    elif addresses := list(_addresses(peer, home, topology)):
        yield f"{field} {{ {', '.join(addresses)} }} "


def _addresses(peer: Manifest, home: str, topology: Topology) -> Iterable[str]:
    if unknown := set(peer) - {"podSelector", "namespaceSelector"}:
        raise LabError(f"the lab translates no NetworkPolicy with {', '.join(sorted(unknown))}")
    for pod in topology.pods:
        if "namespaceSelector" in peer:
            near = selects(peer["namespaceSelector"], {_NAMESPACE_NAME: pod.namespace})
        else:
            near = pod.namespace == home
        if near and selects(peer.get("podSelector", {}), pod.labels):
            yield pod.address


def _port(one: Manifest) -> str:
    if set(one) - {"port", "protocol"} or not isinstance(one.get("port"), int):
        raise LabError(f"the lab translates no NetworkPolicy with the port {one}: a number alone")
    return f"{one.get('protocol', 'TCP').lower()} dport {one['port']} "
