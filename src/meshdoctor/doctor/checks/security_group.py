"""Do the nodes' security groups let through what the nodes must send each other?

What must pass depends on Calico's encapsulation. Where that is not told, every case is judged, and
only what is so in all of them is said. A rule counts by what it lets through, not by its name.
"""

from dataclasses import dataclass, field
from typing import Final

from meshdoctor.doctor.checks.security_group_words import (
    GROUPS_LIMITS,
    and_,
    edge_words,
    fix_of,
    needs_words,
    remarks,
    rules_of,
    what_would_tell,
)
from meshdoctor.doctor.firewall.needs import (
    API_PORT,
    KUBELET_PORT,
    Level,
    Need,
    Subnets,
    World,
    worlds,
)
from meshdoctor.doctor.firewall.nodes import Cluster, Edge, Network, cluster_of
from meshdoctor.doctor.firewall.recipes import commands, missing_of
from meshdoctor.doctor.firewall.rules import IN, Answer, Crossing, cross
from meshdoctor.doctor.model import Doubt, Finding, Verdict
from meshdoctor.probes.aws.evidence import EVERY_PROTOCOL, GroupEvidence, Node, PeerKind, Rule
from meshdoctor.probes.calico import Calico

OVERLAY: Final = "network-overlay-blocked"
NODES: Final = "network-nodes-blocked"
ONE_WAY: Final = "network-one-way"

# The road by which a cluster can still be asked what is wrong: no sign that nodes can talk.
_ROADS: Final = frozenset({API_PORT, KUBELET_PORT})


@dataclass(frozen=True, slots=True)
class Told:
    """What the user knows of the cluster.

    Attributes:
        calico: what Calico was told.
        networks: where the nodes' addresses are.
        control_planes: how many nodes the control plane has.
    """

    calico: Calico = field(default_factory=Calico)
    networks: tuple[Network, ...] = ()
    control_planes: int = 1


@dataclass(frozen=True, slots=True)
class _Case:
    """One of the possible cases, judged."""

    world: World
    crossings: tuple[Crossing, ...]

    def of(self, level: Level, answer: Answer) -> list[Crossing]:
        """Give the packets of a level with an answer."""
        return [one for one in self.crossings if one.need.level is level and one.answer is answer]

    @property
    def cut(self) -> list[Crossing]:
        """What must pass and does not."""
        return self.of(Level.MUST, Answer.BLOCKED)


def judge_groups(evidence: GroupEvidence, told: Told) -> Verdict:
    """Judge the security groups of a cluster's nodes.

    Args:
        evidence: what EC2 says about groups and instances.
        told: what the user knows of the cluster.

    Returns:
        One verdict on all groups together.
    """
    subject = and_("+".join(ids) for ids in evidence.asked) or "security groups"
    if evidence.failure is not None:
        words = evidence.failure.words
        doubt = Doubt(words, what_would_tell(evidence.failure))
        return Verdict(subject, f"cannot tell: {words}", doubts=(doubt,))
    cluster = cluster_of(evidence, told.networks, told.control_planes)
    subject = and_(map(str, cluster.kinds)) or subject
    cases = _cases(cluster, told)
    findings = [*_rule_findings(cluster, cases, evidence), *_check_findings(cluster, cases)]
    doubts = [*_mixed(cases), *_unsure(cases), *_unchecked(cluster, cases)]
    if not findings:
        doubts += _lesser(cases, evidence)
    return Verdict(
        subject,
        _summary(subject, cases, findings, doubts),
        tuple(findings),
        tuple(doubts),
        seen=(*rules_of(cluster), *_by_case(cases), *remarks(cluster, _told_only(cases))),
        limits=(*evidence.remarks, *_open_limits(cases), *GROUPS_LIMITS),
    )


def _cases(cluster: Cluster, told: Told) -> list[_Case]:
    possible = worlds(told.calico, cluster.subnets, cluster.family, told.control_planes)
    return [
        _Case(
            world,
            tuple(cross(need, edge) for need in world.needs for edge in cluster.edges(need.way)),
        )
        for world in possible
    ]


