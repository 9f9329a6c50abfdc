"""The timeline of alerts, cut from what Prometheus answers."""

from meshdoctor.lab.alerts import alert_spans
from meshdoctor.lab.model import AlertSpan
from meshdoctor.lab.promquery import Curve

LABELS = {"__name__": "ALERTS", "alertname": "Slow", "alertstate": "firing", "severity": "page"}


def spans(*times: float) -> list[AlertSpan]:
    """What looks every 5 s until second 100 come to, when these found the alert."""
    return list(alert_spans(Curve(LABELS, tuple((at, 1.0) for at in times)), 100, 5))


def test_looks_that_follow_each_other_are_one_span() -> None:
    """The span ends with the first look that did not find the alert; labels are its own."""
    assert [AlertSpan("Slow", {"severity": "page"}, "firing", 10, 25)] == spans(10, 15, 20)


def test_an_alert_that_comes_back_is_two_spans() -> None:
    """A single look without it parts them."""
    assert [(10, 20), (25, 30)] == [(span.start, span.end) for span in spans(10, 15, 25)]


def test_no_span_outlives_the_time_that_was_looked_at() -> None:
    """What still fires at the end ends there, as far as anyone has seen."""
    assert [(95, 100)] == [(span.start, span.end) for span in spans(95, 100)]


def test_an_alert_that_was_never_seen_is_no_span() -> None:
    """No looks, nothing to tell."""
    assert [] == spans()
