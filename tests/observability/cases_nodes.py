"""Alerts on what probers tell: each fires on its fault, and stays silent on what is nearly it."""

from dataclasses import replace
from typing import Final

from meshdoctor.telemetry.catalogue import TLS_NOT_AFTER
from observability import knobs
from observability.model import Severity
from tests.support.alert_cases import PERSISTENT, PHASES, Case, Fires, Silent, Times
from tests.support.bookstore import NODES, agent, agents
from tests.support.pods import Level, Span, Target

UNREACHABLE: Final = ("NodeToNodeUnreachable", Severity.PAGE)
ABSENT: Final = ("NodeProbeAbsent", Severity.TICKET)
CRITICAL: Final = ("TlsCertExpiryCritical", Severity.PAGE)
SOON: Final = ("TlsCertExpirySoon", Severity.TICKET)

WAY: Final = {"source_node": "node-1", "target_node": "node-2"}
NETWORK: Final = {"rank": "network", "layer": "network"}
SERVER: Final = "recommendations.bookstore.svc.cluster.local:50051"
EXPIRES: Final = {"rank": "watch", "layer": "tls", "server_address": SERVER}
HOUR: Final = 3600
DAY: Final = 24 * HOUR


def cut(span: Span, *probes: str) -> tuple[Target, ...]:
    """From node-1 to node-2, some kinds of probes are lost within a span; all if none is named."""

    def lost(source: str, target: str, probe: str, now: float) -> bool:
        here = (source, target) == ("node-1", "node-2") and probe in (probes or (probe,))
        return here and span[0] <= now < span[1]

    return agents(lost)


def losing(source: str, target: str, probe: str, now: float) -> bool:
    """Every way loses a probe of each kind now and then, never two in a row."""
    turn = sum(map(ord, f"{source}{target}{probe}")) % 12
    return int(now // knobs.SCRAPE_SECONDS) % 12 == turn


def unreachable(story: str, count: int, kinds: str, *probes: str) -> Fires:
    """The page on a way between two nodes."""
    return Fires(
        UNREACHABLE,
        story,
        lambda span: cut(span, *probes),
        PERSISTENT,
        {**NETWORK, **WAY},
        "Packets from node node-1 to node-2 do not arrive",
        f"{count} kinds of probes from node node-1 to node-2 have failed in the last minute: "
        f"{kinds}. All kinds: the security group or the overlay; large alone: the MTU; one "
        "direction alone: the rules of one node.",
        "mesh-dns-network",
        pages=(UNREACHABLE[0],),
        phases=PHASES,
    )


def without_probes(span: Span) -> tuple[Target, ...]:
    """Probers that are up and tell nothing within a span."""
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


def certificate(not_after: float, renewed: float) -> tuple[Target, ...]:
    """All probers see a certificate that expires, until it is renewed for 90 days."""
    return tuple(
        agent(
            node,
            Level(
                TLS_NOT_AFTER.name,
                {"server_address": SERVER},
                lambda now: not_after if now < renewed else now + 90 * DAY,
            ),
        )
        for node in NODES
    )


def expires(alert: tuple[str, Severity], seconds: int, left: str, times: Times) -> Fires:
    """An alert on a certificate that comes within `seconds` of its end."""
    return Fires(
        alert,
        f"a certificate has {left} left",
        lambda span: certificate(span[0] + seconds, span[1]),
        times,
        EXPIRES,
        f"The certificate of {SERVER} expires",
        f"The certificate that {SERVER} shows has {left} left (less than nothing: it has expired). "
        "Then every new connection to it fails.",
        "mesh-dns-network",
        pages=(alert[0],) if alert[1] is Severity.PAGE else (),
    )


FIRING: Final = (
    unreachable("one direction is cut", 5, "dns-tcp dns-udp grpc large tcp"),
    unreachable("large packets vanish", 1, "large", "large"),
    Fires(
        ABSENT,
        "the probers are up and tell of no probe",
        without_probes,
        Times(silent=270, by=360, ends=60, lasts=600),
        {"rank": "watch", "layer": "watch"},
        "No node probes another: the network is not watched",
        "3 agents were known within a day, and no result of a probe between nodes is to be had.",
        "mesh-dns-network",
    ),
    expires(CRITICAL, 4 * HOUR, "3h 53m 0s", Times(silent=300, by=420, ends=60, lasts=600)),
    expires(SOON, 7 * DAY, "6d 23h 43m 0s", Times(silent=900, by=1020, ends=60, lasts=1200)),
)

SILENT: Final = (
    Silent((UNREACHABLE,), "single probes are lost everywhere", agents(losing), 900),
    Silent((UNREACHABLE,), "one direction is cut for 20 s", cut((121.0, 141.0)), 300),
    Silent((ABSENT,), "probes are told of, though all fail", agents(lambda *_: True), 900),
    Silent((ABSENT,), "no prober was ever there", (), 900),
    Silent((CRITICAL,), "a certificate has 5 h left", certificate(5 * HOUR + 1800, 2 * DAY), 1800),
    Silent((SOON,), "a certificate has 8 days left", certificate(8 * DAY, 9 * DAY), 1800),
    Silent((SOON,), "a certificate has 3 h left", certificate(3 * HOUR, DAY), 1800),
)

CASES: Final[tuple[Case, ...]] = (*FIRING, *SILENT)
