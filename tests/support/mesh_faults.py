"""Each fault of the vocabulary as a world of `mesh_evidence`, whole or in part."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from meshdoctor.agent.knowledge import Knowledge, Place
from meshdoctor.probes.kubernetes.evidence import (
    Container,
    Ended,
    Event,
    KubernetesEvidence,
    Pod,
    ServicePort,
    Slice,
)
from meshdoctor.probes.mesh.evidence import Answer, Ask, Edge, Ground, Role
from tests.support.mesh_evidence import (
    BACKENDS,
    CLUSTER,
    GRPC_PORT,
    NODES,
    NOW,
    PAIRS,
    SERVERS,
    Told,
    World,
    crosses,
    known,
)

Pairs = frozenset[frozenset[str]]
WRONG_PORT: Final = 55051
SERVER_NODES: Final = ("control-plane", "worker-1")


def of(code: str) -> frozenset[str]:
    """Give the codes of a world with one fault."""
    return frozenset((code,))


def _shops(**told: Any) -> Told:  # noqa: ANN401 - fields of Caller
    return lambda place: told if place.service == "marketplace" else {}


def _cut_off(pairs: Pairs) -> Told:
    """Tell what shops tell whose lookups and calls partly cross a cut."""

    def told(place: Place) -> Mapping[str, Any]:
        if place.service != "marketplace":
            return {}
        servers, others = ({place.node for place in each} for each in (SERVERS, BACKENDS))
        away = {node for pair in pairs if place.node in pair for node in pair - {place.node}}
        calls = {"causes": {"connect-timeout": 9, "app-deadline": 9, "breaker-open": 20}}
        lookups = {"lookups": {"": 3, "dns-timeout": 6}}
        return (calls if away & others else {}) | (lookups if away & servers else {})

    return told


def nodes_blocked(pairs: Pairs = PAIRS) -> World:
    """Drop everything between nodes."""
    return World(
        of("network-nodes-blocked"),
        lambda source, edge, node: _silent(crosses(edge, source, node, pairs)),
        _cut_off(pairs),
    )


def overlay_blocked(pairs: Pairs = PAIRS) -> World:
    """Drop what is between Pods of different nodes."""
    return World(
        of("network-overlay-blocked"),
        lambda source, edge, node: _silent(
            crosses(edge, source, node, pairs) and edge.role is not Role.NODE
        ),
        _cut_off(pairs),
    )


def one_way(source: str = "worker-1", node: str = "worker-2") -> World:
    """Drop what a node gets of another; in an overlay Pods are cut in both directions."""
    pair = frozenset((frozenset((source, node)),))

    def fate(here: str, edge: Edge, there: str) -> Answer:
        deaf = edge.role is not Role.NODE or (here, there) == (source, node)
        return _silent(crosses(edge, here, there, pair) and deaf)

    return World(of("network-one-way"), fate, _cut_off(pair))


def large_packets(pairs: Pairs = PAIRS) -> World:
    """Drop large packets between nodes."""
    return World(
        of("network-large-packets"),
        lambda source, edge, node: _silent(
            crosses(edge, source, node, pairs) and edge.ask is Ask.LARGE
        ),
    )


def policy_dns(lost: int = 8, nodes: tuple[str, ...] = NODES) -> World:
    """Drop the shops' lookups on some nodes; their connections stand."""

    def told(place: Place) -> Mapping[str, Any]:
        if place.service != "marketplace" or place.node not in nodes:
            return {}
        return {
            "lookups": {"": 2, "dns-timeout": lost},
            "causes": {"dns-timeout": lost + 1},
            "calls": 30,
        }

    return World(of("network-policy-dns"), told=told)


def policy_app() -> World:
    """Drop the shops' calls."""
    return World(
        of("network-policy-app"),
        told=_shops(causes={"connect-timeout": 10, "breaker-open": 40}, calls=50),
    )


def clusterip_gone(nodes: tuple[str, ...] = NODES) -> World:
    """Let Service addresses lead nowhere on some nodes."""

    def told(place: Place) -> Mapping[str, Any]:
        if place.service != "marketplace" or place.node not in nodes:
            return {}
        return {"lookups": {"": 1, "dns-timeout": 9}, "causes": {"dns-timeout": 4}}

    return World(
        of("routing-clusterip-gone"),
        lambda source, edge, _node: _silent(edge.ground is Ground.CLUSTER_IP and source in nodes),
        told,
    )


def _silent(cut: bool) -> Answer:  # noqa: FBT001 - reads as the question that it answers
    return Answer.SILENT if cut else Answer.OK


