"""What a person sees of a run's report, in a real Chromium."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from meshdoctor.lab.boards import snapshot
from meshdoctor.lab.model import RunFacts
from meshdoctor.lab.report import judge, render
from tests.browser.conftest import Visit, Visitor
from tests.unit.boards.places import CALLS
from tests.unit.boards.samples import SEEN
from tests.unit.boards.stand_in import Answers, stand_in
from tests.unit.report.samples import bad_run, good_run, hostile_run

pytestmark = pytest.mark.browser

RUNS = {"good": good_run, "bad": bad_run, "hostile": hostile_run}
SECTIONS = ["Objectives", "Over time", "Every request", "Errors", "Traces", "The run"]
# Each drawing that is displayed, with the size of what was drawn in it.
DRAWN = """
() => [...document.querySelectorAll('.picture svg')]
  .filter(svg => svg.getClientRects().length)
  .map(svg => { const box = svg.getBBox(); return [box.width, box.height]; })
"""


def _open(visit: Visit, folder: Path, facts: RunFacts) -> str:
    """Write the report of `facts` as the demo does and open it; the address."""
    path = folder / "report.html"
    path.write_text(render(facts, judge(facts)), encoding="utf-8")
    visit.go(path.as_uri())
    return path.as_uri()


@pytest.mark.parametrize(("run", "verdict"), [("good", "Pass"), ("bad", "Fail")])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_report_is_whole(
    visitor: Visitor, tmp_path: Path, run: str, verdict: str, scheme: str, width: int
) -> None:
    """Verdict first, every section shown, every chart drawn, nothing wider than the screen."""
    visit = visitor(width=width, scheme=scheme)
    _open(visit, tmp_path, RUNS[run]())

    visit.picture(f"report-{run}-{width}-{scheme}")
    heading = visit.page.get_by_role("heading", level=1)
    assert verdict == heading.inner_text()
    assert heading.is_visible()
    assert SECTIONS == visit.page.locator("h2:visible").all_inner_texts()
    drawn = visit.page.evaluate(DRAWN)
    assert {"good": 5, "bad": 6}[run] == len(drawn)
    assert all(wide > 250 and high > 60 for wide, high in drawn)
    assert width == visit.page.evaluate("document.documentElement.scrollWidth")
    assert [] == visit.complaints


def test_the_report_fetches_nothing(visitor: Visitor, tmp_path: Path) -> None:
    """The file itself is all that the browser reads (its icon is inside it)."""
    visit = visitor()
    address = _open(visit, tmp_path, good_run())

    assert [address] == [url for url in visit.fetched if not url.startswith("data:")]
    assert [] == visit.complaints


def test_the_style_applies(visitor: Visitor, tmp_path: Path) -> None:
    """The policy lets the style sheet in: light and dark have their own paper."""
    papers = []
    for scheme in ("light", "dark"):
        visit = visitor(scheme=scheme)
        _open(visit, tmp_path, good_run())
        papers.append(visit.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert ["rgb(247, 246, 243)", "rgb(18, 21, 25)"] == papers


def test_charts_can_be_read_moment_by_moment(visitor: Visitor, tmp_path: Path) -> None:
    """Pointing at the latency chart shows that second's figures, without a script."""
    visit = visitor()
    _open(visit, tmp_path, bad_run())
    chart = visit.page.locator("figure", has_text="Half of the requests").locator(".wide svg")
    readings = chart.locator(".reading:visible")
    assert 0 == readings.count()

    chart.hover()

    [reading] = readings.all_text_contents()
    assert reading.startswith("at 32 s · p50 ")


def test_a_trace_opens_its_spans(visitor: Visitor, tmp_path: Path) -> None:
    """The failed trace names the failed calls, and its spans unfold on a click."""
    visit = visitor()
    _open(visit, tmp_path, bad_run())
    panel = visit.page.locator("figure", has=visit.page.get_by_text("A failed trace"))
    assert 2 == panel.locator(".wide .name.bad").count()
    spans = panel.locator("details table")
    assert not spans.is_visible()

    panel.locator("summary").click()

    assert spans.is_visible()
    assert 2 == spans.get_by_text("failed: UNAVAILABLE").count()


def test_a_hostile_run_stays_text(visitor: Visitor, tmp_path: Path) -> None:
    """Markup in span names, causes and notes neither runs nor becomes an element."""
    visit = visitor()
    address = _open(visit, tmp_path, hostile_run())

    visit.picture("report-hostile")
    assert 0 == visit.page.locator("script, img").count()
    assert [address] == [url for url in visit.fetched if not url.startswith("data:")]
    assert [] == visit.complaints


def test_the_witness_hears_a_violation(visitor: Visitor, tmp_path: Path) -> None:
    """A report with a script smuggled in is complained about: silence elsewhere means something."""
    visit = visitor()
    html = render(good_run(), judge(good_run()))
    path = tmp_path / "report.html"
    path.write_text(html.replace("</main>", "<script>alert(1)</script></main>"), encoding="utf-8")

    visit.go(path.as_uri())

    [complaint] = visit.complaints
    assert "Content Security Policy" in complaint


def _watched(folder: Path, visit: Visit) -> None:
    """Open the report of a run whose dashboard has an exemplar of an ordinary trace."""
    facts = good_run()
    trace = facts.traces[5]
    with stand_in(Answers({"up": [({}, "0.25")]}, exemplars=[(trace.trace_id, 0.2)])) as prometheus:
        seen = snapshot.take(prometheus, [CALLS], (), SEEN.start, SEEN.end)
    path = folder / "report.html"
    watched = snapshot.draw(seen, facts.traces)
    path.write_text(render(facts, judge(facts), watched), encoding="utf-8")
    visit.go(path.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_dashboards_are_in_the_report(
    visitor: Visitor, tmp_path: Path, scheme: str, width: int
) -> None:
    """Alerts and dashboards have their sections, a chart is drawn, and nothing is too wide."""
    visit = visitor(width=width, scheme=scheme)
    _watched(tmp_path, visit)

    visit.picture(f"report-watched-{width}-{scheme}")
    headings = visit.page.locator("h2:visible").all_inner_texts()
    assert [*SECTIONS[:4], "Alerts", "Traces", "Dashboards", "The run"] == headings
    assert visit.page.locator(".tile svg.plot").is_visible()
    assert width == visit.page.evaluate("document.documentElement.scrollWidth")
    assert [] == visit.complaints


def test_a_diamond_of_the_report_shows_its_trace(visitor: Visitor, tmp_path: Path) -> None:
    """A click on it unfolds the waterfall of that request, which was folded before."""
    visit = visitor()
    _watched(tmp_path, visit)
    diamond = visit.page.locator("a[href^='#trace-']")
    panel = visit.page.locator(str(diamond.get_attribute("href")))
    assert not panel.is_visible()

    diamond.click()

    expect(panel).to_be_in_viewport()
    assert panel.locator(".wide svg").is_visible()
    assert [] == visit.complaints
