"""The model of Pods does what Prometheus would see, and its notation is promtool's."""

from typing import Final

import pytest

from meshdoctor.telemetry.catalogue import RPC_CLIENT_FAILURES, TELEMETRY_SPANS
from observability import foreign, knobs
from tests.support.pods import Events, Target, at, besides, both, scraped, selector, steady
from tests.support.promtool import STALE, Sample, notation

SPANS: Final = Events(TELEMETRY_SPANS, ("exported",), steady(2))


def seen(target: Target, name: str, seconds: int, *, phase: int = 0) -> list[Sample]:
    """Return what Prometheus stores of the one series of a target with that name."""
    _step, series = scraped((target,), seconds, phase=phase)
    found = [samples for key, samples in series.items() if key.startswith(f"{name}{{")]
    assert 1 == len(found)
    return found[0]


@pytest.mark.parametrize(
    ("samples", "written"),
    [
        ([1.0, 2.0, 3.0, None, None], "1+1x2 _x2"),
        ([5.0], "5"),
        ([0.0, 0.0, 0.0, 7.0], "0+0x2 7"),
        ([4.0, 2.0, STALE, None, 1.0], "4-2x1 stale _x1 1"),
        ([1e9, 1e9 + 1], "1000000000+1x1"),
    ],
)
def test_samples_are_written_as_promtool_reads_them(samples: list[Sample], written: str) -> None:
    """Equal steps become one word, gaps and ends keep their place."""
    assert written == notation(samples)


def test_a_counter_appears_with_its_first_event() -> None:
    """Nobody sees the 0 that a failure counter starts from."""
    failures = Events(RPC_CLIENT_FAILURES, ("method", "connect-lost"), at(7, 8))
    target = Target(knobs.MARKETPLACE, "shop-1", (failures,))

    assert [None, None, 2.0, 2.0] == seen(target, RPC_CLIENT_FAILURES.name, 15)


def test_a_scrape_that_fails_ends_every_series_until_the_next() -> None:
    """`up` is 0, the others are marked as ended, and go on where they were."""
    target = Target(knobs.MARKETPLACE, "shop-1", (SPANS,), silent=((10, 15),))

    assert [1.0, 1.0, 0.0, 1.0] == seen(target, foreign.UP, 15)
    assert [None, 10.0, STALE, 30.0] == seen(target, TELEMETRY_SPANS.name, 15)


def test_a_restart_begins_at_0_and_a_pod_that_goes_leaves_nothing() -> None:
    """In place the counter falls; a Pod that is gone has no `up` either."""
    restarted = Target(knobs.MARKETPLACE, "shop-1", (SPANS,), resets=(8,))
    gone = Target(knobs.MARKETPLACE, "shop-1", (SPANS,), dies=10)

    assert [None, 10.0, 4.0, 14.0] == seen(restarted, TELEMETRY_SPANS.name, 15)
    assert [None, 10.0, STALE, None] == seen(gone, TELEMETRY_SPANS.name, 15)
    assert [1.0, 1.0, STALE, None] == seen(gone, foreign.UP, 15)


def test_scrapes_at_another_phase_leave_gaps_between() -> None:
    """A sample each second, of which one in five is there."""
    samples = seen(Target(knobs.MARKETPLACE, "shop-1", (SPANS,)), foreign.UP, 10, phase=3)

    assert [None, None, None, 1.0, None, None, None, None, 1.0] == samples[:9]


def test_events_add_up_and_spare_their_spans() -> None:
    """Besides a span there is nothing in it; two sources are one count."""
    count = both(besides(2, (10, 20)), steady(1, 10, 20))

    assert [0, 20, 25, 30, 50] == [count(now) for now in (0, 10, 15, 20, 30)]


def test_a_series_without_a_label_is_written_without_it() -> None:
    """Prometheus knows no label with an empty value."""
    assert 'up{job="a"}' == selector("up", {"job": "a", "namespace": ""})
