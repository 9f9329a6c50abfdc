"""What the checks look at: pairs of nodes, nodes, name servers, backends, callers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from meshdoctor.doctor.checks.cluster.subjects import DNS_NAMESPACE, pod_name
from meshdoctor.doctor.checks.mesh.sights import Look, Mesh
from meshdoctor.doctor.graph import Subject
from meshdoctor.probes.kubernetes.evidence import Pod
from meshdoctor.probes.mesh.evidence import Caller, Certificate, Ground, Report, Role


@dataclass(frozen=True, slots=True)
class Pair:
    """Two nodes.

    Attributes:
        one: the name of one of them.
        other: that of the other.
    """

    one: str
    other: str

    @property
    def ways(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Both directions."""
        return (self.one, self.other), (self.other, self.one)

    def __str__(self) -> str:
        """Name both."""
        return f"{self.one} and {self.other}"


@dataclass(frozen=True, slots=True)
class Server:
    """A name server, or a backend, as agents see it at its own address.

    Attributes:
        name: of its Pod.
        node: that it is on.
        looks: of all agents at it.
        pod: what the API says of it; None when it says nothing.
    """

    name: str
    node: str
    looks: tuple[Look, ...]
    pod: Pod | None

    def __str__(self) -> str:
        """Name it and its node."""
        return f"{self.name} on {self.node}" if self.node else self.name


@dataclass(frozen=True, slots=True)
class Voice:
    """What one service tells of itself.

    Attributes:
        report: in which it stands.
        caller: itself.
    """

    report: Report
    caller: Caller

    def __str__(self) -> str:
        """Name its Pod and node."""
        return f"{self.caller.pod} on {self.report.node}"


@dataclass(frozen=True, slots=True)
class Shown:
    """The certificate that a backend shows.

    Attributes:
        certificate: itself; of several, the one that is valid longest.
        agreed: whether all agents saw the same.
        node: of the agent that saw it.
        at: when that agent's round began.
        seen_by: the nodes whose agents saw one of this backend.
    """

    certificate: Certificate
    agreed: bool
    node: str
    at: float
    seen_by: frozenset[str]

    def __str__(self) -> str:
        """Name whose it is."""
        return self.certificate.target


def pair_name(one: str, other: str) -> str:
    """Name a pair as a subject."""
    return f"nodes/{'/'.join(sorted((one, other)))}"


def pairs(mesh: Mesh) -> Iterator[Subject[Pair]]:
    """Give all pairs of nodes of which one looks at the other."""
    watched = {
        pair_name(one.source, one.edge.node): Pair(*sorted((one.source, one.edge.node)))
        for role in (Role.NODE, Role.AGENT)
        for one in mesh.looks(role)
        if one.edge.node and one.edge.node != one.source
    }
    for name, pair in sorted(watched.items()):
        yield Subject(name, pair, "nodes")


def nodes(mesh: Mesh) -> Iterator[Subject[str]]:
    """Give all nodes whose agent was heard."""
    for node in sorted(mesh.reports):
        yield Subject(f"node/{node}", node, "node")


def known_nodes(mesh: Mesh) -> Iterator[Subject[str]]:
    """Give all nodes that anybody knows of."""
    for node in mesh.nodes:
        yield Subject(f"node/{node}", node, "node")


def name_servers(mesh: Mesh) -> Iterator[Subject[Server]]:
    """Give all name servers, carried by the ways to them."""
    for server in _servers(mesh, Role.DNS, lambda pod: pod.namespace == DNS_NAMESPACE):
        yield Subject(f"pod/{DNS_NAMESPACE}/{server.name}", server, "dns", _carried(server))


def backends(mesh: Mesh) -> Iterator[Subject[Server]]:
    """Give all backends, carried by the ways to them."""
    for server in _servers(mesh, Role.BACKEND, lambda pod: pod.namespace != DNS_NAMESPACE):
        name = pod_name(server.pod) if server.pod else f"pod//{server.name}"
        group = server.pod.owner if server.pod else "backend"
        yield Subject(name, server, group, _carried(server))


def voices(mesh: Mesh) -> Iterator[Subject[Voice]]:
    """Give all services that tell of themselves."""
    for _node, report in sorted(mesh.reports.items()):
        for caller in report.callers:
            name = f"caller/{caller.namespace}/{caller.pod}"
            yield Subject(name, Voice(report, caller), caller.service)


def shown(mesh: Mesh) -> Iterator[Subject[Shown]]:
    """Give the certificates that backends show.

    An agent looks at them only every few rounds, so of two that differ one may be gone already.
    """
    found: dict[str, list[tuple[Certificate, Report]]] = {}
    for _node, report in sorted(mesh.reports.items()):
        for one in report.certificates:
            found.setdefault(one.target, []).append((one, report))
    for target, seen in sorted(found.items()):
        newest, report = max(seen, key=lambda each: each[0].not_after)
        agreed = len({one.not_after for one, _report in seen}) == 1
        by = frozenset(each.node for _one, each in seen)
        thing = Shown(newest, agreed, report.node, report.at, by)
        yield Subject(f"certificate/{target}", thing, "tls")


def _carried(server: Server) -> tuple[str, ...]:
    """Name the pairs by which it is seen; none where its own node sees it, which needs no other."""
    sources = {one.source for one in server.looks}
    if server.node in sources or not server.node:
        return ()
    return tuple(pair_name(source, server.node) for source in sorted(sources))


def _servers(mesh: Mesh, role: Role, fits: Callable[[Pod], bool]) -> Iterator[Server]:
    found: dict[tuple[str, str], list[Look]] = {}
    for one in mesh.looks(role):
        if one.edge.ground is not Ground.CLUSTER_IP:
            found.setdefault((one.edge.target, one.edge.node), []).append(one)
    for (name, node), looks in sorted(found.items()):
        yield Server(name, node, tuple(looks), mesh.pod(name, fits))
