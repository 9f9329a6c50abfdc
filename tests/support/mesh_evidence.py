"""What agents and the API tell of the lab's cluster: healthy, and with each fault.

The edges are the agents' own. A fault says what becomes of a packet, and the rest follows, so that
a fault of one pair of nodes, or of one of two name servers, is told as agents would tell it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from random import Random
from typing import Any, Final

from meshdoctor.agent.edges import edges
from meshdoctor.agent.knowledge import AGENT_PORT, Knowledge, Node, Place
from meshdoctor.probes.kubernetes.evidence import (
    Container,
    Deployment,
    KubernetesEvidence,
    Pod,
    Port,
    Service,
    ServicePort,
    Slice,
)
from meshdoctor.probes.kubernetes.evidence import Node as NodeObject
from meshdoctor.probes.mesh.evidence import (
    LOOKS,
    Answer,
    Caller,
    Certificate,
    Edge,
    Ground,
    MeshEvidence,
    Report,
    Role,
    Sighting,
    Written,
)

NOW: Final = 1_800_000_000.0
LONG_AGO: Final = NOW - 86400.0
WINDOW: Final = 15.0
ADDRESSES: Final = {
    "control-plane": "10.0.0.10",
    "worker-1": "10.0.0.11",
    "worker-2": "10.0.0.12",
}
NODES: Final = tuple(ADDRESSES)
PAIRS: Final = frozenset(frozenset(two) for two in combinations(NODES, 2))
NAME: Final = "recommendations.bookstore.svc.cluster.local."
GRPC_PORT, HEALTH_PORT, PAGE_PORT = 50051, 50052, 9464
_BLOCKS: Final = {"control-plane": "192.168.10", "worker-1": "192.168.11", "worker-2": "192.168.12"}


def _place(namespace: str, pod: str, node: str, last: int, port: int, service: str) -> Place:
    health = HEALTH_PORT if service == "recommendations" else 0
    return Place(namespace, pod, node, f"{_BLOCKS[node]}.{last}", port, service, health)


AGENTS: Final = tuple(
    _place("meshdoctor", f"mesh-agent-{number}", node, 2, AGENT_PORT, "mesh-agent")
    for number, node in enumerate(NODES, start=1)
)
SERVERS: Final = (
    _place("kube-system", "coredns-1", "control-plane", 3, 53, "kube-dns"),
    _place("kube-system", "coredns-2", "worker-1", 3, 53, "kube-dns"),
)
BACKENDS: Final = (
    _place("bookstore", "recommendations-1", "worker-1", 4, GRPC_PORT, "recommendations"),
    _place("bookstore", "recommendations-2", "worker-2", 4, GRPC_PORT, "recommendations"),
    _place("bookstore", "recommendations-3", "worker-2", 5, GRPC_PORT, "recommendations"),
)
SHOPS: Final = (
    _place("bookstore", "marketplace-1", "worker-1", 6, PAGE_PORT, "marketplace"),
    _place("bookstore", "marketplace-2", "worker-2", 6, PAGE_PORT, "marketplace"),
)
HEALTHY_CALLER: Final[Mapping[str, Any]] = {
    "seconds": WINDOW,
    "calls": 60,
    "causes": {},
    "lookups": {"": 3},
    "visits": {"2": 120},
}


def known(node: str) -> Knowledge:
    """Give what the agent of a node knows."""
    return Knowledge(
        node,
        tuple(Node(name, address) for name, address in ADDRESSES.items()),
        AGENTS,
        SERVERS,
        BACKENDS,
        tuple(one for one in (*BACKENDS, *SHOPS) if one.node == node),
        "10.96.0.10",
        "10.96.44.4",
        ("10.96.0.1:443", f"{ADDRESSES['control-plane']}:6443"),
        NAME,
        LONG_AGO,
    )


def _pod(place: Place) -> Pod:
    labels = {"app.kubernetes.io/name": place.service}
    names = {53: "dns", GRPC_PORT: "grpc", AGENT_PORT: "agent"}
    ports = [Port(place.port, names.get(place.port, "metrics"))]
    if place.service == "kube-dns":
        labels = {"k8s-app": "kube-dns"}
    if place.health_port:
        ports += [Port(place.health_port, "health")]
    container = Container(
        place.service,
        f"registry.example/{place.service}:v1",
        tuple(ports),
        ready=True,
        running=True,
        since="2026-11-23T00:00:00Z",
    )
    owner = f"ReplicaSet {place.service}"
    return Pod(
        place.namespace,
        place.pod,
        owner,
        labels,
        place.node,
        "Running",
        ready=True,
        containers=(container,),
    )


CLUSTER: Final = KubernetesEvidence(
    "a test",
    nodes=tuple(NodeObject(node, "True") for node in NODES),
    pods=tuple(map(_pod, (*AGENTS, *SERVERS, *BACKENDS, *SHOPS))),
    services=(
        Service("kube-system", "kube-dns", {"k8s-app": "kube-dns"}, (ServicePort(53, "dns"),)),
        Service(
            "bookstore",
            "recommendations",
            {"app.kubernetes.io/name": "recommendations"},
            (ServicePort(GRPC_PORT, "grpc", "grpc"),),
        ),
    ),
    slices=(
        Slice("kube-system", "kube-dns", len(SERVERS), 0),
        Slice("bookstore", "recommendations", len(BACKENDS), 0),
    ),
    deployments=(
        Deployment(
            "bookstore", "recommendations", {"app.kubernetes.io/name": "recommendations"}, 3
        ),
    ),
)

Fate = Callable[[str, Edge, str], Answer]
"""Of a packet: from which node, what is asked, on which node it ends up."""

Told = Callable[[Place], Mapping[str, Any]]
"""What a service tells otherwise than when all is well: fields of `Caller`."""


def well(_source: str, _edge: Edge, _node: str) -> Answer:
    """Let everything pass."""
    return Answer.OK


def nothing(_place: Place) -> Mapping[str, Any]:
    """Tell what is told when all is well."""
    return {}


@dataclass(frozen=True, slots=True)
class World:
    """A state of the cluster.

    Attributes:
        codes: of the faults that are in it.
        fate: what becomes of packets.
        told: what services tell.
        cluster: what the API says.
        known: what agents know.
        certificate: what backends show, if they speak TLS.
    """

    codes: frozenset[str] = frozenset()
    fate: Fate = well
    told: Told = nothing
    cluster: KubernetesEvidence = CLUSTER
    known: Callable[[str], Knowledge] = known
    certificate: Mapping[str, Any] | None = None
    lots: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - no secret

    def answer(self, source: str, edge: Edge) -> Answer:
        """Give what an agent writes down of an edge: what fails is tried twice."""
        first = self._try(source, edge)
        return first if first is Answer.OK else self._try(source, edge)

    def _try(self, source: str, edge: Edge) -> Answer:
        return self.fate(source, edge, edge.node or self.lots.choice(behind(edge)))


HEALTHY: Final = World()


def behind(edge: Edge) -> Sequence[str]:
    """Give the nodes of those behind a Service's address."""
    places = {Role.DNS: SERVERS, Role.AGENT: AGENTS}.get(edge.role)
    return [one.node for one in places] if places else ["control-plane"]


