"""Alerts on what agents ask beside nodes: each fires on its fault, and not on what is nearly it."""

from dataclasses import replace
from typing import Final

from observability import knobs
from observability.model import Severity
from tests.support.alert_cases import EXPLAINED, PERSISTENT, PHASES, Case, Fires, Silent
from tests.support.bookstore import BY_SERVICE, NODES, SERVERS, Asked, askers, failing_lookups, shop
from tests.support.pods import Span, Target

ADDRESS: Final = ("ServiceAddressSilent", Severity.PAGE)
SERVER: Final = ("DnsServerUnanswered", Severity.PAGE)
LOOKUPS: Final = ("DnsFailureRatioHigh", Severity.PAGE)

SOON: Final = replace(PERSISTENT, silent=25)
"""An agent needs fewer looks than a ratio."""

MINUTES: Final = (60.0, 240.0)
BLIP: Final = (121.0, 146.0)


def silent_addresses(span: Span, *nodes: str) -> tuple[Target, ...]:
    """Within a span no Service's address answers on some nodes."""

    def fails(asked: Asked, now: float) -> bool:
        source, _role, target, _probe = asked
        return source in nodes and target in BY_SERVICE and span[0] <= now < span[1]

    return askers(fails)


def silent_servers(
    span: Span, *servers: str, nodes: tuple[str, ...] = NODES, probes: tuple[str, ...]
) -> tuple[Target, ...]:
    """Within a span some name servers, and the Service, do not answer some nodes in some ways."""

    def fails(asked: Asked, now: float) -> bool:
        source, role, target, probe = asked
        told = role == "dns" and target in (*servers, "kube-dns")
        return told and source in nodes and probe in probes and span[0] <= now < span[1]

    return askers(fails)


def addresses(story: str, nodes: tuple[str, ...]) -> Fires:
    """The page on Services' addresses."""
    return Fires(
        ADDRESS,
        story,
        lambda span: silent_addresses(span, *nodes),
        SOON,
        {"rank": "network", "layer": "routing"},
        "Services' addresses are silent, the Pods behind them are not",
        f"On {len(nodes)} nodes no Service's address has answered in the last minute, while every "
        f"name server answers directly: {', '.join(nodes)}. kube-proxy's rules are gone there.",
        "mesh-dns-network",
        pages=(ADDRESS[0],),
        phases=PHASES,
    )


def servers(story: str, count: int, listed: str, *names: str, probes: tuple[str, ...]) -> Fires:
    """The page on name servers."""
    return Fires(
        SERVER,
        story,
        lambda span: silent_servers(span, *names, probes=probes),
        SOON,
        {"rank": "dns", "layer": "dns"},
        "Name servers answer no node",
        f"{count} name servers have given no node an answer in the last minute: {listed}. The way "
        "to them was tried without the Service's address, from the same node where an agent is "
        "there. dns-udp alone: only TCP passes.",
        "mesh-dns-network",
        pages=(SERVER[0],),
        phases=PHASES,
    )


def policy(span: Span) -> tuple[Target, ...]:
    """The shop's lookups fail within a span, the agents' never."""
    return (shop("shop-1", *failing_lookups(span, "dns-timeout")), *askers(lambda *_: False))


EVERY_SERVER: Final = "coredns-1 dns-tcp, coredns-1 dns-udp, coredns-2 dns-tcp, coredns-2 dns-udp"
BOTH: Final = ("dns-udp", "dns-tcp")

FIRING: Final = (
    addresses("kube-proxy's rules are gone on one node", NODES[:1]),
    addresses("kube-proxy's rules are gone everywhere", NODES),
    servers("no name server answers", 2, EVERY_SERVER, *SERVERS, probes=BOTH),
    servers(
        "one of two name servers is silent over UDP",
        1,
        "coredns-1 dns-udp",
        "coredns-1",
        probes=("dns-udp",),
    ),
    Fires(
        LOOKUPS,
        "a policy eats the shop's lookups",
        policy,
        EXPLAINED,
        {
            "namespace": knobs.NAMESPACE,
            "job": knobs.MARKETPLACE,
            "rank": "dns",
            "layer": "dns",
            "cause": "dns-timeout",
        },
        "bookstore/marketplace cannot look names up: dns-timeout",
        "100% of the lookups of bookstore/marketplace failed in the last minute, most of them "
        "with dns-timeout. Calls go on to the last known addresses; a Pod that starts now finds "
        "nobody, and one that moves is not found. The agents' own lookups are answered on every "
        "node: a network policy of these Pods is the first thing to read.",
        "mesh-dns-network",
        pages=(LOOKUPS[0],),
    ),
)

SILENT: Final = (
    Silent((ADDRESS, SERVER), "all is answered", askers(lambda *_: False), 300),
    Silent(
        (ADDRESS,), "Services' addresses are silent for 25 s", silent_addresses(BLIP, *NODES), 300
    ),
    Silent(
        (ADDRESS,),
        "name servers themselves are silent",
        silent_servers(MINUTES, *SERVERS, probes=BOTH),
        300,
    ),
    Silent(
        (SERVER,),
        "name servers are silent for 25 s",
        silent_servers(BLIP, *SERVERS, probes=BOTH),
        300,
    ),
    Silent(
        (SERVER,),
        "name servers are silent for two nodes of three",
        silent_servers(MINUTES, *SERVERS, nodes=NODES[:2], probes=BOTH),
        300,
    ),
    Silent((SERVER,), "Services' addresses are silent", silent_addresses(MINUTES, *NODES), 300),
)

CASES: Final[tuple[Case, ...]] = (*FIRING, *SILENT)
