"""The bookstore's Pods for trials of rules: a healthy day, and what each fault makes of it."""

from collections.abc import Callable
from random import Random
from typing import Final

from meshdoctor.telemetry import catalogue
from observability import knobs
from tests.support.pods import Count, Events, Level, Span, Target, at, besides, both, steady

METHOD: Final = "bookstore.recommendations.v1.RecommendationsService/GetRecommendations"
NAME: Final = "recommendations.bookstore.svc.cluster.local."
NODES: Final = ("node-1", "node-2", "node-3")
PROBES: Final = ("dns-udp", "tcp", "large", "node")
PROBES_OF_DNS: Final = ("dns-udp", "dns-tcp")
SERVERS: Final = ("coredns-1", "coredns-2")
BY_SERVICE: Final = ("kube-dns", "mesh-agent")

PAGES: Final = 20.0
"""Pages a second of one marketplace Pod, each with one call."""

LOOKUPS: Final = 0.2
"""A mesh whose lookups succeed asks again every 5 s."""

LOOKUPS_AGAIN: Final = 1.0
"""One whose lookups fail asks about every second."""


Kind = tuple[float, str, str]
"""Calls that fail: their share of all calls, status code and cause."""


def pages(
    count: Count, *, status: str = "200", freshness: str = "live", seconds: float = 0.02
) -> tuple[Events, ...]:
    """Pages as the marketplace counts them; an error page has no freshness."""
    timed = Events(catalogue.HTTP_SERVER_DURATION, ("GET", "/", status), count, seconds)
    fresh = Events(catalogue.HTTP_SERVER_FRESHNESS, ("/", freshness), count)
    return (timed, fresh) if status == "200" else (timed,)


def calls(
    count: Count, *, code: str = "OK", cause: str = "", seconds: float = 0.004
) -> tuple[Events, ...]:
    """Calls as their caller counts them; with a cause they failed."""
    error = code if cause else ""
    timed = Events(catalogue.RPC_CLIENT_DURATION, (METHOD, code, error), count, seconds)
    failed = Events(catalogue.RPC_CLIENT_FAILURES, (METHOD, cause), count)
    return (timed, failed) if cause else (timed,)


def failing_calls(span: Span, *kinds: Kind) -> tuple[Events, ...]:
    """All calls of a Pod, some of which fail within a span."""
    failing = tuple(
        events
        for share, code, cause in kinds
        for events in calls(steady(PAGES * share, *span), code=code, cause=cause)
    )
    good = 1 - sum(share for share, _code, _cause in kinds)
    return (*calls(both(besides(PAGES, span), steady(PAGES * good, *span))), *failing)


def lookups(count: Count, cause: str = "", seconds: float = 0.002) -> tuple[Events, ...]:
    """Lookups of the backends' name; with a cause they failed."""
    return (Events(catalogue.DNS_LOOKUP_DURATION, (NAME, cause), count, seconds),)


def failing_lookups(span: Span, cause: str) -> tuple[Events, ...]:
    """All lookups of a Pod; within a span, each fails."""
    failed = lookups(steady(LOOKUPS_AGAIN, *span), cause, 1.2)
    return (*lookups(besides(LOOKUPS, span)), *failed)


def flaky_lookups(span: Span, cause: str, *, share: float, seed: int) -> tuple[Events, ...]:
    """All lookups of a Pod; within a span, each fails with a chance."""
    chance = Random(seed)  # noqa: S311 - a model's dice, no secret
    good: list[float] = []
    bad: list[float] = []
    now = span[0]
    while now < span[1]:
        failed = chance.random() < share
        (bad if failed else good).append(now)
        now += 1 / (LOOKUPS_AGAIN if failed else LOOKUPS)
    return (
        *lookups(both(besides(LOOKUPS, span), at(*good))),
        *lookups(at(*bad), cause, 1.2),
    )


