"""Alerts on lookups: each fires on its fault, and stays silent on what is nearly it."""

from dataclasses import replace
from typing import Final

from observability import knobs
from observability.model import Severity
from tests.support.alert_cases import EXPLAINED, PHASES, Case, Fires, Silent, Times
from tests.support.bookstore import (
    LOOKUPS,
    failing_calls,
    failing_lookups,
    flaky_lookups,
    lookups,
    shop,
)
from tests.support.pods import Events, Span, Target, besides, both, steady

FAILING: Final = ("DnsFailureRatioHigh", Severity.PAGE)
WITHOUT_ADDRESS: Final = ("ServiceWithoutAddress", Severity.PAGE)
SLOW: Final = ("DnsLookupSlow", Severity.TICKET)

HERE: Final = {"namespace": knobs.NAMESPACE, "job": knobs.MARKETPLACE, "rank": "dns"}
SHOP: Final = "bookstore/marketplace"
OFTEN: Final = replace(EXPLAINED, by=90, lasts=300)
CHANCE: Final = replace(EXPLAINED, by=180, lasts=300)
"""How soon a fault that comes and goes was there often enough is chance."""

LATE: Final = replace(EXPLAINED, silent=50, by=70)
"""After a longer wait: `knobs.AFTER_CALLS`."""

QUARTER_HOUR: Final = (0.0, 900.0)
MINUTES: Final = (60.0, 240.0)
HEALTHY: Final = lookups(steady(LOOKUPS))


def shops(*says: Events) -> tuple[Target, ...]:
    """Two Pods that tell the same."""
    return shop("shop-1", *says), shop("shop-2", *says)


def failing(story: str, share: str, cause: str) -> Fires:
    """The page on lookups that fail: all of one cause, in both Pods."""
    return Fires(
        FAILING,
        story,
        lambda span: shops(*failing_lookups(span, cause)),
        EXPLAINED,
        {**HERE, "layer": "dns", "cause": cause},
        f"{SHOP} cannot look names up: {cause}",
        f"{share} of the lookups of {SHOP} failed in the last minute, most of them with {cause}. "
        "Calls go on to the last known addresses; a Pod that starts now finds nobody, and one that "
        "moves is not found.",
        "mesh-dns-network",
        pages=(FAILING[0],),
    )


def flaky(share: float, seed: int) -> Fires:
    """A share of the lookups of one Pod of two fails by chance."""

    def world(span: Span) -> tuple[Target, ...]:
        unlucky = flaky_lookups(span, "dns-timeout", share=share, seed=seed)
        return shop("shop-1", *unlucky), shop("shop-2", *HEALTHY)

    story = f"{share:.0%} of the lookups of one Pod of two time out, dice {seed}"
    return replace(
        failing(story, "", "dns-timeout"), world=world, times=CHANCE, flickers=True, phases=PHASES
    )


def without_address(story: str, cause: str) -> Fires:
    """DNS answers, and the answer holds no address."""
    return Fires(
        WITHOUT_ADDRESS,
        story,
        lambda span: shops(*failing_lookups(span, cause)),
        LATE,
        {**HERE, "rank": "routing", "layer": "routing", "cause": cause},
        f"The name that {SHOP} calls has no address: {cause}",
        f"100% of the lookups of {SHOP} in the last minute were answered without an address "
        f"({cause}): the Service selects no ready Pod, or there is no Service of that name. DNS "
        "itself works.",
        "mesh-dns-network",
        pages=(WITHOUT_ADDRESS[0],),
        phases=PHASES,
    )


def down(span: Span, *, calls_after: float, lookups_after: float) -> tuple[Target, ...]:
    """One Pod whose calls are refused, and whose lookups find no address, each after a while."""
    calls = failing_calls((span[0] + calls_after, span[1]), (1, "UNAVAILABLE", "connect-refused"))
    empty = failing_lookups((span[0] + lookups_after, span[1]), "dns-nxdomain")
    return (shop("shop-1", *calls, *empty),)


def slow(seconds: float, span: Span) -> tuple[Target, ...]:
    """Lookups that take long within a span."""
    usual, late = lookups(besides(LOOKUPS, span)), lookups(steady(LOOKUPS, *span), "", seconds)
    return shops(*usual, *late)


FIRING: Final = (
    replace(failing("DNS does not answer", "100%", "dns-timeout"), phases=PHASES),
    *(flaky(0.5, seed) for seed in range(3)),
    *(replace(flaky(0.75, seed), times=OFTEN) for seed in range(2)),
    replace(
        failing("DNS does not answer, without Kubernetes", "100%", "dns-timeout"),
        world=lambda span: tuple(
            replace(pod, placed={}) for pod in shops(*failing_lookups(span, "dns-timeout"))
        ),
        labels={"job": "marketplace", "rank": "dns", "layer": "dns", "cause": "dns-timeout"},
        summary="marketplace cannot look names up: dns-timeout",
        description="100% of the lookups of marketplace failed in the last minute, most of them "
        "with dns-timeout. Calls go on to the last known addresses; a Pod that starts now finds "
        "nobody, and one that moves is not found.",
    ),
    without_address("the Service selects no ready Pod", "dns-no-address"),
    without_address("the name does not exist", "dns-nxdomain"),
    replace(
        without_address("the name is gone first, then the Pods behind it", "dns-nxdomain"),
        world=lambda span: down(span, calls_after=60, lookups_after=0),
        times=replace(LATE, lasts=180),
        pages=("RecommendationsUnavailableRate", WITHOUT_ADDRESS[0]),
    ),
    Fires(
        SLOW,
        "every lookup takes 0.8 s",
        lambda span: slow(0.8, span),
        Times(silent=300, by=600, ends=330, lasts=900),
        {**HERE, "layer": "dns"},
        f"Lookups of {SHOP} are slow",
        f"One successful lookup in a hundred took 995ms or longer over 5m, in {SHOP}.",
        "mesh-dns-network",
    ),
)

SILENT: Final = (
    Silent(
        (FAILING, WITHOUT_ADDRESS),
        "one lookup of fifteen fails, of either kind",
        shops(
            *lookups(both(steady(LOOKUPS * 14 / 15))),
            *lookups(steady(LOOKUPS / 15), "dns-timeout"),
            *lookups(steady(LOOKUPS / 15), "dns-no-address"),
        ),
        600,
    ),
    Silent(
        (FAILING,),
        "the name has no address",
        shops(*failing_lookups(MINUTES, "dns-no-address")),
        240,
    ),
    Silent(
        (WITHOUT_ADDRESS,),
        "DNS does not answer",
        shops(*failing_lookups(MINUTES, "dns-timeout")),
        240,
    ),
    Silent(
        (WITHOUT_ADDRESS,),
        "all Pods are down, and so the name has no address: calls have told",
        down(MINUTES, calls_after=0, lookups_after=10),
        300,
    ),
    Silent((SLOW,), "every lookup takes 0.4 s", slow(0.4, QUARTER_HOUR), 900),
    Silent(
        (SLOW,),
        "lookups that fail take 1.2 s",
        shops(*HEALTHY, *failing_lookups((1.0, 900.0), "dns-timeout")),
        900,
    ),
)

CASES: Final[tuple[Case, ...]] = (*FIRING, *SILENT)
