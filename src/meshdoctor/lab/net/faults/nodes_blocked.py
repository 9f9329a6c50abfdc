"""The story's own: the nodes' group has no rule that lets in the group itself."""

from dataclasses import replace

from meshdoctor.lab.net.fault import NetworkFault
from meshdoctor.lab.net.groups import PUBLIC
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Topology


def _broken(rules: Rules, _topology: Topology) -> Rules:
    return replace(rules, groups=dict.fromkeys(rules.groups, PUBLIC))


FAULT = NetworkFault("network-nodes-blocked", _broken, lambda _edge, hop: hop.crosses)
