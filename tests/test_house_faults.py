"""The house keeps its word on faults: each is judged, rehearsed, explained, paged or excused."""

import pytest

from meshdoctor.faults import FAULTS
from meshdoctor.lab.faults import Scenario, scenarios
from observability.model import Severity
from observability.rules import ALERTS, NOT_PAGED, PAGED_LATE
from tests.support.runbook import sections
from tests.test_house import files, strings

SCENARIOS = scenarios()
PAGES = [alert for alert in ALERTS if alert.severity is Severity.PAGE]

each = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


def test_the_doctor_can_name_each() -> None:
    """A code that stands nowhere in the doctor's checks is one that it never says."""
    said = {text for path in files("src/meshdoctor/doctor") for text, _line in strings(path)}

    assert [] == [code for code in FAULTS if code not in said]


def test_the_lab_can_do_each() -> None:
    """A fault that cannot be done on purpose is one that nobody has seen the doctor name."""
    assert list(FAULTS) == list(SCENARIOS)


def test_the_runbook_treats_each() -> None:
    """Whoever is told a code finds its section."""
    titles = {section.title for section in sections()}

    assert [] == [code for code in FAULTS if code not in titles]


@each
def test_each_is_paged_or_says_why_not(scenario: Scenario) -> None:
    """Never both, never neither; and what the watchers page for late or never is silent here."""
    assert bool(scenario.alert) != bool(scenario.silent)
    assert scenario.silent or scenario.code not in {*NOT_PAGED, *PAGED_LATE}


@each
def test_the_page_of_each_is_one_that_tells_it(scenario: Scenario) -> None:
    """The alert that the matrix waits for is a page, and says of itself that it tells the fault."""
    telling = [alert.name for alert in PAGES if scenario.code in alert.faults]

    assert scenario.silent or scenario.alert in telling


@each
def test_each_says_what_is_done(scenario: Scenario) -> None:
    """A line for people, of its own."""
    others = {one.says for one in SCENARIOS.values() if one != scenario}

    assert scenario.says
    assert scenario.says not in others
