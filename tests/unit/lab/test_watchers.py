"""How the lab reads what was generated for Prometheus and Alertmanager."""

from pathlib import Path

import pytest

from meshdoctor.lab.promquery import LOAD_JOB
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.topology import loopback
from meshdoctor.lab.watchers import ROUTES, RULES, Watchers, read, to_pager
from observability import knobs

PAGER = "http://127.0.0.1:9095/"


def test_every_receiver_becomes_the_pager() -> None:
    """Routes, inhibitions and names stay; addresses go, and silent receivers get one."""
    config = {
        "route": {"receiver": "none"},
        "inhibit_rules": [{"equal": ["namespace"]}],
        "receivers": [{"name": "pages", "webhook_configs": [{"url": "x"}]}, {"name": "none"}],
    }
    pager = [{"url": PAGER, "send_resolved": True}]

    assert {
        **config,
        "receivers": [
            {"name": "pages", "webhook_configs": pager},
            {"name": "none", "webhook_configs": pager},
        ],
    } == to_pager(config, PAGER)


@pytest.mark.parametrize(
    ("routes", "reason"),
    [
        ("", "it names no receivers"),
        ("[]", "it names no receivers"),
        ("receivers: []", "it names no receivers"),
        ("receivers: all", "it names no receivers"),
        ("receivers: [{}]", "it names no receivers"),
        ("receivers: [", "while parsing a flow node"),
    ],
)
def test_routes_that_make_no_sense_are_told(tmp_path: Path, routes: str, reason: str) -> None:
    """One note, one line, names the file and the reason; the rules are run all the same."""
    for path, text in ((RULES, "groups: []"), (ROUTES, routes)):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(text)
    watchers = read(tmp_path, PAGER)

    (note,) = watchers.notes
    assert note.startswith(f"alerts page nobody: no routes at {tmp_path / ROUTES}: {reason}")
    assert 1 == len(note.splitlines())
    assert (tmp_path / RULES, None) == (watchers.rules, watchers.routes)


def test_a_folder_that_is_not_there_is_one_note(tmp_path: Path) -> None:
    """An installation without the checkout has no rules."""
    note = f"nothing is alerted: no alert rules at {tmp_path / RULES}"

    assert Watchers(notes=(note,)) == read(tmp_path, PAGER)


def test_the_lab_calls_its_scrape_jobs_as_the_rules_do() -> None:
    """Job names are typed once here and once in the knobs, which the lab may not import."""
    jobs = {*loopback(LabSettings(), Path()).jobs, LOAD_JOB}

    assert {knobs.MARKETPLACE, knobs.RECOMMENDATIONS, knobs.LOAD} == jobs
