"""Rules and routes in the lab: real Prometheus and Alertmanager, and the lab's own pager."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshdoctor.lab.alerts import alert_timeline
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.monitoring import Monitoring
from meshdoctor.lab.pager import PagerServer
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.watchers import ROUTES, RULES
from tests.support.lab import eventually, lab_settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

SETTINGS = lab_settings(cache=LabSettings().cache.expanduser(), packages=True)
GOOD_RULES = {
    "groups": [
        {
            "name": "test",
            "interval": "1s",
            "rules": [
                {
                    "alert": "Burning",
                    "expr": "vector(7)",
                    "labels": {"severity": "page"},
                    "annotations": {"summary": "at {{ $value }}"},
                },
                {"alert": "Smoking", "expr": "vector(1)", "labels": {"severity": "ticket"}},
            ],
        }
    ]
}
GOOD_ROUTES = {
    "route": {
        "receiver": "tickets",
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "1s",
        "routes": [{"matchers": ['severity="page"'], "receiver": "pages"}],
    },
    "receivers": [
        {"name": "pages", "webhook_configs": [{"url": "http://192.0.2.1/elsewhere"}]},
        {"name": "tickets"},
    ],
}


def generated(folder: Path, rules: object = GOOD_RULES, routes: object = GOOD_ROUTES) -> Path:
    """A folder of watchers; JSON is YAML."""
    for path, content in ((RULES, rules), (ROUTES, routes)):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(json.dumps(content))
    return folder


@contextmanager
def watched(folder: Path, watchers: Path) -> Iterator[tuple[Prometheus, tuple[str, ...]]]:
    """Prometheus and Alertmanager with nothing to watch, and the notes of their start."""
    interruption = Interruption()
    monitoring = Monitoring(SETTINGS, folder / "monitoring", interruption, watchers)
    with Crew.at_work(folder / "logs", interruption) as crew:
        monitoring.begin(crew)
        prometheus, notes = monitoring.finish(crew, {})
        if prometheus is None and "CI" not in os.environ:
            pytest.skip(notes[0])  # a machine without the packages; CI has to have them
        assert prometheus
        yield prometheus, notes


def test_an_alert_reaches_the_pager_under_its_receivers_name(tmp_path: Path) -> None:
    """Rules fire, routes part pages from tickets, and no message leaves the machine."""
    with (
        PagerServer(SETTINGS.host, SETTINGS.pager_port) as server,
        watched(tmp_path, generated(tmp_path / "watchers")) as (prometheus, notes),
    ):
        assert () == notes
        assert eventually(lambda: len(server.pager.notifications) >= 2, 40)
        firing = [alert for alert in prometheus.alerts() if alert.name == "Burning"]
        began = server.pager.notifications[0].alerts[0].started
        timeline = alert_timeline(prometheus, began, began + 3, 1)

    told = {each.receiver: each.alerts[0] for each in server.pager.notifications}
    assert {"pages": "Burning", "tickets": "Smoking"} == {to: told[to].name for to in told}
    assert {"summary": "at 7"} == told["pages"].annotations
    assert [("firing", 7.0)] == [(alert.state, alert.value) for alert in firing]
    assert {"Burning", "Smoking"} == {span.name for span in timeline if span.state == "firing"}


def test_without_a_checkout_nothing_is_alerted(tmp_path: Path) -> None:
    """One note says where the rules should be, and Prometheus answers."""
    with watched(tmp_path, tmp_path / "none") as (prometheus, notes):
        assert (f"nothing is alerted: no alert rules at {tmp_path / 'none' / RULES}",) == notes
        assert prometheus.version()


def test_rules_and_routes_that_are_refused_are_told(tmp_path: Path) -> None:
    """A note for each of the two, with the reason; both run without."""
    broken = {"groups": [{"name": "test", "rules": [{"record": "a", "expr": "sum("}]}]}
    nowhere = {**GOOD_ROUTES, "route": {"receiver": "nobody"}}
    folder = generated(tmp_path / "watchers", broken, nowhere)
    with watched(tmp_path, folder) as (prometheus, (first, second)):
        assert first.startswith(f"prometheus refused what is in {folder} and runs without: ")
        assert "could not parse expression" in first
        why = 'undefined receiver "nobody" used in route'
        assert f"alertmanager refused what is in {folder} and runs without: {why}" == second
        assert () == prometheus.alerts()
