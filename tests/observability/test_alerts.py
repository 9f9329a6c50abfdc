"""Every alert fires on its fault, in time, once, with its text; and not on what is nearly it.

Judged by promtool against the generated rules; the cases stand in `cases_*.py`.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.observability import (
    cases_burn,
    cases_calls,
    cases_certificates,
    cases_cluster,
    cases_dns,
    cases_edges,
    cases_nodes,
    cases_watch,
)
from tests.support.alert_cases import Case, judged
from tests.support.rulebook import Named, Rulebook

BOOK: Final = Rulebook.read()
ROOMS: Final = {
    "calls": cases_calls.CASES,
    "dns": cases_dns.CASES,
    "nodes": cases_nodes.CASES,
    "edges": cases_edges.CASES,
    "certificates": cases_certificates.CASES,
    "cluster": cases_cluster.CASES,
    "watch": cases_watch.CASES,
    "burn": cases_burn.CASES,
}
CASES: Final[tuple[Case, ...]] = tuple(case for room in ROOMS.values() for case in room)

NEVER_SILENT: Final[tuple[Named, ...]] = (cases_watch.WATCHDOG,)
"""Alerts whose silence is the alarm."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("room", ROOMS)
def test_alerts_fire_on_their_faults_and_on_nothing_else(room: str, tmp_path: Path) -> None:
    """All that the cases of a room claim holds."""
    assert "" == judged(ROOMS[room], BOOK, tmp_path)


def test_every_alert_has_a_case_that_fires_it_and_one_that_does_not() -> None:
    """An alert without both is one that nobody has seen work."""
    alerts = set(BOOK.paces)

    assert alerts == {alert for case in CASES if case.fires for alert in case.alerts}
    assert alerts - set(NEVER_SILENT) == {
        alert for case in CASES if not case.fires for alert in case.alerts
    }