def retries(count: Count, outcome: str = "sent") -> tuple[Events, ...]:
    """Second tries that were sent, or denied by the budget."""
    return (Events(catalogue.RPC_CLIENT_RETRIES, (METHOD, outcome), count),)


def served(count: Count, seconds: float = 0.002) -> tuple[Events, ...]:
    """Calls as the backend counts them."""
    return (Events(catalogue.RPC_SERVER_DURATION, (METHOD, "OK", ""), count, seconds),)


def healthy() -> tuple[Events, ...]:
    """What a marketplace Pod counts on a good day: live pages, calls that succeed, lookups."""
    return (*pages(steady(PAGES)), *calls(steady(PAGES)), *lookups(steady(LOOKUPS)))


def shop(name: str, *says: Events | Level) -> Target:
    """One marketplace Pod."""
    return Target(knobs.MARKETPLACE, name, says)


def backend(name: str, *says: Events | Level) -> Target:
    """One recommendations Pod."""
    return Target(knobs.RECOMMENDATIONS, name, says)


def agent(node: str, *says: Events | Level) -> Target:
    """The agent on a node."""
    where = {"namespace": knobs.AGENT_NAMESPACE}
    return Target(knobs.AGENT, f"agent-on-{node}", says, placed=where)


def agents(lost: Callable[[str, str, str, float], bool]) -> tuple[Target, ...]:
    """All agents; `lost` says of a source, a target, a kind of probe and a second."""
    return tuple(
        agent(
            source,
            *(
                _probe(source, target, probe, lost)
                for target in NODES
                for probe in PROBES
                if target != source
            ),
        )
        for source in NODES
    )


def _probe(
    source: str, target: str, probe: str, lost: Callable[[str, str, str, float], bool]
) -> Level:
    return Level(
        catalogue.NODE_PROBE_SUCCESS.name,
        {"source_node": source, "target_node": target, "probe": probe},
        lambda now: float(not lost(source, target, probe, now)),
    )


Asked = tuple[str, str, str, str]
"""A node that asks, the role and the name of what it asks, and how."""


def askers(fails: Callable[[Asked, float], bool]) -> tuple[Target, ...]:
    """All agents, as they ask name servers, Services and backends.

    Args:
        fails: says of what is asked, and of a second, whether it goes unanswered.
    """
    return tuple(agent(node, *(_edge(asked, fails) for asked in _asked(node))) for node in NODES)


def _asked(node: str) -> tuple[Asked, ...]:
    """Name servers directly, `kube-dns` and `mesh-agent` by their Services, and a backend."""
    return (
        *((node, "dns", name, probe) for name in (*SERVERS, "kube-dns") for probe in PROBES_OF_DNS),
        (node, "agent", "mesh-agent", "tcp"),
        (node, "backend", "back-1", "tcp"),
    )


def _edge(asked: Asked, fails: Callable[[Asked, float], bool]) -> Level:
    source, role, target, probe = asked
    ground = "cluster-ip" if target in BY_SERVICE else "other-node"
    where = {"source_node": source, "role": role, "ground": ground}
    return Level(
        catalogue.EDGE_PROBE_SUCCESS.name,
        {**where, "target": target, "probe": probe},
        lambda now: float(not fails(asked, now)),
    )


def kubernetes(*says: Level) -> Target:
    """What kube-state-metrics tells; its series say themselves which Pod they are about."""
    return Target("kube-state-metrics", "kube-state-metrics", says)


def told_of(name: str, pod: str, value: Callable[[float], float | None], **labels: str) -> Level:
    """One gauge of kube-state-metrics about the one container of a Pod."""
    where = {"namespace": knobs.NAMESPACE, "pod": pod, "container": knobs.RECOMMENDATIONS}
    return Level(name, {**where, **labels}, value)


def inside(span: Span, value: float = 1.0) -> Callable[[float], float | None]:
    """A gauge that is there within a span only."""
    return lambda now: value if span[0] <= now < span[1] else None