def no_endpoints() -> World:
    """Let the Service select nobody, long enough for agents to have learned it."""
    selector = {"app.kubernetes.io/name": "recomendations"}
    cluster = replace(
        _service(selector=selector),
        slices=(CLUSTER.slices[0], Slice("bookstore", "recommendations", 0, 0)),
    )
    return replace(
        dns(Answer.NXDOMAIN, "routing-no-endpoints", cause="dns-nxdomain"),
        cluster=cluster,
        known=_knowing(backends=()),
    )


def wrong_target_port() -> World:
    """Let the Service lead to a port that a policy drops."""
    backends = tuple(replace(one, port=WRONG_PORT) for one in BACKENDS)
    return World(
        of("routing-wrong-target-port"),
        lambda _source, edge, _node: _silent(edge.address.endswith(f":{WRONG_PORT}")),
        _shops(causes={"connect-timeout": 20}),
        _service(ports=(ServicePort(GRPC_PORT, WRONG_PORT, "grpc"),)),
        _knowing(backends=backends),
    )


def _service(**changes: Any) -> KubernetesEvidence:  # noqa: ANN401 - fields of Service
    dns_service, backend = CLUSTER.services
    return replace(CLUSTER, services=(dns_service, replace(backend, **changes)))


def _knowing(**changes: Any) -> Callable[[str], Knowledge]:  # noqa: ANN401 - fields of Knowledge
    return lambda node: replace(known(node), **changes)


def dns(
    answer: Answer,
    code: str,
    cause: str = "",
    nodes: tuple[str, ...] = SERVER_NODES,
    asks: tuple[Ask, ...] = (Ask.DNS_UDP, Ask.DNS_TCP),
) -> World:
    """Let the name servers on some nodes answer so."""

    def fate(_source: str, edge: Edge, node: str) -> Answer:
        hurt = edge.role is Role.DNS and node in nodes and edge.ask in asks
        return answer if hurt else Answer.OK

    told = _shops(lookups={"": 1, cause: 8}, causes={cause: 5}) if cause else _shops()
    return World(of(code), fate, told)


def backends(fate: Callable[[Edge], Answer], code: str, names: tuple[str, ...]) -> World:
    """Let some backends answer so."""

    def of_all(_source: str, edge: Edge, _node: str) -> Answer:
        hurt = edge.role is Role.BACKEND and edge.target in names
        return fate(edge) if hurt else Answer.OK

    return World(of(code), of_all)


ALL_BACKENDS: Final = tuple(one.pod for one in BACKENDS)


def app_down(names: tuple[str, ...] = ALL_BACKENDS) -> World:
    """Let the programs of some backends run, and not listen."""
    world = backends(lambda _edge: Answer.REFUSED, "app-down", names)
    told = _shops(causes={"connect-refused": 30}) if len(names) > 1 else _shops()
    return replace(world, told=told, cluster=_pods(names, {}, ready=False))


def app_ended(names: tuple[str, ...] = ALL_BACKENDS) -> World:
    """Let the programs of some backends be killed, and not begun again yet."""
    dead = {"running": False, "ended": Ended(137, "Error", 600.0), "since": ""}
    return replace(app_down(names), cluster=_pods(names, dead, ready=False))


def app_hung(names: tuple[str, ...] = ALL_BACKENDS) -> World:
    """Let some backends take connections and answer nothing."""

    def told(place: Place) -> Mapping[str, Any]:
        if place.pod in names:
            return {"words": "no answer in time"}
        return _shops(causes={"app-deadline": 20})(place)

    return replace(
        backends(lambda edge: _silent(edge.ask is Ask.GRPC), "app-hung", names), told=told
    )


def crash_loop(names: tuple[str, ...] = ALL_BACKENDS) -> World:
    """Let the programs of some backends end again and again."""
    dead = {
        "running": False,
        "waiting": "CrashLoopBackOff",
        "restarts": 4,
        "ended": Ended(1, "Error", 3.0),
        "wrong_format": False,
        "since": "",
    }
    return replace(
        app_down(names), codes=of("app-crash-loop"), cluster=_pods(names, dead, ready=False)
    )


