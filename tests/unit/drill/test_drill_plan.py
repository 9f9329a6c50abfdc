"""The drill as data: scenarios, addresses, what is written and what is shown."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshdoctor.faults import FAULTS
from meshdoctor.lab.drill.judge import WATCHDOG, Figures
from meshdoctor.lab.drill.run import DrillPlan, Result, document, on_net
from meshdoctor.lab.drill.scenarios import LEFT_ALONE, SCENARIOS, Scenario
from meshdoctor.lab.drill.shown import report, shown
from meshdoctor.lab.drill.trial import PAGE, Phases, Trial
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.watchers import GENERATED, ROUTES, RULES

FIGURES = Figures(46.4, "ServiceAbsent", "", 1, None, alive=True)
TRIAL = Trial(1.0, 2.0, 3.0, 4.0, (), ())


@pytest.fixture(scope="module")
def alerts() -> list[dict[str, Any]]:
    """Every generated alert."""
    groups = yaml.safe_load((GENERATED / RULES).read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.fault)
def test_a_scenario_speaks_the_vocabulary(alerts: list[dict[str, Any]], scenario: Scenario) -> None:
    """Its name is a fault, a cause can stand for it, and its page is among the rules."""
    pages = {rule["alert"] for rule in alerts if rule["labels"]["severity"] == "page"}

    assert scenario.fault in FAULTS
    assert scenario.causes
    assert scenario.alert in pages


def test_the_pager_is_where_the_routes_send_pages(alerts: list[dict[str, Any]]) -> None:
    """The words for page and watchdog are those of the generated files."""
    config = yaml.safe_load((GENERATED / ROUTES).read_text("utf-8"))
    paging = {
        route["receiver"]
        for route in config["route"]["routes"]
        if 'severity="page"' in route["matchers"]
    }

    assert {PAGE} == paging
    assert WATCHDOG in {rule["alert"] for rule in alerts}


def test_each_trial_has_addresses_of_its_own() -> None:
    """The second net after the settings' own: same last octets, same ports."""
    settings = LabSettings.model_validate({"host": "127.0.0.1", "dns_port": 53})
    second = on_net(settings, 2)

    assert "127.0.2.1" == second.host
    assert ("127.0.2.11", "127.0.2.12", "127.0.2.13") == second.recommendations_hosts
    assert (53, settings.sampling) == (second.dns_port, second.sampling)


def test_the_end_of_loopback_is_told() -> None:
    """One sentence says which settings to move."""
    settings = LabSettings.model_validate({"host": "127.255.255.1"})

    with pytest.raises(LabError, match=r"no 1 nets of 256 addresses after 127\.255\.255\.1: set"):
        on_net(settings, 1)


def test_the_result_can_be_read_again() -> None:
    """JSON with goals, phases, and for each trial what was expected, seen and missed."""
    plan = DrillPlan(SCENARIOS[:2], Phases(40, 100, 100), 2, Path("out"))
    done = Result(SCENARIOS[0], TRIAL, FIGURES, ())
    failed = Result(SCENARIOS[1], None, None, ("it could not be tried: no",))
    read = json.loads(json.dumps(document(plan, (done, failed))))

    assert [True, False] == [trial["met"] for trial in read["trials"]]
    assert not read["met"]
    assert {"healthy": 40, "hurt": 100, "healed": 100} == read["phases"]
    assert ("ServiceAbsent", 46.4) == (
        read["trials"][0]["figures"]["alert"],
        read["trials"][0]["figures"]["paged_after"],
    )
    assert ["it could not be tried: no"] == read["trials"][1]["reasons"]


def test_the_report_shows_each_trial_and_each_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """Seconds, pages and verdict in a table; below it why, and where the rest is."""
    results = (
        Result(SCENARIOS[0], TRIAL, FIGURES, ("nobody was told that it is over",)),
        Result(LEFT_ALONE, TRIAL, Figures(None, "", "", 0, None, alive=True), ()),
    )
    report(results, Path("out/drill"))
    text = capsys.readouterr().out

    assert " 46 s " in text
    assert " NOT MET " in text
    assert "app-down: nobody was told that it is over\n" in text
    assert text.endswith("all of it: out/drill/drill.json\n")


def test_progress_is_a_line_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal nothing is said twice."""
    with shown(["app-down"]) as tell:
        for text in ("starting", "starting", "hurt", "hurt"):
            tell("app-down", text)

    assert ["   0 s  app-down: starting", "   0 s  app-down: hurt"] == (
        capsys.readouterr().out.splitlines()
    )
