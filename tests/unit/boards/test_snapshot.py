"""The watchers' account in the report."""

from dataclasses import replace

from meshdoctor.lab.boards import snapshot
from meshdoctor.lab.boards.snapshot import Snapshot
from meshdoctor.lab.model import AlertSpan
from meshdoctor.lab.report import judge, render
from meshdoctor.lab.webhook import Notification, PagedAlert
from tests.unit.boards.places import CALLS
from tests.unit.boards.samples import SEEN
from tests.unit.boards.stand_in import Answers, gone, stand_in
from tests.unit.report.samples import good_run

TRACES = good_run().traces
TRACE = TRACES[0].trace_id
WATCHDOG = AlertSpan("Watchdog", {"severity": "none"}, "firing", SEEN.start, SEEN.end)
FIRED = AlertSpan(
    "Unavailable",
    {"severity": "page", "cause": "app-hung"},
    "firing",
    SEEN.start + 60,
    SEEN.start + 100,
)


def taken(*alerts: AlertSpan, **changed: object) -> Snapshot:
    """A snapshot of a run with these alerts."""
    return replace(Snapshot(SEEN.start, SEEN, alerts=alerts), **changed)  # type: ignore[arg-type]  # any field


def report(seen: Snapshot) -> str:
    """The whole report of a good run that was watched so."""
    facts = good_run()
    return render(facts, judge(facts), snapshot.draw(seen, facts.traces))


def test_a_run_is_asked_and_drawn() -> None:
    """Each dashboard of the run is in the report, with its panels and their curves."""
    with stand_in(Answers({"up": [({}, "0.25")]})) as prometheus:
        seen = snapshot.take(prometheus, [CALLS], (), SEEN.start, SEEN.end)

    html = report(seen)

    assert '<details class="board" id="grpc" open>' in html
    assert "p99: 250 ms" in html
    assert "60 s" in html


def test_a_diamond_leads_to_a_waterfall_of_the_report() -> None:
    """An exemplar whose trace arrived is a link to it, and it is drawn; another is no link."""
    with stand_in(Answers({"up": [({}, "0.25")]}, exemplars=[(TRACE, 0.3)])) as prometheus:
        seen = snapshot.take(prometheus, [CALLS], (), SEEN.start, SEEN.end)

    html, other = report(seen), str(snapshot.draw(seen, ()).boards)

    assert f'href="#trace-{TRACE}"' in html
    assert f'id="trace-{TRACE}"' in html
    assert 'class="exemplar"' in other
    assert "href=" not in other


def test_each_trace_is_drawn_once() -> None:
    """A trace that the report shows anyway, and that a diamond leads to, has one place."""
    facts = good_run()
    longest = max(facts.traces, key=lambda trace: trace.duration_ms).trace_id
    with stand_in(Answers({"up": [({}, "0.25")]}, exemplars=[(longest, 0.3)])) as prometheus:
        seen = snapshot.take(prometheus, [CALLS], (), SEEN.start, SEEN.end)

    assert 1 == report(seen).count(f'id="trace-{longest}"')


def test_a_quiet_run_is_told_as_watched() -> None:
    """No alert fired, and the watchdog shows that one would have been seen."""
    html = report(taken(WATCHDOG))

    assert '<strong class="good">No alert fired</strong>' in html
    assert "The watchdog, which always does, was there" in html


def test_silence_without_the_watchdog_proves_nothing() -> None:
    """Where not even the watchdog fired, no alert is not told as good."""
    html = report(taken())

    assert '<strong class="">No alert fired</strong>' in html
    assert "neither did the watchdog" in html


def test_alerts_that_only_waited_are_told() -> None:
    """A pending alert did not fire, and is said to have waited."""
    pending = replace(FIRED, state="pending")

    html = report(taken(WATCHDOG, pending))

    assert "No alert fired" in html
    assert "1 was pending" in html


def test_an_alert_is_on_the_timeline_and_in_the_pagers_list() -> None:
    """When it fired, with its cause, and what the pager got of it, in seconds of the run."""
    alert = PagedAlert(FIRED.name, "firing", FIRED.labels, {"summary": "No answers"}, 0.0, None)
    paged = Notification(SEEN.start + 65, "page", "firing", (alert,))

    html = report(taken(WATCHDOG, FIRED, notified=(paged,)))

    assert "No alert fired" not in html
    assert "firing app-hung, 60 s to 100 s" in html
    assert '<td class="time">65 s</td>' in html
    assert "No answers" in html


def test_without_prometheus_the_report_says_so() -> None:
    """No dashboards, and not a word that would sound as if all had been well."""
    html = report(snapshot.take(None, [CALLS], (), SEEN.start, SEEN.end))

    assert "Prometheus did not run, so no alert was looked for." in html
    assert "No alert fired" not in html
    assert 'id="dashboards"' not in html


def test_a_prometheus_that_died_spoils_no_report() -> None:
    """The panels and the alerts say that nobody answered."""
    html = report(snapshot.take(gone(), [CALLS], (), SEEN.start, SEEN.end))

    assert "Prometheus did not answer" in html
    assert "No alert fired" not in html
