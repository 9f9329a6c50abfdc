"""Alerts on the way between nodes: each fires on its fault, and not on what is nearly it."""

from dataclasses import replace
from typing import Final

from observability import knobs
from observability.model import Severity
from tests.support.alert_cases import PERSISTENT, PHASES, Case, Fires, Silent, Times
from tests.support.bookstore import PROBES, agents
from tests.support.pods import Level, Span, Target

UNREACHABLE: Final = ("NodeToNodeUnreachable", Severity.PAGE)
ABSENT: Final = ("NodeProbeAbsent", Severity.TICKET)

NETWORK: Final = {"rank": "network", "layer": "network"}
Way = tuple[str, str]
"""From one node to another."""

SOON: Final = replace(PERSISTENT, silent=25)
"""An agent needs fewer looks than a ratio."""

ONE_WAY: Final = ("node-1", "node-2")
BOTH_WAYS: Final = (ONE_WAY, ONE_WAY[::-1])


def cut(span: Span, ways: tuple[Way, ...], *probes: str) -> tuple[Target, ...]:
    """On some ways some kinds of probes are lost within a span."""

    def lost(source: str, target: str, probe: str, now: float) -> bool:
        return (source, target) in ways and probe in probes and span[0] <= now < span[1]

    return agents(lost)


def losing(source: str, target: str, probe: str, now: float) -> bool:
    """Every way loses a probe of each kind now and then, never two in a row."""
    turn = sum(map(ord, f"{source}{target}{probe}")) % 12
    return int(now // knobs.SCRAPE_SECONDS) % 12 == turn


def unreachable(
    story: str, ways: tuple[Way, ...], probes: tuple[str, ...], pairs: str, suspect: str
) -> Fires:
    """The page on ways between nodes."""
    return Fires(
        UNREACHABLE,
        story,
        lambda span: cut(span, ways, *probes),
        SOON,
        NETWORK,
        "Packets between nodes do not arrive",
        f"{len(ways)} ways between two nodes have lost probes in the last minute: {pairs}. "
        f"{suspect}",
        "mesh-dns-network",
        pages=(UNREACHABLE[0],),
        phases=PHASES,
    )


def without_probes(span: Span) -> tuple[Target, ...]:
    """Agents that are up and tell nothing within a span."""
    return tuple(
        replace(
            target,
            says=tuple(
                replace(said, value=lambda now: None if span[0] <= now < span[1] else 1.0)
                for said in target.says
                if isinstance(said, Level)
            ),
        )
        for target in agents(lambda *_: False)
    )


OVERLAY: Final = ("dns-udp", "large", "tcp")

FIRING: Final = (
    unreachable(
        "no packet passes between two nodes",
        BOTH_WAYS,
        PROBES,
        "node-1 to node-2 (dns-udp large node tcp); node-2 to node-1 (dns-udp large node tcp)",
        "The nodes' own addresses are cut off, too: network-nodes-blocked, the security group.",
    ),
    unreachable(
        "the overlay is cut between two nodes",
        BOTH_WAYS,
        OVERLAY,
        "node-1 to node-2 (dns-udp large tcp); node-2 to node-1 (dns-udp large tcp)",
        "The nodes' own addresses answer: network-overlay-blocked.",
    ),
    unreachable(
        "one direction is cut",
        (ONE_WAY,),
        PROBES,
        "node-1 to node-2 (dns-udp large node tcp)",
        "Nodes lose each other's packets in one direction: network-one-way.",
    ),
    unreachable(
        "large packets vanish",
        BOTH_WAYS,
        ("large",),
        "node-1 to node-2 (large); node-2 to node-1 (large)",
        "Small packets pass: network-large-packets, the MTU.",
    ),
    Fires(
        ABSENT,
        "the agents are up and tell of no probe",
        without_probes,
        Times(silent=270, by=360, ends=60, lasts=600),
        {"rank": "watch", "layer": "watch"},
        "No node probes another: the network is not watched",
        "3 agents were known within a day, and no result of a probe between nodes is to be had.",
        "mesh-dns-network",
    ),
)

SILENT: Final = (
    Silent((UNREACHABLE,), "single probes are lost everywhere", agents(losing), 900),
    Silent(
        (UNREACHABLE,), "no packet passes for 25 s", cut((121.0, 146.0), BOTH_WAYS, *PROBES), 300
    ),
    Silent((ABSENT,), "probes are told of, though all fail", agents(lambda *_: True), 900),
    Silent((ABSENT,), "no agent was ever there", (), 900),
)

CASES: Final[tuple[Case, ...]] = (*FIRING, *SILENT)
