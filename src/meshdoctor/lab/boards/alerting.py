"""Alerts in words and in time: which are active, which were, and what the pager got."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from meshdoctor.lab.boards.draw import states
from meshdoctor.lab.boards.draw.plot import Times
from meshdoctor.lab.boards.draw.states import Bar, Span
from meshdoctor.lab.boards.model import Word
from meshdoctor.lab.model import AlertSpan
from meshdoctor.lab.promquery import ActiveAlert
from meshdoctor.lab.webhook import Notification, PagedAlert

FIRING: Final = "firing"
_SEVERITY: Final = "severity"
_NOBODY: Final = "none"
_TELLING: Final = ("cause", "job", "slo", "source_node", "target_node", "namespace")
_COLOURS: Final = {"page": "red", "ticket": "orange"}
_URGENCY: Final = {"page": 0, "ticket": 1}

MOST_NOTIFICATIONS: Final = 30
MOST_BARS: Final = 30


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of one notification, as a row."""

    at: float
    receiver: str
    alert: PagedAlert


def for_people(labels: Mapping[str, str]) -> bool:
    """Whether anybody is told of such an alert: severity `none` only steers other alerts."""
    return labels.get(_SEVERITY) != _NOBODY


def telling(labels: Mapping[str, str]) -> str:
    """Return the labels that tell two alerts of one name apart: `app-hung, marketplace`."""
    return ", ".join(labels[key] for key in _TELLING if labels.get(key))


def active(alerts: Iterable[ActiveAlert]) -> tuple[ActiveAlert, ...]:
    """Return those that people hear of: firing before pending, pages before tickets."""
    kept = [alert for alert in alerts if for_people(alert.labels)]
    return tuple(
        sorted(
            kept,
            key=lambda alert: (
                alert.state != FIRING,
                _URGENCY.get(alert.labels.get(_SEVERITY, ""), 2),
                alert.since,
            ),
        )
    )


def seconds_since(alert: ActiveAlert, now: float) -> float:
    """How long an alert is active; Prometheus tells its start to the nanosecond (RFC 3339)."""
    whole = alert.since.partition(".")[0].rstrip("Z")
    began = datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()
    return max(now - began, 0.0)


def told(notifications: Iterable[Notification]) -> tuple[Told, ...]:
    """Return what the pager got for people, the newest first."""
    rows = [
        Told(each.at, each.receiver, alert)
        for each in notifications
        for alert in each.alerts
        if for_people(alert.labels)
    ]
    return tuple(reversed(rows))[:MOST_NOTIFICATIONS]


def timeline(spans: Iterable[AlertSpan], times: Times) -> Markup:
    """Draw when which alert was pending or firing; empty when nobody was to hear of any.

    Args:
        spans: of a while; see `meshdoctor.lab.alerts`.
        times: the horizontal axis.
    """
    rows: dict[str, list[AlertSpan]] = {}
    for span in spans:
        if for_people(span.labels):
            # The cause may change while an alert fires; it is a word in the bar, not a new row.
            others = {key: text for key, text in span.labels.items() if key != "cause"}
            name = " · ".join(filter(None, (span.name, others.get(_SEVERITY, ""), telling(others))))
            rows.setdefault(name, []).append(span)
    # First what did fire: what was only pending matters less, and there may be much of it.
    names = sorted(rows, key=lambda name: all(span.state != FIRING for span in rows[name]))
    bars = [Bar(name, tuple(map(_span, rows[name]))) for name in names]
    return states.timeline("Alerts", bars[:MOST_BARS], times) if bars else Markup()


def _span(span: AlertSpan) -> Span:
    colour = _COLOURS.get(span.labels.get(_SEVERITY, ""), "blue")
    cause = span.labels.get("cause", "")
    words = " ".join(filter(None, (span.state, cause)))
    return Span(span.start, span.end, Word(words, colour), plain=span.state != FIRING)
