"""On a day on which nothing is wrong nobody is paged, whatever small things happen.

Busy for half of the time, then a night with hardly a visitor, so that every window of a burn alert
but the longest sees both alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from observability import knobs
from tests.support.alert_cases import all_pages
from tests.support.bookstore import (
    LOOKUPS,
    LOOKUPS_AGAIN,
    PAGES,
    agents,
    backend,
    calls,
    lookups,
    pages,
    served,
    shop,
)
from tests.support.pods import Count, Events, Span, Target, at, besides, both, scraped, steady
from tests.support.promtool import Answer, Trial, verdict
from tests.support.rulebook import Rulebook

BOOK: Final = Rulebook.read()
PACES: Final = set(BOOK.paces.values())

MINUTE: Final = 60.0
EVENING: Final = 200 * MINUTE
END: Final = 370 * MINUTE

BLIP: Final = 20.0
OFFSETS: Final = (0.0, 1.0, 3.5)
"""Where between two scrapes a blip begins."""

SERVER_ERRORS: Final = 0.0002
"""Of all pages."""

VISITS: Final = tuple(float(second) for second in range(int(EVENING) + 70, int(END), 600))
UNLUCKY: Final = VISITS[2::4]
LUCKY: Final = tuple(second for second in VISITS if second not in UNLUCKY)


def blips(first: float, between: float) -> tuple[Span, ...]:
    """Blips at different places between two scrapes."""
    begins = (first + turn * between + offset for turn, offset in enumerate(OFFSETS))
    return tuple((begin, begin + BLIP) for begin in begins)


NO_CALLS: Final = blips(30 * MINUTE, 60 * MINUTE)
NO_LOOKUPS: Final = blips(70 * MINUTE, 60 * MINUTE)


def only(rate: float, spans: Iterable[Span]) -> Count:
    """Events at a rate within the spans."""
    return both(*(steady(rate, *span) for span in spans))


def busy(rate: float, *spans: Span) -> Count:
    """Events at a rate until the evening, but none within the spans; then the lucky visitors'."""
    return both(besides(rate, *spans, (EVENING, END + 1)), at(*LUCKY))


def of_one_shop(unresolved: tuple[Span, ...]) -> tuple[Events, ...]:
    """What a marketplace Pod counts through day and night."""
    return (
        *pages(busy(PAGES, *NO_CALLS)),
        *pages(both(only(PAGES, NO_CALLS), at(*UNLUCKY)), freshness="stale"),
        *pages(both(steady(PAGES * SERVER_ERRORS, until=EVENING), at(UNLUCKY[-1])), status="500"),
        *calls(busy(PAGES, *NO_CALLS)),
        *calls(only(PAGES * 0.1, NO_CALLS), code="UNAVAILABLE", cause="connect-refused"),
        *calls(only(PAGES * 0.9, NO_CALLS), code="UNAVAILABLE", cause="breaker-open"),
        *calls(at(*UNLUCKY[::2]), code="DEADLINE_EXCEEDED", cause="app-deadline", seconds=1),
        *calls(at(*UNLUCKY[1::2]), code="INTERNAL", cause="app-error"),
        *lookups(besides(LOOKUPS, *unresolved)),
        *lookups(only(LOOKUPS_AGAIN, unresolved), "dns-timeout", 1.2),
    )


def restarted(pod: Target, second: float) -> tuple[Target, Target]:
    """A Pod and the one that takes its place, which does not answer for its first 15 s."""
    new = replace(pod, name=f"{pod.name}b", born=second, silent=((second, second + 15),))
    return replace(pod, dies=second), new


def lost_probe(source: str, target: str, probe: str, now: float) -> bool:
    """Every 20 min a single probe between two of the nodes is lost."""
    turn, second = divmod(now, 20 * MINUTE)
    return second < knobs.SCRAPE_SECONDS and (source, target, probe) == (
        ("node-1", "node-2", "dns-udp") if turn % 2 else ("node-3", "node-1", "large")
    )


def quiet_day(unresolved: tuple[Span, ...] = ()) -> tuple[Target, ...]:
    """Everybody, with restarts, missed scrapes, lost probes and blips."""
    seen = of_one_shop(unresolved)
    first, second = shop("shop-1", *seen), shop("shop-2", *seen)
    handled = served(busy(PAGES))
    return (
        *restarted(first, 70 * MINUTE),
        replace(second, silent=((100 * MINUTE, 100 * MINUTE + 5),), resets=(130 * MINUTE,)),
        *restarted(backend("back-1", *handled), 40 * MINUTE),
        *restarted(backend("back-2", *handled), 41 * MINUTE),
        replace(backend("back-3", *handled), silent=((10 * MINUTE, 10 * MINUTE + 5),)),
        *agents(lost_probe),
    )


def judged(targets: tuple[Target, ...], pace: int, folder: Path) -> str:
    """Say who would have been paged; nothing when nobody."""
    step, series = scraped(targets, int(END))
    trial = Trial("a quiet day", step, series, (Answer(int(END), all_pages(int(END))),))
    return verdict([trial], BOOK.at_pace(pace, folder), folder, every=pace)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("pace", "unresolved"),
    [
        pytest.param(knobs.EVALUATE_SECONDS, NO_LOOKUPS, id="causes"),
        pytest.param(knobs.EVALUATE_OBJECTIVES_SECONDS, NO_LOOKUPS, id="objectives"),
    ],
)
def test_a_quiet_day_pages_nobody(pace: int, unresolved: tuple[Span, ...], tmp_path: Path) -> None:
    """Restarts, lost probes, missed scrapes, few errors, 20 s without calls or names, a night."""
    assert END >= 6 * 3600

    assert "" == judged(quiet_day(unresolved), pace, tmp_path)


def test_every_rule_has_had_its_quiet_day() -> None:
    """No rules are evaluated at another pace than those of the quiet day."""
    assert {knobs.EVALUATE_SECONDS, knobs.EVALUATE_OBJECTIVES_SECONDS} == PACES
