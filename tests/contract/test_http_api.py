"""The HTTP surface is what docs/http-api.md says: each of its requests, sent and compared."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from marketplace.books import MAX_RESULTS, Category
from marketplace.guard import MAX_BODY_BYTES
from tests.support import mesh_books
from tests.support.mesh_shop import Shop

PAPER = Path(__file__).parents[2] / "docs" / "http-api.md"
ROW = re.compile(r"\| `(GET|POST) (/\S*)`( with [^|]*)? \| (\d{3}) \|")
JSON = {"/api/v1/recommendations"}
ERRORS = {"400", "404", "405", "413", "414"}


def promised() -> list[tuple[str, str, str, int]]:
    """Read the paper's requests: method, path, what is special, and the status."""
    rows = ROW.findall(PAPER.read_text(encoding="utf-8"))
    return [(method, path, special.strip(), int(status)) for method, path, special, status in rows]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """Give a shop over the real service."""
    with Shop(mesh_books.real()) as opened:
        yield opened


def send(shop: Shop, method: str, path: str, special: str) -> TestResponse:
    """Send one of the paper's requests."""
    body = b"x" * (MAX_BODY_BYTES + 1) if "body" in special else b""
    query = f"?{'a' * 4097}" if "query" in special else ""
    response = shop.send(method, f"{path}{query}", body)
    response.get_data()
    response.close()  # a static file's answer holds it open
    return response


def test_the_paper_has_what_is_tested_here() -> None:
    """The pattern finds its tables: an empty list would pass every test below."""
    statuses = {str(status) for _method, _path, _special, status in promised()}

    assert {"200"} | ERRORS == statuses
    assert 14 <= len(promised())


@pytest.mark.parametrize(("method", "path", "special", "status"), promised())
def test_each_request_gets_the_promised_answer(
    shop: Shop, method: str, path: str, special: str, status: int
) -> None:
    """Status and kind of content are those of the paper."""
    response = send(shop, method, path, special)

    assert status == response.status_code
    if status >= 400:
        assert "application/problem+json" == response.mimetype
    elif path.partition("?")[0] in JSON:
        assert "application/json" == response.mimetype


@pytest.mark.parametrize(
    "row", [row for row in promised() if row[3] >= 400], ids=lambda row: f"{row[0]} {row[1]}"
)
def test_an_error_is_a_problem_document(shop: Shop, row: tuple[str, str, str, int]) -> None:
    """`type`, `title`, `status`, `detail` (RFC 9457), the status the same as on the outside."""
    problem = json.loads(send(shop, *row[:3]).text)

    assert ["type", "title", "status", "detail"] == list(problem)
    assert ("about:blank", row[3]) == (problem["type"], problem["status"])
    assert problem["title"]
    assert problem["detail"].endswith(".")


@pytest.mark.parametrize("path", ["/?category=romance", "/nowhere"])
def test_a_browser_gets_a_page_for_an_error(shop: Shop, path: str) -> None:
    """Who accepts HTML is not shown JSON, and finds the way back."""
    response = shop.get(path, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")

    assert "text/html" == response.mimetype
    assert '<a href="/">' in response.text


def test_a_wrong_method_is_told_the_right_ones(shop: Shop) -> None:
    """405 names what is allowed (RFC 9110, section 15.5.6)."""
    assert {"GET", "HEAD", "OPTIONS"} == set(shop.send("DELETE", "/").allow)


def test_head_is_get_without_a_body(shop: Shop) -> None:
    """Same status, same headers, nothing else."""
    head, get = shop.send("HEAD", "/"), shop.send("GET", "/")

    assert (200, "") == (head.status_code, head.text)
    assert dict(get.headers) == dict(head.headers)


def test_a_body_up_to_the_limit_is_no_matter_of_size(shop: Shop) -> None:
    """64 KiB are read by nobody and refused for another reason: the method."""
    assert 405 == shop.send("POST", "/", b"x" * MAX_BODY_BYTES).status_code


def test_the_papers_limits_are_the_codes_limits() -> None:
    """Categories and the most books stand in the paper as in the code."""
    paper = PAPER.read_text(encoding="utf-8")

    assert ", ".join(f"`{category.value}`" for category in Category) in paper
    assert f"| 1 to {MAX_RESULTS} |" in paper
