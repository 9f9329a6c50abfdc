"""The pages of the local view: what stands at which address."""

import json
import re
from pathlib import Path

import pytest

from meshdoctor.lab.boards.site import Site
from meshdoctor.lab.webhook import Notification, PagedAlert
from tests.unit.boards.places import board, message, site, sources
from tests.unit.boards.samples import HOSTILE, TRACE
from tests.unit.boards.stand_in import Answers, gone, stand_in

ADDRESSES = ["/", "/d/overview", "/alerts", "/traces", f"/traces/{TRACE}", "/runbook"]
ALERT = {
    "labels": {"alertname": "Unavailable", "severity": "page", "cause": "app-hung"},
    "annotations": {
        "summary": "The shop gets no answers",
        "description": "Nine of ten calls fail.",
        "runbook_url": "https://example.org/docs/runbook.md#unavailable",
        "dashboard_url": "http://localhost:3000/d/overview",
    },
    "state": "firing",
    "activeAt": "2023-11-14T22:13:20Z",
    "value": "1",
}
every_page = pytest.mark.parametrize("address", ADDRESSES)


@every_page
def test_every_page_stands_without_prometheus(address: str, tmp_path: Path) -> None:
    """Neither its absence nor its death breaks a page, and the pages that need it say so."""
    for prometheus in (None, gone()):
        page = site(tmp_path, prometheus, message()).page(address)

        assert 200 == page.status
        told = "Prometheus did" in page.html or "Prometheus does not run" in page.html
        assert told == (address in {"/", "/d/overview", "/alerts"})


@every_page
def test_a_page_needs_nothing_else(address: str, tmp_path: Path) -> None:
    """No script, no fetched part, no inline style; the policy names the one style sheet."""
    page = site(tmp_path, None, message()).page(address)

    assert [] == re.findall(r"<script|<img|<iframe|@import|@font-face| style=", page.html)
    assert "default-src 'none'; style-src 'sha256-" in page.policy
    assert 1 == page.html.count("<style>")


def test_the_first_page_leads_everywhere(tmp_path: Path) -> None:
    """Dashboards, alerts, traces, runbook, and the mesh's other pages are one click away."""
    html = site(tmp_path).page("/").html

    for address in ("/d/overview", "/alerts", "/traces", "/runbook", "http://127.0.0.1:30997/"):
        assert f'href="{address}"' in html


def test_the_first_page_says_what_fires(tmp_path: Path) -> None:
    """A firing alert is the heading, with its summary and what to do."""
    with stand_in(Answers(alerts=[ALERT])) as prometheus:
        html = site(tmp_path, prometheus).page("/").html

    assert "✕ 1 alert firing" in html
    assert "The shop gets no answers" in html
    assert 'href="/runbook#unavailable"' in html
    assert 'href="/d/overview"' in html


def test_what_is_pending_is_folded_away(tmp_path: Path) -> None:
    """What may come to nothing does not push away what fires, on both pages that list alerts."""
    pending = {**ALERT, "state": "pending", "labels": {**ALERT["labels"], "alertname": "Later"}}  # type: ignore[dict-item]  # JSON

    with stand_in(Answers(alerts=[pending, ALERT])) as prometheus:
        for address in ("/", "/alerts"):
            html = site(tmp_path, prometheus).page(address).html

            assert "1 is pending: seen, and would fire if it goes on" in html
            assert html.index("Unavailable") < html.index("<details>") < html.index("Later")


def test_the_first_page_says_that_nothing_fires(tmp_path: Path) -> None:
    """Only where Prometheus said so."""
    with stand_in(Answers()) as prometheus:
        assert "✓ Nothing fires" in site(tmp_path, prometheus).page("/").html
    assert "✓ Nothing fires" not in site(tmp_path).page("/").html


def test_a_dashboard_draws_what_prometheus_says(tmp_path: Path) -> None:
    """The panel's title, its question, its curve and its links are there."""
    with stand_in(Answers({"up": [({"job": "shop"}, "0.25")]})) as prometheus:
        page = site(tmp_path, prometheus).page("/d/overview")

    assert 200 == page.status
    assert '<svg class="plot' in page.html
    assert "job=shop: 250 ms" in page.html
    assert "<code>up</code>" in page.html
    assert '<a href="/runbook#up">Runbook: Up</a>' in page.html


def test_one_trouble_is_told_once(tmp_path: Path) -> None:
    """When nothing answers, the page says it on top and keeps its panels."""
    html = site(tmp_path, gone()).page("/d/overview").html

    assert 1 == html.count('class="notice"')
    assert "Title" in html


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("/d/nothing", 404, "There is no dashboard nothing; there are: overview."),
        ("/nothing", 404, "There is no such page."),
        ("/d", 404, "There is no such page."),
        ("/traces/zzz", 404, "A trace&#39;s id has 32 lower-case hexadecimal digits."),
        (f"/traces/{'0' * 32}", 404, "Nothing is known of trace"),
        ("/traces/../../etc/passwd", 404, "There is no such page."),
        ("/traces/..%2f..%2fetc%2fpasswd", 404, "There is no such page."),
        ("/traces/%00", 404, "32 lower-case hexadecimal digits"),
        ("/d/overview?from=yesterday", 400, "`from` and `to` are"),
        ("/d/overview?from=now-90d", 400, "between 30 seconds and 24 hours"),
        ("/alerts?to=x", 400, "`from` and `to` are"),
        ("//evil.example/d/overview", 200, "Overview"),
        ("http://[broken/", 400, "Invalid IPv6 URL"),
        (f"/d/overview?{'&'.join('a=1' for _ in range(50))}", 400, "Max number of fields"),
        ("", 200, "meshdoctor"),
    ],
)
def test_other_addresses_are_answered_in_a_sentence(
    tmp_path: Path, address: str, status: int, sentence: str
) -> None:
    """What does not exist is 404, what cannot be meant 400, and one sentence says why."""
    page = site(tmp_path).page(address)

    assert status == page.status
    assert sentence in page.html