def _rule_findings(cluster: Cluster, cases: list[_Case], evidence: GroupEvidence) -> list[Finding]:
    """Name the fault, when it is one in every case."""
    if not all(case.cut for case in cases):
        return []
    cut = list(dict.fromkeys(crossing for case in cases for crossing in case.cut))
    edges = list(dict.fromkeys(one.edge for one in cut))
    code = _code(cases, edges)
    lesser = [] if len(cases) > 1 else _dropped(cases[0])
    fix, recipes = fix_of(cut, [*cut, *lesser], evidence.region, narrow=len(cases) == 1)
    return [
        Finding(
            code,
            f"{_what_is_so(code, edges)}: {_lacking(cases)}",
            (*rules_of(cluster, edges), *_by_case(cases), *_also(lesser)),
            _ruled_out(code, cases),
            fix,
            recipes,
        )
    ]


def _code(cases: list[_Case], cut: list[Edge]) -> str:
    back = {(receiver.ids, sender.ids) for sender, receiver in cut}
    ways = {(sender.ids, receiver.ids) for sender, receiver in cut}
    if not back & ways:
        return ONE_WAY
    if _passing(cases):
        return OVERLAY
    return NODES


def _passing(cases: list[_Case]) -> str:
    """Say what passes between nodes beside the roads to the API and to kubelets; "" for nothing."""
    for case in cases:
        for one in case.crossings:
            # What a rule for the whole world lets in, such as ping, is no sign either.
            if one.answer is not Answer.BLOCKED and _is_of_nodes(one.need):
                return f"{one.need} {edge_words([one.edge])}"
    for edge in {one.edge: None for case in cases for one in case.crossings}:
        sender, receiver = edge
        for rule in (rule for group in receiver.groups for rule in group.ingress or ()):
            named = rule.peer.kind is PeerKind.GROUP and rule.peer.value in sender.ids
            if named and not _is_road(rule) and cross(_as_need(rule), edge).answer > Answer.BLOCKED:
                return f"{rule.what} {edge_words([edge])}"
    return ""


def _is_of_nodes(need: Need) -> bool:
    return need.level is not Level.TELL and need.first not in _ROADS


def _is_road(rule: Rule) -> bool:
    return rule.protocol == "tcp" and rule.first == rule.last and rule.first in _ROADS


def _as_need(rule: Rule) -> Need:
    # A rule for all protocols lets this one through, whatever it is.
    protocol = "4" if rule.protocol == EVERY_PROTOCOL else rule.protocol
    return Need("a rule", protocol, rule.first, rule.last)


def _what_is_so(code: str, edges: list[Edge]) -> str:
    between = edge_words(edges)
    if code == NODES:
        return f"no rule lets nodes talk to each other ({between})"
    if code == ONE_WAY:
        return f"nodes talk in one direction only; the other is closed ({between})"
    return f"Pods' packets are dropped between nodes ({between})"


def _lacking(cases: list[_Case]) -> str:
    if len(cases) == 1:
        return f"nothing lets {needs_words(cases[0].cut)} through"
    return "whatever Calico wraps Pods' packets in does not pass"


def _by_case(cases: list[_Case]) -> tuple[str, ...]:
    """Say what each case lacks, when there are several."""
    if len(cases) == 1:
        return ()
    return tuple(
        f"{case.world.name}: {f'lacks {needs_words(case.cut)}' if case.cut else 'nothing lacks'}"
        for case in cases
    )


def _also(lesser: list[Crossing]) -> tuple[str, ...]:
    return (f"not let through either: {needs_words(lesser)}",) if lesser else ()


def _ruled_out(code: str, cases: list[_Case]) -> tuple[str, ...]:
    if code == ONE_WAY:
        open_ = [one.edge for case in cases for one in case.of(Level.MUST, Answer.PASSES)]
        return (f"{NODES}: the way back is open ({edge_words(list(dict.fromkeys(open_)))})",)
    if code == OVERLAY:
        return (f"{NODES}: {_passing(cases)} passes",)
    told = [one for case in cases for one in case.crossings if one.blocked == (IN,)]
    lines = [f"{OVERLAY}: nothing that nodes need passes, the ways to API and kubelets apart"]
    if told and told[0].out.why:
        lines.append(f"the outbound rules: {told[0].out.why} lets it out")
    return tuple(lines)


def _dropped(case: _Case) -> list[Crossing]:
    """Give what does not pass either, and is no fault by itself."""
    return [*case.of(Level.MAY, Answer.BLOCKED), *case.of(Level.TELL, Answer.BLOCKED)]


