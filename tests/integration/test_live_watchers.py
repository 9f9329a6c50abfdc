"""The watchers on a live mesh: nothing they ask stays unanswered, and an alert leads to the log.

One mesh, loaded, watched, and hurt in every way that some rule waits for.
"""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from meshdoctor.lab import load
from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.model import Trace, group_traces
from meshdoctor.lab.processes import Process
from meshdoctor.lab.promquery import Exemplar, Prometheus
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.traces import is_complete
from meshdoctor.lab.webhook import PagedAlert
from tests.support.lab import eventually, lab_settings
from tests.support.panels import filled
from tests.support.promql import (
    DASHBOARDS,
    Question,
    has_points,
    has_series,
    inputs,
    panels,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

CACHE = LabSettings().cache.expanduser()
PLAN = load.LoadPlan(users=20, seconds=600, shape="steady")
WOUND_SECONDS = 12
FROZEN_SECONDS = 5
PATIENCE_SECONDS = 120
POLL_SECONDS = 2
OVERLOADED = {
    "RECOMMENDATIONS_MAX_CONCURRENT_RPCS": "1",
    "RECOMMENDATIONS_FAULT_DELAY_SECONDS": "0.1",
}
ERRING = {"RECOMMENDATIONS_FAULT_DELAY_SECONDS": "0", "RECOMMENDATIONS_FAULT_ERROR_RATIO": "1"}
ALERT = "RecommendationsUnavailableRate"
NAMELESS = "ServiceWithoutAddress"


@dataclass(frozen=True, slots=True)
class Watched:
    """A mesh under load, what watches it, and since when (Unix seconds)."""

    mesh: Mesh
    prometheus: Prometheus
    since: float

    def answered(self, question: Question) -> bool:
        """Whether the run has brought data for what a rule or a panel asks."""
        has_data = has_points if question.panel else has_series
        return has_data(self.prometheus, question.expression, self.since, time.time())

    def never_answered(self, questions: Iterable[Question]) -> list[str]:
        """What has no data although it should, however long one waits."""
        until = time.monotonic() + PATIENCE_SECONDS
        waiting = [one for one in questions if not one.silent]
        while waiting and time.monotonic() < until:
            time.sleep(POLL_SECONDS)
            waiting = [one for one in waiting if not self.answered(one)]
        return [str(one) for one in waiting]


@contextmanager
def watched_mesh(out: Path) -> Iterator[Watched]:
    """Start it; every request leaves a trace."""
    with loopback_mesh(lab_settings(cache=CACHE, packages=True), out, monitored=True) as mesh:
        if mesh.prometheus is None and "CI" not in os.environ:
            pytest.skip(mesh.notes[0])  # a machine without the packages; CI has to have them
        assert mesh.prometheus
        assert () == mesh.notes
        mesh.crew.start(load.program(PLAN, mesh.url, out / "load.json", mesh.load_address))
        yield Watched(mesh, mesh.prometheus, time.time())


def test_every_question_is_answered_and_an_alert_leads_to_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Healthy, no panel is dead; and no rule waits for a series that a hurt mesh does not make.

    Only what the agent or the cluster makes is missing, and nothing that is there is excused. On
    the way the page of an outage leads to its dashboard, an exemplar, the trace, and the line of
    the log that names the cause.
    """
    shown, read = tuple(panels()), tuple(inputs())
    with watched_mesh(tmp_path) as watched:
        dead_panels = watched.never_answered(shown)
        page, began = outage(watched)
        lines = followed(watched, page, began)
        hurt(watched)
        dead_inputs = watched.never_answered(read)
        stale = [str(one) for one in (*shown, *read) if one.silent and watched.answered(one)]

    excuses = [f"  {one}" for one in (*shown, *read) if one.silent]
    with capsys.disabled():
        print(f"\n{len(shown)} questions of panels, {len(read)} of rules; not answered here:")  # noqa: T201
        print(*excuses, sep="\n")  # noqa: T201
    assert ([], []) == (dead_panels, dead_inputs)
    assert [] == stale
    assert page.labels["cause"] in {line.get("cause") for line in lines}


# The wounds


def outage(watched: Watched) -> tuple[PagedAlert, float]:
    """Freeze all backends, then kill them, until somebody is paged; the page, and since when."""
    began = time.time()
    for backend in watched.mesh.recommendations:
        backend.stop()
    time.sleep(FROZEN_SECONDS)
    for backend in watched.mesh.recommendations:
        backend.kill()
    assert eventually(lambda: bool(pages(watched.mesh, ALERT)), PATIENCE_SECONDS), (
        "nobody was paged"
    )
    return pages(watched.mesh, ALERT)[0], began


def hurt(watched: Watched) -> None:
    """Bring one backend back, overloaded, then erring; meanwhile DNS finds nothing, and fails."""
    mesh = watched.mesh
    mesh.set_dns("empty")
    started_as(mesh.recommendations[0], **OVERLOADED)
    time.sleep(WOUND_SECONDS)
    started_as(mesh.recommendations[0], **ERRING)
    # An alert keeps the cause with which it began: the next cause waits for its end.
    assert eventually(lambda: not fires(watched.prometheus, ALERT), PATIENCE_SECONDS), (
        "the page of the outage did not end"
    )
    # While that page rang, the one about the name was held back.
    assert eventually(lambda: fires(watched.prometheus, NAMELESS), PATIENCE_SECONDS), (
        "nobody was paged for a name without an address"
    )
    mesh.set_dns("silent")
    mesh.marketplace.restart()  # one that starts now has no address to fall back on


def started_as(process: Process, **env: str) -> None:
    """Start a process again with other settings."""
    program = process.program
    process.program = replace(program, env={**program.env, **env})
    process.restart()


def fires(prometheus: Prometheus, alert: str) -> bool:
    """Whether an alert fires now."""
    return (alert, "firing") in {(one.name, one.state) for one in prometheus.alerts()}


def pages(mesh: Mesh, alert: str) -> list[PagedAlert]:
    """What the pager was told of an alert that fires."""
    return [
        one
        for notification in mesh.pager.notifications
        for one in notification.alerts
        if (one.name, one.status) == (alert, "firing")
    ]


# The way from a page to the log


def followed(watched: Watched, page: PagedAlert, began: float) -> list[dict[str, Any]]:
    """Go from a page to the lines of the log about one of the requests that it is about."""
    dashboard = dashboard_of(page)
    shown = list(exemplars(watched.prometheus, dashboard, began))
    assert shown, f"no panel of {dashboard['uid']} has an exemplar of the outage"

    def traced() -> list[Trace]:
        ids = {one.labels["trace_id"] for one in shown}
        return [
            trace for trace in group_traces(watched.mesh.spans.spans()) if trace.trace_id in ids
        ]

    assert eventually(lambda: any(map(is_complete, traced())), 10), "no exemplar leads to a trace"
    failed = [trace for trace in traced() if is_complete(trace) and trace.failed]
    assert failed, "no exemplar leads to a request that failed"
    return [line for trace in failed for line in log_lines(watched.mesh, trace.trace_id)]


def dashboard_of(page: PagedAlert) -> dict[str, Any]:
    """Open the dashboard that an alert links to, among those that are generated."""
    kind, uid = urlsplit(page.annotations["dashboard_url"]).path.strip("/").split("/")
    dashboard: dict[str, Any] = json.loads((DASHBOARDS / f"{uid}.json").read_text("utf-8"))
    assert ("d", uid) == (kind, dashboard["uid"])
    return dashboard


def exemplars(
    prometheus: Prometheus, dashboard: dict[str, Any], began: float
) -> Iterator[Exemplar]:
    """Read the exemplars that a dashboard shows, as Grafana does: the panel's own expression."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            if target.get("exemplar"):
                yield from prometheus.exemplars(filled(target["expr"]), began, time.time())


def log_lines(mesh: Mesh, trace_id: str) -> list[dict[str, Any]]:
    """Find what the services wrote about a trace."""
    texts = (path.read_text("utf-8") for path in sorted((mesh.out / "logs").glob("*.log")))
    lines = [line for text in texts for line in text.splitlines() if trace_id in line]
    return [json.loads(line) for line in lines]