def test_grafanas_own_path_works(tmp_path: Path) -> None:
    """A readable name behind the uid, and Grafana's times, are understood."""
    page = site(tmp_path).page("/d/overview/mesh-overview?from=now-1h&to=now&var-namespace=x")

    assert 200 == page.status
    assert '<a href="?from=now-1h&amp;to=now" aria-current="true">1h</a>' in page.html


@pytest.mark.parametrize(
    ("address", "refreshes"),
    [
        ("/d/overview", True),
        ("/d/overview?refresh=off", False),
        ("/d/overview?from=1699999000000&to=1699999600000", False),
        ("/runbook", False),
    ],
)
def test_a_page_about_now_loads_itself_anew(
    tmp_path: Path,
    address: str,
    refreshes: bool,  # noqa: FBT001 - a case
) -> None:
    """Only a page that ends now does, and not when it is held."""
    html = site(tmp_path).page(address).html

    assert refreshes == ('<meta http-equiv="refresh" content="10">' in html)


def test_a_trace_is_shown_with_its_log_lines(tmp_path: Path) -> None:
    """The waterfall and the lines that name the trace stand on one page."""
    line = {"timestamp": "2026-11-23T06:35:13.264467Z", "event": "rpc.failed", "trace_id": TRACE}
    (tmp_path / "shop.log").write_text(json.dumps(line) + "\n")

    html = site(tmp_path, None, message(), message("1" * 32)).page(f"/traces/{TRACE}").html

    assert f'id="trace-{TRACE}"' in html
    assert "Waterfall of a trace of 1 spans that took 5 ms." in html
    assert "<td>06:35:13.264467</td>" in html
    assert "rpc.failed" in html


def test_lines_are_shown_while_the_spans_are_on_their_way(tmp_path: Path) -> None:
    """A trace of which only log lines are known has a page too."""
    (tmp_path / "shop.log").write_text(json.dumps({"trace_id": TRACE, "event": "early"}))

    page = site(tmp_path).page(f"/traces/{TRACE}")

    assert 200 == page.status
    assert "early" in page.html
    assert "No span of this trace is known" in page.html


def test_traces_are_listed_by_what_one_looks_for(tmp_path: Path) -> None:
    """The slowest comes first among the slowest, the newest among the newest."""
    slow, fast = "a" * 32, "b" * 32
    html = site(tmp_path, None, message(slow, took_ms=90), message(fast)).page("/traces").html

    listed = re.findall(r'href="/traces/([0-9a-f]{32})"', html)
    assert [slow, fast] == listed[:2]


def test_what_the_pager_got_is_shown(tmp_path: Path) -> None:
    """Firing and resolved, with time, summary and links, without Prometheus too."""
    alerts = [
        PagedAlert("Unavailable", status, ALERT["labels"], ALERT["annotations"], 0.0, None)  # type: ignore[arg-type]  # JSON
        for status in ("firing", "resolved")
    ]
    notifications = tuple(
        Notification(1_700_000_000.0 + 60 * index, "page", each.status, (each,))
        for index, each in enumerate(alerts)
    )

    html = Site(sources(tmp_path, notifications=notifications)).page("/alerts").html

    assert html.index("✓ resolved") < html.index("✕ firing, page")
    assert "22:13:20" in html
    assert "22:14:20" in html
    assert 'href="/runbook#unavailable"' in html


def test_notes_are_told(tmp_path: Path) -> None:
    """What the mesh has to do without stands on the first page."""
    made = Site(sources(tmp_path, notes=("no dashboards at /x: run the lab from a checkout",)))

    assert "no dashboards at /x" in made.page("/").html


def test_every_text_is_only_text(tmp_path: Path) -> None:
    """Titles, labels, alerts, spans, logs and addresses full of markup stay characters."""
    hostile = {**ALERT, "labels": {"alertname": HOSTILE, "severity": HOSTILE, "cause": HOSTILE}}
    hostile["annotations"] = dict.fromkeys(("summary", "description", "runbook_url"), HOSTILE)
    (tmp_path / "shop.log").write_text(
        json.dumps({"trace_id": TRACE, "event": HOSTILE, HOSTILE: 1})
    )
    answers = Answers({"up": [({HOSTILE: HOSTILE}, "1")], "ALERTS": []}, alerts=[hostile])
    answers.series["ALERTS"] = [
        ({"alertname": HOSTILE, "alertstate": HOSTILE, "severity": HOSTILE}, "1")
    ]

    with stand_in(answers) as prometheus:
        made = Site(sources(tmp_path, prometheus, message(name=HOSTILE), boards=(board(HOSTILE),)))
        for address in (*ADDRESSES, f"/d/{HOSTILE}", f"/{HOSTILE}", f"/alerts?from={HOSTILE}"):
            html = made.page(address).html
            assert "<script" not in html
            assert "<img" not in html
            assert "\u202e" not in html
