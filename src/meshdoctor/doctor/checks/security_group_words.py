"""How the judge of security groups says things."""

from collections.abc import Iterable, Sequence
from typing import Final

from meshdoctor.doctor.firewall.nodes import Cluster, Edge, Kind
from meshdoctor.doctor.firewall.recipes import cloudformation, commands, missing_of, terraform
from meshdoctor.doctor.firewall.rules import Crossing
from meshdoctor.doctor.model import Recipe
from meshdoctor.probes.aws.evidence import Failure, Group, PeerKind, Rule, Trouble

GROUPS_LIMITS: Final = (
    "network ACLs, routes, firewalls on the nodes and network policies",
    "what EC2 still lets through, because it tracks a connection from before",
)

_MOST_RULES: Final = 12
_NODE_PORTS: Final = (30000, 32767)

_WOULD_TELL: Final = {
    Trouble.NO_CREDENTIALS: "credentials (aws configure, or AWS_PROFILE), or a saved answer:"
    " aws ec2 describe-security-groups > groups.json, then --from groups.json",
    Trouble.NO_REGION: "the region: --region, or AWS_DEFAULT_REGION",
    Trouble.REFUSED: "credentials that may ec2:DescribeSecurityGroups and ec2:DescribeInstances",
    Trouble.UNKNOWN_THING: "the right id, and the right --region",
    Trouble.THROTTLED: "an answer: ask again in a minute",
    Trouble.SILENT: "an answer: check route and proxy, or give more --timeout",
    Trouble.NOT_CONNECTED: "an answer: check the network, --region and --endpoint-url",
    Trouble.NONSENSE: "aws ec2 describe-security-groups --output json, as it is",
    Trouble.CUT_OFF: "the whole list",
    Trouble.FAILED: "an answer: what EC2 said is above",
}


def what_would_tell(failure: Failure) -> str:
    """Say what is missing after a failure.

    Args:
        failure: what happened.
    """
    return _WOULD_TELL[failure.trouble]


def and_(words: Iterable[str]) -> str:
    """Join words, each once.

    Args:
        words: any.
    """
    return " and ".join(dict.fromkeys(words))


def edge_words(edges: Sequence[Edge]) -> str:
    """Say who sends to whom.

    Args:
        edges: any.
    """
    told = (
        f"among {sender}" if sender is receiver else f"from {sender} to {receiver}"
        for sender, receiver in edges
    )
    return and_(told)


def needs_words(crossings: Iterable[Crossing]) -> str:
    """Name packets, each once.

    Args:
        crossings: any.
    """
    return ", ".join(dict.fromkeys(str(one.need) for one in crossings))


def rules_of(cluster: Cluster, edges: Sequence[Edge] = ()) -> tuple[str, ...]:
    """List the rules that decide.

    Args:
        cluster: the nodes.
        edges: who sends to whom; all nodes without it.
    """
    kinds: Iterable[Kind] = (
        dict.fromkeys(kind for edge in edges for kind in edge) if edges else cluster.kinds
    )
    groups = dict.fromkeys(group for kind in kinds for group in kind.groups)
    return tuple(line for group in groups for line in _rules(group))


def _rules(group: Group) -> Iterable[str]:
    for direction, rules in (("inbound", group.ingress), ("outbound", group.egress)):
        joint = "from" if direction == "inbound" else "to"
        if rules is not None:
            yield f"{direction} rules of {group.id}: {_listed(rules, joint)}"


def _listed(rules: Sequence[Rule], joint: str) -> str:
    told = [f"{rule.what} {joint} {rule.peer.value}" for rule in rules]
    more = [f"{len(told) - _MOST_RULES} more"] if len(told) > _MOST_RULES else []
    return ", ".join((*told[:_MOST_RULES], *more)) or "none"


def remarks(cluster: Cluster, dropped: Sequence[Crossing]) -> tuple[str, ...]:
    """Tell what is no fault and good to know.

    Args:
        cluster: the nodes.
        dropped: packets that do not pass and are no fault.
    """
    lines = [
        f"{needs_words(dropped)} does not pass: Calico's mtu must fit, nobody would say otherwise"
    ] * bool(dropped)
    groups = dict.fromkeys(group for kind in cluster.kinds for group in kind.groups)
    visitors = and_(
        rule.peer.value
        for group in groups
        for rule in group.ingress or ()
        if _is_for_visitors(rule)
    )
    who = f"are open to {visitors}" if visitors else "are open to no address: nobody sees the page"
    return (*lines, f"NodePorts, tcp/{_NODE_PORTS[0]}-{_NODE_PORTS[1]}, {who}")


def _is_for_visitors(rule: Rule) -> bool:
    if rule.peer.kind is PeerKind.GROUP:
        return False
    first, last = _NODE_PORTS
    return rule.protocol == "-1" or (
        rule.protocol == "tcp" and rule.first <= last and first <= rule.last
    )


def fix_of(
    cut: Sequence[Crossing], dropped: Sequence[Crossing], region: str, *, narrow: bool
) -> tuple[str, tuple[Recipe, ...]]:
    """Write the fix down: as a command, as a narrower one, and as infrastructure code.

    Args:
        cut: what must pass and does not.
        dropped: all that does not pass.
        region: where.
        narrow: whether a narrower rule can be told, since the encapsulation is known.

    Returns:
        The command, and the other ways.
    """
    wide = missing_of(cut, narrow=False)
    slim = missing_of(dropped, narrow=True)
    recipes = [
        Recipe("only what is missing", commands(slim, region)),
        Recipe("CloudFormation", cloudformation(wide)),
        Recipe("Terraform", terraform(wide)),
    ]
    return commands(wide, region), tuple(recipes if narrow and slim != wide else recipes[1:])
