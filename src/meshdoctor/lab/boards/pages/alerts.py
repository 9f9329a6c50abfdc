"""The alerts: what is active, what was in the last minutes, and what the pager got."""

from markupsafe import Markup

from meshdoctor.lab.alerts import alert_timeline
from meshdoctor.lab.boards import alerting, ranges
from meshdoctor.lab.boards.draw.plot import Times, wall_clock
from meshdoctor.lab.boards.ranges import Span
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.boards.view import View
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.promquery import ActiveAlert


def alerts(sources: Sources, span: Span) -> View:
    """Make the page; without Prometheus it says so and still shows what the pager got."""
    active, drawn, problem = _asked(sources, span)
    content = {
        "firing": [alert for alert in active if alert.state == alerting.FIRING],
        "pending": [alert for alert in active if alert.state != alerting.FIRING],
        "timeline": drawn,
        "told": alerting.told(sources.pager.notifications),
        "trouble": problem,
        "span": span,
        "choices": ranges.CHOICES,
        "telling": alerting.telling,
        "seconds_since": lambda alert: alerting.seconds_since(alert, sources.now()),
    }
    return View("alerts.html.j2", "Alerts", content, here="alerts", live=span.live)


def _asked(sources: Sources, span: Span) -> tuple[tuple[ActiveAlert, ...], Markup, str]:
    if sources.prometheus is None:
        return (), Markup(), "Prometheus does not run, so there are no alerts."
    seen = span.window
    try:
        active = alerting.active(sources.prometheus.alerts())
        found = alert_timeline(sources.prometheus, seen.start, seen.end, seen.step)
    except LabError as error:
        return (), Markup(), str(error)
    return active, alerting.timeline(found, Times(seen, wall_clock())), ""
