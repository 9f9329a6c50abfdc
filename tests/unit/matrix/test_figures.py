"""How a trial's figures are made: budget, visits, and the answers of the doctor."""

import json
from pathlib import Path

import pytest

from meshdoctor.doctor.model import Finding, Verdict
from meshdoctor.doctor.render import as_json
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.matrix.asked import ask_once, ask_until, names
from meshdoctor.lab.matrix.budget import burnt, fresh_pages
from meshdoctor.lab.matrix.visitors import Visits
from meshdoctor.lab.metricspage import MetricsPage, Row
from meshdoctor.telemetry.catalogue import (
    HTTP_SERVER_DURATION,
    HTTP_SERVER_FRESHNESS,
    LOAD_FAILURES,
    LOAD_REQUESTS,
)

DAY = 86400
NAMED = json.loads(
    as_json(
        [
            Verdict("the mesh", "two", (Finding("dns-slow", "late", (), (), "scale"),)),
            Verdict("other", "one", (Finding("app-hung", "frozen", (), (), "restart"),)),
        ]
    )
)
HEALTHY = json.loads(as_json([Verdict("the mesh", "fine")]))


def test_the_budget_is_a_month_of_what_may_go_wrong() -> None:
    """At 99 %, a hundredth of 30 days in which every page is bad is the whole of it."""
    assert 1.0 == pytest.approx(burnt(bad=50, pages=50, seconds=30 * DAY / 100, objective=0.99))
    assert 0.0 == burnt(bad=0, pages=0, seconds=60, objective=0.99)


def test_the_objective_is_that_of_the_rules(tmp_path: Path) -> None:
    """It is read where it is stated; where it is not, one line says so."""
    assert 0.9 < fresh_pages() < 1
    with pytest.raises(LabError, match="does not say what is promised"):
        fresh_pages(tmp_path)


def test_visits_are_counted_over_every_pod_of_the_shop() -> None:
    """The load's requests and failures; of the shop 5xx and pages that were not live."""
    load = MetricsPage(
        (
            Row(LOAD_REQUESTS.name, {"name": "/"}, 90.0),
            Row(LOAD_REQUESTS.name, {"name": "/api"}, 10.0),
            Row(LOAD_FAILURES.name, {"name": "/"}, 3.0),
        )
    )
    status, freshness = f"{HTTP_SERVER_DURATION.name}_count", HTTP_SERVER_FRESHNESS.name
    shop = MetricsPage(
        (
            Row(status, {"http_response_status_code": "200"}, 40.0),
            Row(status, {"http_response_status_code": "503"}, 1.0),
            Row(freshness, {"freshness": "live"}, 30.0),
            Row(freshness, {"freshness": "stale"}, 10.0),
        )
    )
    counted = Visits.counted(load, (shop, shop))

    assert Visits(requests=100, lost=3, http_5xx=2, pages=80, degraded=20) == counted
    assert Visits() == counted.since(counted)


def test_names_are_those_of_every_verdict_in_order() -> None:
    """What the command prints, as it prints it."""
    assert ("dns-slow", "app-hung") == names(NAMED)
    assert () == names(HEALTHY)


@pytest.mark.parametrize("content", [None, [], {}, {"verdicts": [{}]}, {"verdicts": 3}])
def test_what_is_no_verdict_is_an_error(content: object) -> None:
    """It is not taken for a healthy mesh."""
    with pytest.raises(LabError, match="the doctor printed no verdict"):
        names(content)


def test_a_command_that_fails_is_no_verdict() -> None:
    """Wrong usage, or a signal: the lab's own fault, and no answer."""
    with pytest.raises(LabError, match="ended with 3"):
        ask_once(lambda: (3, HEALTHY))


def test_it_is_asked_until_the_answer_is_there() -> None:
    """Every answer is kept, and the last is the one that was waited for."""
    answers = iter([(0, HEALTHY), (2, HEALTHY), (1, NAMED), (0, HEALTHY)])
    said = ask_until(lambda: next(answers), lambda one: bool(one.names), 60, Interruption())

    assert [True, False, False] == [one.healthy for one in said]
    assert [False, True, False] == [one.unsure for one in said]
    assert ("dns-slow", "app-hung") == said[-1].names


def test_it_is_asked_once_at_least() -> None:
    """Also when there is no time."""
    said = ask_until(lambda: (0, HEALTHY), lambda _one: False, 0, Interruption())

    assert 1 == len(said)
