"""What a person sees of the local view, in a real Chromium, with a real mesh behind it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from meshdoctor.lab import load
from meshdoctor.lab.boards.reader import read_boards
from meshdoctor.lab.boards.server import BoardServer
from meshdoctor.lab.boards.site import Site
from meshdoctor.lab.up import sources_of
from meshdoctor.telemetry.catalogue import LOAD_USERS
from tests.browser.conftest import Visitor, running_mesh
from tests.support.lab import eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

BOARDS, _ = read_boards()
PANELS = {board.uid: [panel.title for panel in board.panels] for board in BOARDS}
OTHERS = {"": "Nothing fires", "alerts": "Alerts", "traces": "Traces", "runbook": "Runbook"}
# Each drawing that is displayed, with the size of what was drawn in it.
DRAWN = """
() => [...document.querySelectorAll('.tile > svg')]
  .filter(svg => svg.getClientRects().length)
  .map(svg => { const box = svg.getBBox(); return [box.width, box.height]; })
"""
WIDER = """
() => [...document.querySelectorAll('.tile')]
  .filter(tile => tile.scrollWidth > tile.clientWidth + 1)
  .map(tile => tile.querySelector('h4').textContent)
"""


@dataclass(frozen=True, slots=True)
class View:
    """A local view that has something to show, at `url`."""

    url: str


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    """A mesh with Prometheus, under load for a while."""
    out = tmp_path_factory.mktemp("boards")
    with running_mesh(out, monitored=True) as mesh:
        if mesh.prometheus is None and "CI" not in os.environ:
            pytest.skip(mesh.notes[0])  # a machine without the packages; CI has to have them
        prometheus = mesh.prometheus
        assert prometheus
        plan = load.LoadPlan(users=10, seconds=230, shape="steady")
        mesh.crew.start(load.program(plan, mesh.url, out / "load.json", mesh.load_address))
        with BoardServer(mesh.settings.host, 0, Site(sources_of(mesh))) as server:
            assert eventually(lambda: bool(prometheus.instant("ALERTS")), 60)
            assert eventually(lambda: mesh.spans.received > 30, 60)
            steady = f"min_over_time({LOAD_USERS.name}[10s]) == 10"
            assert eventually(lambda: bool(prometheus.instant(steady)), 60)
            yield View(server.url)


@pytest.mark.parametrize("uid", PANELS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_dashboard_is_whole(
    visitor: Visitor, view: View, uid: str, width: int, scheme: str
) -> None:
    """Every panel stands under its title, every chart is drawn, nothing is wider than its place."""
    visit = visitor(width=width, scheme=scheme)
    visit.go(f"{view.url}d/{uid}?refresh=off")

    visit.picture(f"{uid}-{width}-{scheme}")
    assert PANELS[uid] == visit.page.locator(".tile h4:visible").all_inner_texts()
    drawn = visit.page.evaluate(DRAWN)
    assert len(drawn) >= 4
    # A timeline of one row is the flattest.
    assert all(wide > 120 and high > 30 for wide, high in drawn)
    assert [] == visit.page.evaluate(WIDER)
    assert width == visit.page.evaluate("document.documentElement.scrollWidth")
    assert [] == visit.complaints


@pytest.mark.parametrize("path", OTHERS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_other_pages_fit_too(
    visitor: Visitor, view: View, path: str, width: int, scheme: str
) -> None:
    """Home, alerts, traces and runbook have their heading, and fit a wide and a narrow screen."""
    visit = visitor(width=width, scheme=scheme)
    visit.go(f"{view.url}{path}?refresh=off")

    if path != "runbook":  # fifty screens long
        visit.picture(f"view-{path or 'home'}-{width}-{scheme}")
    assert OTHERS[path] in visit.page.locator("h1").inner_text()
    assert width == visit.page.evaluate("document.documentElement.scrollWidth")
    assert [] == visit.complaints


def test_the_view_stays_at_home(visitor: Visitor, view: View) -> None:
    """A visit to every page fetches that page, and nothing else."""
    visit = visitor()
    asked = [f"{view.url}{path}" for path in (*OTHERS, *(f"d/{uid}" for uid in PANELS))]
    for address in asked:
        visit.go(f"{address}?refresh=off")

    fetched = [url for url in visit.fetched if not url.startswith("data:")]
    assert [f"{address}?refresh=off" for address in asked] == fetched


def test_a_diamond_opens_its_trace(visitor: Visitor, view: View) -> None:
    """A click on an exemplar leads to the waterfall of that request, and to its log lines."""
    visit = visitor()
    visit.go(f"{view.url}d/mesh-grpc?refresh=off")
    diamond = visit.page.locator("a[href^='/traces/']").last
    href = diamond.get_attribute("href")

    diamond.click()
    visit.page.wait_for_url("**/traces/*")

    visit.picture("view-trace")
    assert visit.page.url.endswith(str(href))
    assert visit.page.locator("figure .wide .name").first.is_visible()
    assert "marketplace" in visit.page.locator(".log").inner_text()
    assert [] == visit.complaints


def test_a_moment_can_be_read(visitor: Visitor, view: View) -> None:
    """Pointing at a curve shows the time and the values there, without a script."""
    visit = visitor()
    visit.go(f"{view.url}d/mesh-load?refresh=off")
    chart = visit.page.locator(".tile", has_text="Users").first.locator("svg.plot")
    tips = chart.locator(".tip:visible")
    assert 0 == tips.count()

    box = chart.bounding_box()
    assert box
    visit.page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)

    expect(tips).to_have_count(1)
    assert "users: 10" in (tips.text_content() or "")


def test_a_panel_explains_itself(visitor: Visitor, view: View) -> None:
    """Its title unfolds what it means, the runbook's section, and what it asks."""
    visit = visitor()
    visit.go(f"{view.url}d/mesh-grpc?refresh=off")
    about = visit.page.locator(".tile .about").first
    question = about.locator("pre")
    assert not question.is_visible()

    about.locator("summary").click()

    assert question.is_visible()
    assert about.locator("a[href^='/runbook#']").is_visible()


def test_the_runbook_opens_at_its_section(visitor: Visitor, view: View) -> None:
    """A link from an alert shows its section at the top of the screen."""
    visit = visitor()
    visit.go(f"{view.url}runbook#dnslookupslow")

    heading = visit.page.locator("#dnslookupslow")
    assert "DnsLookupSlow" == heading.inner_text()
    expect(heading).to_be_in_viewport()


def test_a_page_about_now_follows(visitor: Visitor, view: View) -> None:
    """It loads itself anew, and stays where one reads."""
    visit = visitor()
    visit.go(f"{view.url}d/mesh-grpc")
    visit.page.mouse.wheel(0, 500)
    address, loaded = visit.page.url, len(visit.fetched)

    visit.page.wait_for_event("load", timeout=60_000)

    assert [address] == visit.fetched[loaded:]
    visit.page.wait_for_function("scrollY > 300")