def _pods(
    names: tuple[str, ...],
    container: Mapping[str, Any],
    *,
    ready: bool,
    events: tuple[Event, ...] = (),
) -> KubernetesEvidence:
    def changed(pod: Pod) -> Pod:
        if pod.name not in names:
            return pod
        only: Container = replace(pod.containers[0], ready=ready, **container)
        return replace(pod, ready=ready, containers=(only,))

    out = sum(one.name in names for one in CLUSTER.pods)
    slices = (
        CLUSTER.slices[0],
        Slice("bookstore", "recommendations", len(BACKENDS) - out, out),
    )
    pods = tuple(map(changed, CLUSTER.pods))
    return replace(CLUSTER, pods=pods, events=events, slices=slices)


def counted(code: str, cause: str) -> World:
    """Let the shops' calls end by a cause, and nothing else be different."""
    return World(of(code), told=_shops(causes={cause: 30}))


def slow() -> World:
    """Let handlers run longer than callers wait."""

    def told(place: Place) -> Mapping[str, Any]:
        if place.service == "recommendations":
            return {"handled": {"CANCELLED": 10, "OK": 2}}
        return _shops(causes={"app-deadline": 30, "breaker-open": 10})(place)

    return World(of("app-slow"), told=told)


def tls(code: str, **certificate: Any) -> World:  # noqa: ANN401 - fields of Certificate
    """Let backends speak TLS with such a certificate, which callers do not take."""
    world = counted(code, "tls-handshake")
    return replace(world, certificate={"subject": "recommendations", **certificate})


_WORDS: Final = {
    "image-platform-missing": "no match for platform in manifest sha256:0: not found",
    "image-tag-missing": "registry.example/recommendations:v1: not found",
    "image-registry-refuses": "failed to authorize: 401 Unauthorized",
    "image-registry-unreachable": "dial tcp 10.9.9.9:443: i/o timeout",
}


def not_pulled(code: str, names: tuple[str, ...] = ALL_BACKENDS) -> World:
    """Let the images of some backends not be had."""
    waiting = {
        "running": False,
        "waiting": "ImagePullBackOff",
        "words": _WORDS[code],
        "since": "",
    }
    return replace(
        app_down(names), codes=of(code), cluster=_pods(names, waiting, ready=False), fate=_gone
    )


def _gone(_source: str, edge: Edge, _node: str) -> Answer:
    """Answer for Pods without a process as their kernel does."""
    return Answer.REFUSED if edge.role is Role.BACKEND else Answer.OK


def wrong_platform(code: str) -> World:
    """Let the programs of all backends be of another platform."""
    dead = {
        "running": False,
        "waiting": "CrashLoopBackOff",
        "restarts": 4,
        "ended": Ended(255, "Error", 0.0),
        "wrong_format": True,
        "since": "",
    }
    return replace(app_down(), codes=of(code), cluster=_pods(ALL_BACKENDS, dead, ready=False))


WORLDS: Final[Mapping[str, Callable[[], World]]] = {
    **{code: lambda code=code: not_pulled(code) for code in _WORDS},  # type: ignore[misc]
    "image-platform-wrong": lambda: wrong_platform("image-platform-wrong"),
    "network-overlay-blocked": overlay_blocked,
    "network-nodes-blocked": nodes_blocked,
    "network-one-way": one_way,
    "network-large-packets": large_packets,
    "network-policy-dns": policy_dns,
    "network-policy-app": policy_app,
    "routing-clusterip-gone": clusterip_gone,
    "routing-no-endpoints": no_endpoints,
    "routing-wrong-target-port": wrong_target_port,
    "dns-refused": lambda: dns(Answer.REFUSED, "dns-refused", "dns-refused"),
    "dns-timeout": lambda: dns(Answer.SILENT, "dns-timeout", "dns-timeout"),
    "dns-servfail": lambda: dns(Answer.SERVFAIL, "dns-servfail", "dns-servfail"),
    "dns-slow": lambda: dns(Answer.SLOW, "dns-slow"),
    "dns-nxdomain": lambda: dns(Answer.NXDOMAIN, "dns-nxdomain", "dns-nxdomain"),
    "dns-udp-lost": lambda: dns(Answer.SILENT, "dns-udp-lost", "dns-timeout", asks=(Ask.DNS_UDP,)),
    "tls-expired": lambda: tls("tls-expired", not_after=NOW - 7200.0),
    "tls-untrusted": lambda: tls("tls-untrusted"),
    "app-down": app_down,
    "app-hung": app_hung,
    "app-slow": slow,
    "app-erroring": lambda: counted("app-erroring", "app-error"),
    "app-overloaded": lambda: counted("app-overloaded", "app-overloaded"),
    "app-crash-loop": crash_loop,
}
"""Every fault but the one that only a registry can tell."""
