"""Alerts in words and in time."""

from meshdoctor.lab.boards import alerting
from meshdoctor.lab.model import AlertSpan
from meshdoctor.lab.promquery import ActiveAlert
from meshdoctor.lab.webhook import Notification, PagedAlert
from tests.unit.boards.drawings import parsed, texts
from tests.unit.boards.samples import SEEN, TIMES

SINCE = "2026-11-23T06:19:18.938905696Z"


def active(name: str, severity: str, state: str = "firing", since: str = SINCE) -> ActiveAlert:
    """An alert of now."""
    return ActiveAlert(name, {"severity": severity}, {}, state, since, 1.0)


def span(name: str, state: str, start: float, end: float, **labels: str) -> AlertSpan:
    """An alert that was, in seconds since the start of `SEEN`."""
    return AlertSpan(name, labels, state, SEEN.start + start, SEEN.start + end)


def test_the_most_urgent_alert_comes_first() -> None:
    """Firing before pending, pages before tickets, old before new; those for machines are out."""
    found = alerting.active(
        [
            active("Watchdog", "none"),
            active("Later", "page", "pending"),
            active("Ticket", "ticket"),
            active("New", "page", since="2026-11-23T06:20:00Z"),
            active("Old", "page"),
        ]
    )

    assert ["Old", "New", "Ticket", "Later"] == [each.name for each in found]


def test_how_long_an_alert_is_active() -> None:
    """Prometheus' nanoseconds are understood; a clock that runs behind gives no negative time."""
    assert 42 == round(alerting.seconds_since(active("A", "page"), 1_795_414_800))
    assert 0 == alerting.seconds_since(active("A", "page"), 0)


def test_labels_tell_alerts_of_one_name_apart() -> None:
    """What it is about is told, what every alert has is not."""
    labels = {"severity": "page", "layer": "app", "cause": "app-hung", "job": "shop"}

    assert "app-hung, shop" == alerting.telling(labels)


def test_the_timeline_has_a_row_for_each_alert() -> None:
    """An alert that was pending, then fired with changing causes, is one row of bars."""
    labels = {"severity": "page", "job": "shop"}
    spans = [
        span("OnlyPending", "pending", 0, 60, severity="ticket"),
        span("Unavailable", "pending", 20, 60, **labels),
        span("Unavailable", "firing", 60, 120, cause="app-hung", **labels),
        span("Unavailable", "firing", 120, 200, cause="connect-lost", **labels),
        span("Watchdog", "firing", 0, 300, severity="none"),
    ]

    root = parsed(alerting.timeline(spans, TIMES))

    assert ["Unavailable · page · shop", "OnlyPending · ticket"] == texts(root, "name")
    assert ["pending", "firing app-hung", "firing connect-lost", "pending"] == (
        texts(root, "in-state")
    )


def test_a_quiet_time_has_no_timeline() -> None:
    """Nothing is drawn where nobody was to hear of anything."""
    assert "" == alerting.timeline([span("Watchdog", "firing", 0, 9, severity="none")], TIMES)


def test_what_the_pager_got_is_told_newest_first() -> None:
    """Each alert of each message is a row; what only steers other alerts is none."""

    def paged(name: str, severity: str) -> PagedAlert:
        return PagedAlert(name, "firing", {"severity": severity}, {}, 0.0, None)

    notifications = [
        Notification(1.0, "page", "firing", (paged("A", "page"), paged("B", "ticket"))),
        Notification(2.0, "none", "firing", (paged("Watchdog", "none"),)),
        Notification(3.0, "page", "firing", (paged("C", "page"),)),
    ]

    assert [(3.0, "C"), (1.0, "B"), (1.0, "A")] == [
        (row.at, row.alert.name) for row in alerting.told(notifications)
    ]
