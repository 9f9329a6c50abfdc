"""The report as a document: complete, self-contained, and inert whatever the run contained."""

import base64
import hashlib
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from meshdoctor.lab.model import (
    Latency,
    LoadResult,
    Objective,
    RunFacts,
    Sample,
)
from meshdoctor.lab.report import judge, render, words
from tests.unit.report.samples import bad_run, good_run, hostile_run

VOID = {"meta", "link", "br", "img"}


class _Page(HTMLParser):
    """Collects what a browser would see: tags, their attributes, and text by open tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.text.setdefault(self.open[-1], []).append(data.strip())


def _page(facts: RunFacts) -> _Page:
    return _Page(render(facts, judge(facts)))


def _empty_run() -> RunFacts:
    load = LoadResult(0, 0, 0.0, Latency(0.0, 0.0, 0.0), (), (), {}, (), (), 0, 1)
    return RunFacts(load, (), 0, (), {}, {}, math.nan, math.nan)


def _huge_run() -> RunFacts:
    facts = good_run()
    sample = Sample(math.inf, 10**30, math.nan, 1e308, -1e308, math.inf, 1e308)
    objective = Objective("o", math.nan, math.inf, met=True, unit="ratio")
    load = replace(
        facts.load,
        requests=10**30,
        rps=math.inf,
        series=(sample,),
        objectives=(objective,),
        latency_ms=Latency(math.nan, math.inf, -1.0),
        histogram=((math.nan, 10**30), (-5.0, 1)),
    )
    return replace(facts, load=load, started_at=1e300, seconds=math.inf, sampling=0.0)


RUNS = [good_run(), bad_run(), hostile_run(), _empty_run(), _huge_run()]
NAMES = ["good", "bad", "hostile", "empty", "huge"]
every_run = pytest.mark.parametrize("facts", RUNS, ids=NAMES)


@every_run
def test_the_report_needs_nothing_else(facts: RunFacts) -> None:
    """No script, no fetched part and no address other than a namespace is in any report."""
    html = render(facts, judge(facts))

    without = html.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert [] == re.findall(r"https?://|@import|@font-face", without)
    tags = _Page(html).tags
    assert {"script", "img", "iframe", "object"}.isdisjoint(tag for tag, _ in tags)
    assert ["icon"] == [attributes["rel"] for tag, attributes in tags if tag == "link"]
    assert all("style" not in attributes for _, attributes in tags)
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)


@every_run
def test_the_report_can_be_written(facts: RunFacts) -> None:
    """Every report is balanced HTML that UTF-8 can hold."""
    html = render(facts, judge(facts))

    assert [] == _Page(html).open
    assert html.encode("utf-8")


def test_the_policy_allows_our_style_sheet_alone() -> None:
    """The Content-Security-Policy names the hash of the one style sheet and denies the rest."""
    facts = good_run()
    html = render(facts, judge(facts))

    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'"
    assert [policy] == [meta["content"] for _, meta in _Page(html).tags if "http-equiv" in meta]


@pytest.mark.parametrize(
    ("facts", "verdict", "sentence"),
    [
        (
            good_run(),
            "Pass",
            (
                "8,184 requests in 60 seconds and not one failed; half were answered within "
                "4.9 ms, 99 of 100 within 18.6 ms."
            ),
        ),
        (bad_run(), "Fail", "8,170 requests in 60 seconds, and 5 things were wrong."),
        (_empty_run(), "Fail", "No request came back, so nothing is known about the mesh."),
    ],
    ids=["good", "bad", "empty"],
)
def test_the_verdict_comes_first(facts: RunFacts, verdict: str, sentence: str) -> None:
    """The one big heading is the verdict, and one sentence says how the run went."""
    page = _page(facts)

    assert [verdict] == page.text["h1"]
    assert sentence in page.text["p"]


def test_every_section_is_there() -> None:
    """The report has the promised sections, in reading order."""
    page = _page(good_run())

    assert ["Objectives", "Over time", "Every request", "Errors", "Traces", "The run"] == page.text[
        "h2"
    ]
    assert [
        "Throughput",
        "Latency",
        "Distribution of latencies",
        "By name",
        "Seen by the visitors",
        "Between the services, by cause",
        "How fresh the answers were",
        "The slowest trace",
        "A failed trace",
        "What was scraped",
        "How it was made",
    ] == page.text["h3"]


def test_nothing_wrong_is_said_and_not_left_blank() -> None:
    """Where there is nothing to show, the report says why instead of drawing nothing."""
    strong = _page(good_run()).text["strong"]

    assert ["No failures", "No failed call", "No trace failed"] == strong


def test_nothing_known_is_not_told_as_good() -> None:
    """A run without evidence says that nothing is known, not that nothing went wrong."""
    strong = _page(_empty_run()).text["strong"]

    assert [
        "No objective was measured.",
        "Nothing was asked",
        "Not known",
        "No trace arrived",
        "No trace arrived",
    ] == strong


def test_failures_without_a_reason_are_still_told() -> None:
    """Failures that the load generator did not explain do not read as none."""
    facts = good_run()
    strong = _page(replace(facts, load=replace(facts.load, failures=3))).text["strong"]

    assert "3 failures" in strong


def test_a_hostile_text_is_only_text() -> None:
    """Markup and template code in the run's texts arrive as the characters they are."""
    facts = hostile_run()
    html = render(facts, judge(facts))

    assert "<script" not in html
    assert "<img" not in html
    assert "{{7*7}}" in html
    assert "\u202e" not in html


def test_a_cause_is_explained() -> None:
    """A cause of the vocabulary is told with its meaning."""
    assert "the address answers that nobody listens" in _page(bad_run()).text["span"]


def test_unread_metrics_are_not_told_as_good() -> None:
    """When the marketplace's metrics tell of no answer, no failed call is not claimed."""
    facts = replace(good_run(), causes={}, freshness={})

    assert "Not known" in _page(facts).text["strong"]


@pytest.mark.parametrize(
    ("objective", "measured", "budget"),
    [
        (Objective("o", 0.99, 0.995, met=True, unit="ratio"), "99.5 %", "50 %"),
        (Objective("o", 0.999, 0.9, met=False, unit="ratio"), "90 %", "over 10 times"),
        (Objective("o", 1.0, 0.9, met=False, unit="ratio"), "90 %", "none was allowed"),
        (Objective("o", 1.0, 1.0, met=True, unit="ratio"), "100 %", "0 %"),
        (Objective("o", 250.0, 100.0, met=True, unit="ms"), "100 ms", "40 %"),
        (Objective("o", 100.0, 120.0, met=True, unit="1/s"), "120 1/s", "0 %"),
    ],
)
def test_an_objective_tells_its_budget(objective: Objective, measured: str, budget: str) -> None:
    """The budget of a ratio is what the target leaves to fail; 1.0 leaves nothing."""
    row = words.objective(objective)

    assert (measured, budget) == (row.measured, row.budget)