def both(one: World, other: World) -> World:
    """Put two faults into one world: the lower one decides what becomes of a packet."""

    def fate(source: str, edge: Edge, node: str) -> Answer:
        first = one.fate(source, edge, node)
        return other.fate(source, edge, node) if first is Answer.OK else first

    def told(place: Place) -> Mapping[str, Any]:
        mine, others = one.told(place), other.told(place)
        merged = {**others, **mine}
        for key in ("causes", "lookups"):
            merged[key] = {**others.get(key, {}), **mine.get(key, {})}
        return merged

    changed = {
        name: getattr(other.cluster, name)
        for name in ("pods", "services", "slices", "events")
        if getattr(other.cluster, name) is not getattr(CLUSTER, name)
    }
    return World(
        one.codes | other.codes,
        fate,
        told,
        replace(one.cluster, **changed),
        lambda node: _less(one.known(node), other.known(node)),
        one.certificate or other.certificate,
    )


def _less(one: Knowledge, other: Knowledge) -> Knowledge:
    """Give what is known where two faults change it: of backends none, or the strange ones."""
    strange = one if one.backends != BACKENDS else other
    return strange if one.backends and other.backends else replace(one, backends=())


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody looked at a world, and what was before.

    Attributes:
        at: when the round began.
        began: when the world became what it is.
        before: what it was.
    """

    at: float = NOW - 1.0
    began: float = NOW - 20.0
    before: World = HEALTHY


def report(node: str, world: World, moment: Moment) -> Report:
    """Give what the agent of a node reports."""
    knows = world.known(node)
    return Report(
        node,
        moment.at,
        round=100,
        sightings=_sightings(node, world, moment),
        callers=tuple(_caller(place, world, moment) for place in knows.pages),
        certificates=_certificates(world, knows),
    )


def _sightings(node: str, world: World, moment: Moment) -> tuple[Sighting, ...]:
    before = frozenset(edges(moment.before.known(node)))
    return tuple(
        _sighting(edge, world.answer(node, edge), was, moment)
        for edge in edges(world.known(node))
        for was in ((moment.before.answer(node, edge) if edge in before else None),)
    )


def _sighting(edge: Edge, now: Answer, was: Answer | None, moment: Moment) -> Sighting:
    rounds = max(1, min(LOOKS, int((moment.at - moment.began) // 5) + 1))
    past = (was,) * (LOOKS - rounds) if was else ()
    since = LONG_AGO if was is now else first_round(moment)
    words = "" if now in {Answer.OK, Answer.SILENT} else f"it says {now}"
    return Sighting(edge, now, 0.01, words, since, past + (now,) * rounds)


def first_round(moment: Moment) -> float:
    """Give when the first round after the change began: rounds are 5 s apart."""
    return moment.at - 5.0 * int((moment.at - moment.began) // 5)


def _caller(place: Place, world: World, moment: Moment) -> Caller:
    told = dict(world.told(place))
    before = moment.before.told(place)
    if moment.at - moment.began < WINDOW and (lately := before.get("causes")):
        told.setdefault("causes", lately)  # counters look back
    if moment.at - moment.began < WINDOW and (lately := before.get("lookups")):
        told.setdefault("lookups", lately)
    fields = {**HEALTHY_CALLER, "since": moment.at - WINDOW, **told}
    if place.service != "marketplace":
        fields = {key: fields[key] for key in ("seconds", "since")} | dict(world.told(place))
    return Caller(place.namespace, place.pod, place.service, **fields)


def _certificates(world: World, knows: Knowledge) -> tuple[Certificate, ...]:
    if world.certificate is None:
        return ()
    fields = {"not_before": LONG_AGO, "not_after": NOW + 86400.0, **world.certificate}
    return tuple(
        Certificate(one.pod, f"{one.address}:{one.port}", **fields) for one in knows.backends
    )


def evidence(world: World = HEALTHY, moment: Moment | None = None) -> MeshEvidence:
    """Give what the doctor would find."""
    when = moment or Moment()
    reports = tuple(Written(report(node, world, when), 1.0) for node in NODES)
    return MeshEvidence(world.cluster, reports)


def crosses(edge: Edge, source: str, node: str, pairs: frozenset[frozenset[str]]) -> bool:
    """Tell whether a packet goes between two nodes that are a pair of these, past port 6443."""
    return source != node and frozenset((source, node)) in pairs and edge.role is not Role.API


def by_address(edge: Edge) -> bool:
    """Tell whether it goes to a Service's address."""
    return edge.ground is Ground.CLUSTER_IP
