"""Alerts on calls: each fires on its fault, and stays silent on what is nearly it."""

from dataclasses import replace
from typing import Final

from observability import knobs
from observability.model import Severity
from tests.support.alert_cases import EXPLAINED, PERSISTENT, PHASES, Case, Fires, Silent, Times
from tests.support.bookstore import PAGES, Kind, calls, failing_calls, retries, shop
from tests.support.pods import Span, Target, besides, steady
from tests.support.rulebook import Named

UNAVAILABLE: Final = ("RecommendationsUnavailableRate", Severity.PAGE)
ERRORS: Final = ("RecommendationsErrorRate", Severity.PAGE)
SHEDDING: Final = ("GrpcLoadShedding", Severity.PAGE)
SHEDDING_TICKET: Final = ("GrpcLoadShedding", Severity.TICKET)
DEADLINES: Final = ("GrpcDeadlineRatioHigh", Severity.TICKET)
RETRIES: Final = ("RetryBudgetExhausted", Severity.TICKET)

RPC: Final = {"rank": "rpc", "layer": "app", "job": knobs.MARKETPLACE}
HERE: Final = {**RPC, "namespace": knobs.NAMESPACE}
SHOP: Final = "bookstore/marketplace"

SLOW: Final = Times(silent=300, by=600, ends=330, lasts=900)
"""Over 5 min, for 5 min."""

SLOWER: Final = Times(silent=600, by=900, ends=330, lasts=1200)
"""Over 5 min, for 10 min."""

HALF_HOUR: Final = (0.0, 1800.0)
MINUTES: Final = (0.0, 180.0)

DOWN: Final[tuple[Kind, ...]] = (
    (0.1, "UNAVAILABLE", "connect-refused"),
    (0.9, "UNAVAILABLE", "breaker-open"),
)


def shops(span: Span, *kinds: Kind) -> tuple[Target, ...]:
    """Two Pods that suffer alike."""
    return tuple(shop(name, *failing_calls(span, *kinds)) for name in ("shop-1", "shop-2"))


def one_of_two(span: Span, *kinds: Kind) -> tuple[Target, ...]:
    """Two Pods of which one suffers."""
    return shop("shop-1", *failing_calls(span, *kinds)), shop("shop-2", *calls(steady(PAGES)))


def with_retries(span: Span, share: float) -> tuple[Target, ...]:
    """One Pod whose calls all succeed; the budget denies most second tries."""
    few, many = retries(steady(PAGES * 0.01)), retries(steady(PAGES * share, *span), "denied")
    return (shop("shop-1", *calls(steady(PAGES)), *few, *many),)


def unavailable(story: str, share: str, cause: str, *kinds: Kind, layer: str = "app") -> Fires:
    """The page on calls that get no answer."""
    return Fires(
        UNAVAILABLE,
        story,
        lambda span: shops(span, *kinds),
        EXPLAINED,
        {**HERE, "layer": layer, "cause": cause},
        f"{SHOP} gets no recommendations: {cause}",
        f"{share} of the calls of {SHOP} got no answer from a backend in the last minute "
        f"(UNAVAILABLE or DEADLINE_EXCEEDED), most of them because of {cause}. Visitors see "
        "remembered books.",
        "mesh-grpc",
        pages=(UNAVAILABLE[0],),
    )


def mended_by_restart(span: Span) -> tuple[Target, ...]:
    """One Pod whose calls are late, and at the end refused, while the backends restart."""
    turn = span[1] - 40
    late = calls(steady(PAGES, span[0], turn), code="DEADLINE_EXCEEDED", cause="app-deadline")
    refused = calls(steady(PAGES, turn, span[1]), code="UNAVAILABLE", cause="connect-refused")
    return (shop("shop-1", *calls(besides(PAGES, span)), *late, *refused),)


def one_kind(
    alert: Named, story: str, times: Times, summary: str, description: str, kind: Kind
) -> Fires:
    """Another alert on calls of one kind."""
    page = alert[1] is Severity.PAGE
    return Fires(
        alert,
        story,
        lambda span: shops(span, kind),
        times,
        {**HERE, "cause": kind[2]} if page else HERE,
        summary,
        description,
        "mesh-grpc",
        pages=(alert[0],) if page else (),
        phases=PHASES if page else (0,),
    )


