"""What a visitor of the marketplace sees, live and degraded, in a real Chromium."""

import json
from pathlib import Path

import pytest

from meshdoctor.lab.loopback import Mesh
from recommendations.catalogue import SHIPPED
from tests.browser.conftest import Visit, Visitor, running_mesh

pytestmark = pytest.mark.browser

TITLES = ["Murder on the Orient Express", "The Hound of the Baskervilles", "The Maltese Falcon"]
FRESHNESS = "x-mesh-freshness"


def _titles(visit: Visit) -> list[str]:
    return visit.page.locator(".books .title").all_inner_texts()


def _open(visit: Visit, url: str) -> tuple[int, str]:
    """Open a page; its status and how fresh it says it is."""
    response = visit.go(url)
    assert response is not None
    return response.status, response.headers.get(FRESHNESS, "")


def test_the_page_shows_the_three_books(visitor: Visitor, mesh: Mesh) -> None:
    """The live page has the heading and exactly the three titles, and no banner."""
    visit = visitor()

    assert (200, "live") == _open(visit, mesh.url)

    visit.picture("page-live")
    assert ["Mystery books you may like"] == visit.page.locator("h1").all_inner_texts()
    assert TITLES == _titles(visit)
    assert 0 == visit.page.locator(".banner").count()
    assert [] == visit.complaints


def test_the_page_stays_with_us(visitor: Visitor, mesh: Mesh) -> None:
    """Everything the page fetches comes from the marketplace itself."""
    visit = visitor()
    visit.go(mesh.url)

    assert [] == [url for url in visit.fetched if not url.startswith(f"{mesh.url}/")]


def test_a_category_is_chosen_by_clicking(visitor: Visitor, mesh: Mesh) -> None:
    """Choosing another category and pressing the button shows other books of that category."""
    visit = visitor()
    visit.go(mesh.url)

    visit.page.get_by_label("Category").select_option("science-fiction")
    visit.page.get_by_role("button", name="Show books").click()
    visit.page.wait_for_url("**/?category=science-fiction*")

    visit.picture("page-category")
    [heading] = visit.page.locator("h1").all_inner_texts()
    assert "science fiction books you may like" == heading.lower().replace("-", " ")
    assert "science-fiction" == visit.page.get_by_label("Category").input_value()
    assert 3 == len(set(_titles(visit)) - set(TITLES))
    assert [] == visit.complaints


def test_a_reader_keeps_their_books(visitor: Visitor, mesh: Mesh) -> None:
    """A reader who types a name gets three books, the same ones on the next visit."""
    first, second = visitor(), visitor()
    for visit in (first, second):
        visit.go(mesh.url)
        visit.page.get_by_label("Reader").fill("miss.marple")
        visit.page.get_by_role("button", name="Show books").click()
        visit.page.wait_for_url("**user=miss.marple*")

    assert 3 == len(set(_titles(first)))
    assert _titles(first) == _titles(second)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_telephone(visitor: Visitor, mesh: Mesh, scheme: str) -> None:
    """At 400 px nothing is wider than the screen, in both colour schemes."""
    visit = visitor(width=400, scheme=scheme)
    visit.go(mesh.url)

    visit.picture(f"page-narrow-{scheme}")
    assert 400 == visit.page.evaluate("document.documentElement.scrollWidth")
    assert [] == visit.complaints


def test_without_backends_the_page_still_serves(visitor: Visitor, fragile_mesh: Mesh) -> None:
    """With every backend killed the page is still 200, says so, and shows the last good books."""
    visit = visitor()
    assert (200, "live") == _open(visit, fragile_mesh.url)

    for backend in fragile_mesh.recommendations:
        backend.kill()

    assert (200, "stale") == _open(visit, fragile_mesh.url)
    visit.picture("page-degraded")
    banner = visit.page.get_by_role("status")
    assert banner.is_visible()
    assert banner.inner_text().startswith("We cannot reach our recommendations right now")
    assert TITLES == _titles(visit)
    assert [] == visit.complaints


def test_a_visitor_learns_nothing_internal(visitor: Visitor, fragile_mesh: Mesh) -> None:
    """A page that was never live shows built-in books, and no address, status or resolver text."""
    for backend in fragile_mesh.recommendations:
        backend.kill()
    visit = visitor()

    assert (200, "builtin") == _open(visit, f"{fragile_mesh.url}/?category=self-help")

    content = visit.page.content().lower()
    assert 3 == len(_titles(visit))
    words = ("127.0.0", "50051", "grpc", "unavailable", "dns", "deadline", "traceback")
    assert [] == [word for word in words if word in content]


@pytest.mark.parametrize("parameter", ["user", "category"])
def test_markup_in_a_wish_is_refused_as_text(visitor: Visitor, mesh: Mesh, parameter: str) -> None:
    """A script sent as user or category gets a 4xx page in which nothing runs."""
    visit = visitor()

    status, _ = _open(visit, f"{mesh.url}/?{parameter}=<script>alert(1)</script>")

    visit.picture(f"page-refused-{parameter}")
    assert 400 == status
    assert 0 == visit.page.locator("script").count()
    # Chromium itself notes the status on its console; nothing else may be there.
    assert [] == [said for said in visit.complaints if "status of 400" not in said]


def test_markup_in_a_title_is_only_text(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A book whose title is a script is shown as that text: no element of it comes to be."""
    title, catalogue = "<script>alert(1)</script><b>Bold</b>", tmp_path / "catalogue.json"
    books = json.loads(SHIPPED.read_text(encoding="utf-8"))
    books["mystery"][0]["title"] = title
    catalogue.write_text(json.dumps(books), encoding="utf-8")
    monkeypatch.setenv("RECOMMENDATIONS_CATALOGUE", str(catalogue))
    visit = visitor()

    with running_mesh(tmp_path / "mesh") as mesh:
        assert (200, "live") == _open(visit, mesh.url)

    visit.picture("page-hostile-title")
    assert [title, *TITLES[1:]] == _titles(visit)
    assert 0 == visit.page.locator("main script, main b").count()
    assert [] == visit.complaints
