"""The first page: is anything firing, and where to look."""

from meshdoctor.lab.boards import alerting
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.boards.view import View
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.model import ScrapeTarget
from meshdoctor.lab.promquery import ActiveAlert, Prometheus


def home(sources: Sources) -> View:
    """Make the page; without Prometheus it says so and still leads to the rest."""
    alerts, targets, problem = _asked(sources.prometheus)
    notified = alerting.told(sources.pager.notifications)
    content = {
        "firing": [alert for alert in alerts if alert.state == alerting.FIRING],
        "pending": [alert for alert in alerts if alert.state != alerting.FIRING],
        "targets": targets,
        "paged": [row for row in notified if row.alert.status == alerting.FIRING],
        "spans": sources.spans.received,
        "trouble": problem,
        "telling": alerting.telling,
        "seconds_since": lambda alert: alerting.seconds_since(alert, sources.now()),
    }
    return View("home.html.j2", "Mesh", content, here="home", live=True)


def _asked(
    prometheus: Prometheus | None,
) -> tuple[tuple[ActiveAlert, ...], tuple[ScrapeTarget, ...], str]:
    if prometheus is None:
        return (), (), "Prometheus does not run, so nothing is known of alerts and metrics."
    try:
        return alerting.active(prometheus.alerts()), prometheus.targets(), ""
    except LabError as error:
        return (), (), str(error)