UNAVAILABLE_FIRES: Final = (
    replace(unavailable("all backends are dead", "100%", "connect-refused", *DOWN), phases=PHASES),
    unavailable(
        *("the way is blocked", "100%", "connect-timeout"),
        (1, "DEADLINE_EXCEEDED", "connect-timeout"),
        layer="network",
    ),
    unavailable(
        *("every third call finds a hung backend", "33%", "app-deadline"),
        (0.33, "DEADLINE_EXCEEDED", "app-deadline"),
    ),
    unavailable(
        *("two causes at once", "100%", "tls-handshake"),
        *((0.6, "UNAVAILABLE", "tls-handshake"), (0.4, "UNAVAILABLE", "connect-lost")),
        layer="tls",
    ),
    # Another cause would be another alert: a second page of one fault.
    replace(
        unavailable("what mends it has another cause", "100%", "app-deadline"),
        world=mended_by_restart,
        times=replace(EXPLAINED, lasts=120),
    ),
    unavailable("nothing known fits", "10%", "unknown", (0.1, "UNAVAILABLE", "unknown")),
    unavailable(
        *("the breaker is all that tells", "100%", "unknown"), (1, "UNAVAILABLE", "breaker-open")
    ),
    # Lookups are well here, and the alert about them gets a head start all the same.
    replace(
        unavailable(
            *("gRPC alone cannot resolve the name", "100%", "dns-timeout"),
            (1, "UNAVAILABLE", "dns-timeout"),
            layer="dns",
        ),
        times=replace(EXPLAINED, silent=50, by=75),
    ),
    replace(
        unavailable("one Pod of two loses every fifth call", "10%", "connect-lost"),
        world=lambda span: one_of_two(span, (0.2, "UNAVAILABLE", "connect-lost")),
    ),
    replace(
        unavailable("all backends are dead, without Kubernetes", "100%", "connect-refused"),
        world=lambda span: tuple(replace(pod, placed={}) for pod in shops(span, *DOWN)),
        labels={**RPC, "cause": "connect-refused"},
        summary="marketplace gets no recommendations: connect-refused",
        description="100% of the calls of marketplace got no answer from a backend in the last "
        "minute (UNAVAILABLE or DEADLINE_EXCEEDED), most of them because of connect-refused. "
        "Visitors see remembered books.",
    ),
)

FIRING: Final = (
    *UNAVAILABLE_FIRES,
    one_kind(
        ERRORS,
        "every tenth call is answered with an error",
        PERSISTENT,
        f"{SHOP} gets errors from recommendations",
        f"9.167% of the calls of {SHOP} were answered with an error by the handler in the last "
        "minute. Network and DNS work; the service's log names the error by trace id.",
        (0.1, "INTERNAL", "app-error"),
    ),
    one_kind(
        SHEDDING,
        "every tenth call is turned away",
        PERSISTENT,
        f"Recommendations turns calls of {SHOP} away",
        f"9.167% of the calls of {SHOP} were turned away in the last minute (RESOURCE_EXHAUSTED): "
        "the backends get more than they can serve.",
        (0.1, "RESOURCE_EXHAUSTED", "app-overloaded"),
    ),
    one_kind(
        SHEDDING_TICKET,
        "three calls of a hundred are turned away",
        SLOWER,
        f"Recommendations turns calls of {SHOP} away",
        f"3% of the calls of {SHOP} were turned away over 5m (RESOURCE_EXHAUSTED). Visitors hardly "
        "notice yet.",
        (0.03, "RESOURCE_EXHAUSTED", "app-overloaded"),
    ),
    replace(
        one_kind(
            DEADLINES,
            "every tenth call is late",
            SLOW,
            f"Calls of {SHOP} run out of time",
            f"10% of the calls of {SHOP} ended with DEADLINE_EXCEEDED over 5m.",
            (0.1, "DEADLINE_EXCEEDED", "app-deadline"),
        ),
        pages=(
            "RecommendationsAvailabilityBudgetBurnFast",
            "RecommendationsAvailabilityBudgetBurnHigh",
        ),
    ),
    Fires(
        RETRIES,
        "three calls of ten ask for a second try that is denied",
        lambda span: with_retries(span, 0.3),
        SLOW,
        HERE,
        f"{SHOP} needs more second tries than it may send",
        f"31% of the calls of {SHOP} asked for a second try over 5m; the budget denies what is too "
        "much, so that retries cannot become the overload.",
        "mesh-grpc",
    ),
)

SILENT: Final = (
    Silent(
        (UNAVAILABLE,),
        "one call of twenty-five fails",
        shops(MINUTES, (0.04, "UNAVAILABLE", "connect-lost")),
        180,
    ),
    Silent(
        (UNAVAILABLE,),
        "what fails is the handler, the load, the caller, or was given up",
        shops(
            MINUTES,
            *((0.25, "INTERNAL", "app-error"), (0.25, "RESOURCE_EXHAUSTED", "app-overloaded")),
            *((0.25, "INVALID_ARGUMENT", "caller-error"), (0.25, "CANCELLED", "cancelled")),
        ),
        180,
    ),
    Silent(
        (ERRORS,),
        "one call of twenty-five is an error, the others are unavailable",
        shops(MINUTES, (0.04, "INTERNAL", "app-error"), (0.96, "UNAVAILABLE", "connect-lost")),
        180,
    ),
    Silent(
        (SHEDDING,),
        "one call of twenty-five is turned away",
        shops(MINUTES, (0.04, "RESOURCE_EXHAUSTED", "app-overloaded")),
        180,
    ),
    Silent(
        (SHEDDING_TICKET,),
        "one call of a hundred is turned away; for 8 min half of them",
        tuple(
            shop(
                name,
                *failing_calls(HALF_HOUR, (0.01, "RESOURCE_EXHAUSTED", "app-overloaded")),
                *calls(
                    steady(PAGES, 900, 900 + 300), code="RESOURCE_EXHAUSTED", cause="app-overloaded"
                ),
            )
            for name in ("shop-1", "shop-2")
        ),
        1800,
    ),
    Silent(
        (DEADLINES,),
        "one call of twenty-five is late",
        shops(HALF_HOUR, (0.04, "DEADLINE_EXCEEDED", "app-deadline")),
        1800,
    ),
    Silent(
        (RETRIES,), "one call of six asks for a second try", with_retries(HALF_HOUR, 0.16), 1800
    ),
)

CASES: Final[tuple[Case, ...]] = (*FIRING, *SILENT)
