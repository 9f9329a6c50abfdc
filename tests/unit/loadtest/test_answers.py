"""The promises of the marketplace, checked answer by answer."""

import json
from dataclasses import replace

import pytest

from _answers import (
    Answer,
    front_page_fault,
    header,
    page_fault,
    recommendations_fault,
    refusal_fault,
)

PAGE = Answer(
    200,
    "text/html; charset=utf-8",
    "live",
    b"<h1>Mystery books you may like</h1> Murder on the Orient Express,"
    b" The Hound of the Baskervilles, The Maltese Falcon",
)
BOOK = {"id": "maltese-falcon", "title": "The Maltese Falcon", "author": "Dashiell Hammett"}
DOCUMENT = {"category": "mystery", "user_id": "ann", "freshness": "live", "books": [BOOK]}
REFUSAL = {"type": "about:blank", "title": "Bad request", "status": 400, "detail": "no"}


def api(**changes: object) -> Answer:
    """Give a good JSON answer with these changes."""
    return Answer(200, "application/json", "live", json.dumps(DOCUMENT | changes).encode())


def refusal(**changes: object) -> Answer:
    """Give a good problem document with these changes."""
    body = json.dumps(REFUSAL | changes).encode()
    return Answer(400, "application/problem+json", "", body)


def test_good_answers_have_no_fault() -> None:
    """The answers that the contract promises pass, the degraded ones among them."""
    assert front_page_fault(PAGE) is None
    assert page_fault(replace(PAGE, freshness="builtin"), "mystery") is None
    assert recommendations_fault(api(), "mystery", 1) is None
    assert refusal_fault(refusal()) is None


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (replace(PAGE, status=500), "status 500, not 200"),
        (replace(PAGE, content_type="text/plain"), "the answer is not text/html"),
        (replace(PAGE, freshness=""), "the answer lacks its X-Mesh-Freshness header"),
        (replace(PAGE, freshness="new"), "the answer lacks its X-Mesh-Freshness header"),
        (replace(PAGE, body=b"<h1>Books</h1>"), "the page of mystery lacks its heading"),
        (
            replace(PAGE, body=b"<h1>Mystery books you may like</h1>"),
            "the front page lacks one of its three titles",
        ),
    ],
)
def test_a_page_without_its_meaning_is_a_fault(answer: Answer, fault: str) -> None:
    """A status of 200 alone proves nothing: the page must say what it is for."""
    assert fault == front_page_fault(answer)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (replace(api(), body=b"<html>"), "no books, or more"),
        (replace(api(), body=b"[]"), "no books, or more"),
        (api(books=[]), "no books, or more"),
        (api(books=[BOOK, BOOK]), "no books, or more"),
        (api(books=[BOOK | {"author": ""}]), "lacks its id, title or author"),
        (api(books=["book"]), "lacks its id, title or author"),
        (api(category="self-help"), "is for another category"),
        (api(freshness="stale"), "contradicts its freshness header"),
    ],
)
def test_a_json_answer_without_its_books_is_a_fault(answer: Answer, fault: str) -> None:
    """The API must give at most as many whole books as asked for, of the category asked for."""
    assert fault in (recommendations_fault(answer, "mystery", 1) or "")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (PAGE, "a bad request got status 200, not 400"),
        (replace(refusal(), status=500), "a bad request got status 500, not 400"),
        (replace(refusal(), content_type="text/html"), "a refusal is not application/problem+json"),
        (refusal(status=404), "a problem document lacks its title, or contradicts the status"),
        (refusal(title=""), "a problem document lacks its title, or contradicts the status"),
    ],
)
def test_a_bad_request_must_be_refused_as_documented(answer: Answer, fault: str) -> None:
    """To accept nonsense is as wrong as to fall over it, and the refusal says why (RFC 9457)."""
    assert fault == refusal_fault(answer)


@pytest.mark.parametrize(
    ("headers", "value"), [(None, ""), ({}, ""), ({"Age": "1"}, "1"), ({"Age": ["1", "2"]}, "")]
)
def test_a_header_is_read_when_it_is_there_once(
    headers: dict[str, object] | None, value: str
) -> None:
    """Absent and repeated headers read as empty."""
    assert value == header(headers, "Age")
