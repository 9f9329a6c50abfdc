"""The watchers' account of a run, for the report: asked while Prometheus runs, drawn afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from meshdoctor.lab.alerts import alert_timeline
from meshdoctor.lab.boards import alerting
from meshdoctor.lab.boards.asking import Answer, ask
from meshdoctor.lab.boards.draw.board import show
from meshdoctor.lab.boards.draw.plot import Times, stopwatch
from meshdoctor.lab.boards.model import Dashboard
from meshdoctor.lab.boards.runbook import runbook_here
from meshdoctor.lab.boards.templates import page_style, templates
from meshdoctor.lab.boards.window import Window, window
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.model import AlertSpan, Trace
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.report.html import Watched
from meshdoctor.lab.webhook import Notification

_PATIENCE_SECONDS: Final = 20.0
_MOST_TRACES: Final = 12


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the watchers saw of a run.

    Attributes:
        began: when the load did, Unix seconds.
        seen: the moments that were looked at.
        boards: the dashboards.
        answers: for each of them, one for each panel.
        alerts: every alert of the run.
        notified: what the pager got.
        problem: why nothing is known of alerts; empty when all is.
    """

    began: float
    seen: Window
    boards: tuple[Dashboard, ...] = ()
    answers: tuple[tuple[Answer, ...], ...] = ()
    alerts: tuple[AlertSpan, ...] = ()
    notified: tuple[Notification, ...] = ()
    problem: str = ""


def take(
    prometheus: Prometheus | None,
    boards: Sequence[Dashboard],
    notified: Iterable[Notification],
    began: float,
    ended: float,
) -> Snapshot:
    """Ask everything now; Prometheus may be gone afterwards.

    Args:
        prometheus: whom; None when it does not run.
        boards: the dashboards.
        notified: what the pager got.
        began: when the load began, Unix seconds.
        ended: when it ended, likewise.

    Returns:
        What was seen. Nothing is raised: a run is not lost because its charts are.
    """
    seen = window(began, ended)
    if prometheus is None:
        return Snapshot(began, seen, problem="Prometheus did not run, so no alert was looked for.")
    panels = [panel for board in boards for panel in board.panels]
    answers = iter(ask(prometheus, panels, seen, _PATIENCE_SECONDS))
    by_board = tuple(tuple(next(answers) for _ in board.panels) for board in boards)
    try:
        alerts, problem = alert_timeline(prometheus, seen.start, seen.end, seen.step), ""
    except LabError as error:
        alerts, problem = (), f"{error}."
    return Snapshot(began, seen, tuple(boards), by_board, alerts, tuple(notified), problem)


def draw(snapshot: Snapshot, traces: Iterable[Trace]) -> Watched:
    """Draw it for the report.

    Args:
        snapshot: what was seen.
        traces: those that arrived; the dashboards' diamonds lead to some of them.

    Returns:
        The report's sections.
    """
    times = Times(snapshot.seen, stopwatch(snapshot.began, snapshot.seen.end))
    known = {trace.trace_id for trace in traces}
    chosen = _chosen(snapshot, known)
    made = templates(_public)
    alerts = made.get_template("report_alerts.html.j2").render(**_alerts(snapshot, times))
    shown = [
        show(board, answers, times, lambda each: f"#trace-{each}" if each in chosen else "")
        for board, answers in zip(snapshot.boards, snapshot.answers, strict=True)
    ]
    boards = made.get_template("report_boards.html.j2").render(boards=shown) if shown else ""
    # Jinja has escaped what came from outside.
    return Watched(page_style(), Markup(alerts), Markup(boards), chosen)  # noqa: S704


def _public(url: str) -> str:
    return url if runbook_here(url, "here") else ""


def _chosen(snapshot: Snapshot, known: set[str]) -> tuple[str, ...]:
    """Choose the traces that are worth their place: those with the largest values."""
    dots = [dot for answers in snapshot.answers for answer in answers for dot in answer.dots]
    dots.sort(key=lambda dot: -dot.value)
    ids = dict.fromkeys(dot.trace_id for dot in dots if dot.trace_id in known)
    return tuple(ids)[:_MOST_TRACES]


def _alerts(snapshot: Snapshot, times: Times) -> dict[str, object]:
    told = [span for span in snapshot.alerts if alerting.for_people(span.labels)]
    firing = [span for span in told if span.state == alerting.FIRING]
    rows = alerting.told(snapshot.notified)
    return {
        "problem": snapshot.problem,
        "fired": tuple(dict.fromkeys(span.name for span in firing)),
        "pending": len({span.name for span in told} - {span.name for span in firing}),
        # The watchdog always fires: where it did not, silence would prove nothing.
        "watched": len(told) < len(snapshot.alerts),
        "timeline": alerting.timeline(told, times),
        "told": rows[::-1],
        "at": times.clock.tell,
        "telling": alerting.telling,
    }
