"""What the marketplace promises to answer, checked: pure functions of one HTTP answer.

Each returns why the answer breaks the contract, or None. The texts hold nothing that differs from
request to request, because Locust and the report count equal texts.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FRESHNESS_HEADER = "X-Mesh-Freshness"
FRESHNESS = ("live", "stale", "builtin")
PROBLEM_TYPE = "application/problem+json"
CATEGORIES = ("mystery", "science-fiction", "self-help")
HEADINGS = {
    "mystery": re.compile(rb"<h1>Mystery books you may like</h1>"),
    "science-fiction": re.compile(rb"<h1>Science[ -]fiction books you may like</h1>"),
    "self-help": re.compile(rb"<h1>Self[ -]help books you may like</h1>"),
}
STORY_TITLES = (
    b"Murder on the Orient Express",
    b"The Hound of the Baskervilles",
    b"The Maltese Falcon",
)
OK, BAD_REQUEST = 200, 400


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of an HTTP answer that the contract speaks of; absent headers are empty."""

    status: int
    content_type: str
    freshness: str
    body: bytes


def header(headers: Mapping[str, Any] | None, name: str) -> str:
    """Read a header that is sent once.

    Args:
        headers: Those of an answer; None when there was none.
        name: Of the header.

    Returns:
        Its value; empty when it is absent or sent twice.
    """
    value = headers.get(name) if headers else None
    return value if isinstance(value, str) else ""


def front_page_fault(answer: Answer) -> str | None:
    """Check the page that nobody asked anything special of: it shows the three known titles."""
    if fault := page_fault(answer, "mystery"):
        return fault
    if not all(title in answer.body for title in STORY_TITLES):
        return "the front page lacks one of its three titles"
    return None


def page_fault(answer: Answer, category: str) -> str | None:
    """Check a page of recommendations in one category."""
    if fault := _envelope_fault(answer, "text/html"):
        return fault
    if not HEADINGS[category].search(answer.body):
        return f"the page of {category} lacks its heading"
    return None


def recommendations_fault(answer: Answer, category: str, max_results: int) -> str | None:
    """Check a JSON answer of the API to a request for at most `max_results` books."""
    if fault := _envelope_fault(answer, "application/json"):
        return fault
    document = _json_object(answer.body)
    books = document.get("books")
    if not isinstance(books, list) or not 1 <= len(books) <= max_results:
        return "the JSON answer has no books, or more than were asked for"
    if not all(_is_book(book) for book in books):
        return "a book of the JSON answer lacks its id, title or author"
    if document.get("category") != category or document.get("freshness") != answer.freshness:
        return "the JSON answer is for another category, or contradicts its freshness header"
    return None


def refusal_fault(answer: Answer) -> str | None:
    """Check that a bad request was refused as a problem document (RFC 9457)."""
    if answer.status != BAD_REQUEST:
        return f"a bad request got status {answer.status}, not {BAD_REQUEST}"
    if not answer.content_type.startswith(PROBLEM_TYPE):
        return f"a refusal is not {PROBLEM_TYPE}"
    problem = _json_object(answer.body)
    if problem.get("status") != answer.status or not problem.get("title"):
        return "a problem document lacks its title, or contradicts the status"
    return None


def _envelope_fault(answer: Answer, content_type: str) -> str | None:
    if answer.status != OK:
        return f"status {answer.status}, not {OK}"
    if not answer.content_type.startswith(content_type):
        return f"the answer is not {content_type}"
    if answer.freshness not in FRESHNESS:
        return f"the answer lacks its {FRESHNESS_HEADER} header"
    return None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _is_book(book: object) -> bool:
    return isinstance(book, dict) and all(book.get(key) for key in ("id", "title", "author"))