def _mixed(cases: list[_Case]) -> list[Doubt]:
    """Doubt what is a fault in some cases only."""
    cut = [case for case in cases if case.cut]
    if not cut or len(cut) == len(cases):
        return []
    well = and_(case.world.name for case in cases if not case.cut)
    sentence = f"the rules serve {well}, not {and_(case.world.name for case in cut)}"
    return [Doubt(sentence, _which_case(cases))]


def _which_case(cases: list[_Case]) -> str:
    if len(cases) == len(Subnets) - 1:
        return "the nodes' subnets: --instance-id, or --from with describe-instances"
    return "Calico's encapsulation: --calico with its Installation or IPPools, or --encapsulation"


def _unsure(cases: list[_Case]) -> list[Doubt]:
    """Doubt what nobody can tell, each reason once."""
    doubts: dict[str, Doubt] = {}
    for case in () if any(case.cut for case in cases) else cases:
        for level in (Level.MUST, Level.MAY):
            for one in case.of(level, Answer.UNKNOWN):
                sentence = f"whether {one.need} passes {edge_words([one.edge])}: {one.doubt.why}"
                doubts.setdefault(one.doubt.why, Doubt(sentence, one.doubt.missing))
    return list(doubts.values())


def _lesser(cases: list[_Case], evidence: GroupEvidence) -> list[Doubt]:
    """Doubt what does not pass and may be needed; of several cases only what all have."""
    common = [
        one
        for one in cases[0].of(Level.MAY, Answer.BLOCKED)
        if all(one in case.crossings for case in cases)
    ]
    doubts = []
    for need in dict.fromkeys(one.need for one in common):
        crossings = [one for one in common if one.need == need]
        where = edge_words([one.edge for one in crossings])
        line = commands(missing_of(crossings, narrow=True), evidence.region)
        sentence = f"{need} does not pass {where}: {need.otherwise}"
        doubts.append(Doubt(sentence, f"how the cluster does without it; if it does not: {line}"))
    return doubts


def _check_findings(cluster: Cluster, cases: list[_Case]) -> list[Finding]:
    """Name nodes whose source/destination check drops what travels under Pods' addresses."""
    checked = [node.id for node in _nodes(cluster) if node.checked]
    if not checked or not all(case.world.bare for case in cases):
        return []
    fix = "\n".join(
        f"aws ec2 modify-instance-attribute --instance-id {one} --no-source-dest-check"
        for one in checked
    )
    return [
        Finding(
            OVERLAY,
            "Pods' addresses travel bare between nodes of one subnet, and EC2's"
            f" source/destination check drops them at {and_(checked)}",
            (f"SourceDestCheck is true on {and_(checked)}", f"Calico: {cases[0].world.name}"),
            (f"{NODES}: packets with the nodes' own addresses are not checked",),
            fix,
        )
    ]


def _unchecked(cluster: Cluster, cases: list[_Case]) -> list[Doubt]:
    """Doubt whether the check is off, once the encapsulation is known to need that."""
    bare = [case for case in cases if case.world.bare]
    nodes = _nodes(cluster)
    if not bare or len(cases) > len(Subnets) - 1:
        return []
    if nodes and all(node.checked is False for node in nodes):
        return []
    if len(bare) == len(cases) and any(node.checked for node in nodes):
        return []  # a fault already
    return [
        Doubt(
            f"Pods' addresses travel bare with {bare[0].world.name}, which EC2 drops unless"
            " the source/destination check is off",
            "check and subnet of each node: --instance-id, or --from with describe-instances",
        )
    ]


def _open_limits(cases: list[_Case]) -> tuple[str, ...]:
    bare = [case.world.name for case in cases if case.world.bare]
    if not bare or len(bare) == len(cases):
        return ()
    return (f"EC2's source/destination check, which must be off for {and_(bare)}",)


def _nodes(cluster: Cluster) -> list[Node]:
    return [node for kind in cluster.kinds for node in kind.nodes]


def _told_only(cases: list[_Case]) -> list[Crossing]:
    return cases[0].of(Level.TELL, Answer.BLOCKED)


def _summary(subject: str, cases: list[_Case], findings: list[Finding], doubts: list[Doubt]) -> str:
    if findings:
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        return f"{subject}: {findings[0].sentence}{more}"
    if doubts:
        return f"cannot tell: {doubts[0].sentence}"
    names = "every encapsulation" if len(cases) > 2 else and_(case.world.name for case in cases)  # noqa: PLR2004 - one, or one in two cases
    return f"{subject}: the nodes reach each other with all that {names} needs"
