"""Alerts on certificates: each fires when its time has come, and never on one that is renewed."""

from typing import Final

from meshdoctor.telemetry.catalogue import TLS_NOT_AFTER, TLS_NOT_BEFORE
from observability import knobs
from observability.model import Severity
from tests.support.alert_cases import Case, Fires, Silent, Times
from tests.support.bookstore import NODES, agent
from tests.support.pods import Level, Span, Target

CRITICAL: Final = ("TlsCertExpiryCritical", Severity.PAGE)
SOON: Final = ("TlsCertExpirySoon", Severity.TICKET)
EXPIRED: Final = ("TlsCertExpired", Severity.PAGE)

SERVER: Final = "192.168.1.7:50051"
EXPIRES: Final = {"rank": "watch", "layer": "tls", "server_address": SERVER}
HOUR: Final = 3600
DAY: Final = 24 * HOUR
YEAR: Final = 365 * DAY


def certificate(life: int, left: float, now: float = 0.0, until: float = 1e9) -> tuple[Target, ...]:
    """All agents see a certificate of some life that has so much left, until it is renewed.

    Args:
        life: seconds from its first to its last.
        left: seconds at `now`.
        now: a second.
        until: the second of its renewal.
    """

    def after(second: float) -> float:
        return now + left if second < until else until + life

    return tuple(
        agent(
            node,
            Level(TLS_NOT_AFTER.name, {"server_address": SERVER}, after),
            Level(TLS_NOT_BEFORE.name, {"server_address": SERVER}, lambda at: after(at) - life),
        )
        for node in NODES
    )


def renewed_at_two_thirds(life: int, times: int) -> tuple[Target, ...]:
    """A certificate as cert-manager keeps it: renewed when a third is left, minute by minute late.

    Args:
        life: seconds.
        times: of renewals after which the last one stays.
    """
    turn, late = life * 2 // 3, 120

    def before(second: float) -> float:
        # Prometheus hears of each two minutes after its birth: the kubelet and the agent are slow.
        return float(max(0, min(times, int((second - late) // turn))) * turn)

    return tuple(
        agent(
            node,
            Level(TLS_NOT_BEFORE.name, {"server_address": SERVER}, before),
            Level(TLS_NOT_AFTER.name, {"server_address": SERVER}, lambda at: before(at) + life),
        )
        for node in NODES
    )


def expires(
    alert: tuple[str, Severity], story: str, life: int, left: int, told: str, times: Times
) -> Fires:
    """An alert on a certificate that comes near its end."""
    return Fires(
        alert,
        story,
        lambda span: certificate(life, left, span[0], span[1]),
        times,
        EXPIRES,
        f"The certificate of {SERVER} expires",
        f"The certificate that {SERVER} shows has {told} left, and nobody has renewed it in time. "
        "Then every new connection to it fails.",
        "mesh-dns-network",
        pages=(alert[0],) if alert[1] is Severity.PAGE else (),
    )


def past_its_date(span: Span) -> tuple[Target, ...]:
    """It ends when the span begins, and is renewed when that ends."""
    return certificate(DAY, 0, span[0], span[1])


NOW: Final = Times(silent=300, by=420, ends=60, lasts=600)
LATER: Final = Times(silent=900, by=1020, ends=60, lasts=1200)

FIRING: Final = (
    expires(CRITICAL, "a sixth of a day is left", DAY, 4 * HOUR, "3h 53m 0s", NOW),
    expires(CRITICAL, "three days of a year are left", YEAR, 3 * DAY, "2d 23h 53m 0s", NOW),
    expires(SOON, "a quarter of a day is left", DAY, 6 * HOUR, "5h 43m 0s", LATER),
    expires(SOON, "three weeks of a year are left", YEAR, 21 * DAY, "20d 23h 43m 0s", LATER),
    Fires(
        EXPIRED,
        "nobody has renewed it",
        past_its_date,
        Times(silent=30, by=50, ends=60, lasts=120),
        {"namespace": knobs.NAMESPACE, "rank": "routing", "layer": "tls"},
        "A certificate is past its date",
        f"1 servers show a certificate that has expired: {SERVER}. No new connection to it is "
        "trusted; those that are there go on for minutes.",
        "mesh-dns-network",
        pages=(EXPIRED[0],),
    ),
)

SILENT: Final = (
    Silent(
        (CRITICAL, SOON),
        "a leaf of 2 h is renewed at two thirds of its life, six times",
        renewed_at_two_thirds(2 * HOUR, 6),
        6 * 80 * 60,
    ),
    Silent((CRITICAL,), "5 h of a day are left", certificate(DAY, 5 * HOUR + 1800), 1800),
    Silent((CRITICAL,), "4 days of a year are left", certificate(YEAR, 4 * DAY), 1800),
    Silent((SOON,), "8 h of a day are left", certificate(DAY, 8 * HOUR), 1800),
    Silent((SOON,), "22 days of a year are left", certificate(YEAR, 22 * DAY), 1800),
    Silent((SOON,), "the page has told of it", certificate(DAY, 3 * HOUR), 1800),
    Silent((SOON, CRITICAL), "it is past its date", certificate(DAY, -60), 1800),
    Silent((EXPIRED,), "a minute is left", certificate(DAY, 360), 300),
)

CASES: Final[tuple[Case, ...]] = (*FIRING, *SILENT)
