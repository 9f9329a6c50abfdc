"""What a request must look like, and the sentence for one that does not.

gRPC has one status for it, INVALID_ARGUMENT ("the client specified an invalid argument",
grpc/grpc doc/statuscodes.md), so the message has to say the rest: which field, what was
expected, and what came. All faults of a request are named at once.
"""

import re
from collections.abc import Iterator

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from recommendations.catalogue import Category

MAX_RESULTS = 50
"""Most books of one answer."""

MAX_USER_ID = 64
"""Longest user id, in characters."""

CATEGORIES = {
    pb.BOOK_CATEGORY_MYSTERY: Category.MYSTERY,
    pb.BOOK_CATEGORY_SCIENCE_FICTION: Category.SCIENCE_FICTION,
    pb.BOOK_CATEGORY_SELF_HELP: Category.SELF_HELP,
}
"""The categories of the contract, and the words for them."""

_SHOWN = 40  # characters of a bad user id which a message repeats

_user_id_is_good = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_USER_ID}}}").fullmatch


def refusal(request: pb.GetRecommendationsRequest) -> str:
    """Say why a request cannot be answered.

    Returns:
        One sentence for each fault; empty for a good request.
    """
    if (
        request.category in CATEGORIES
        and 1 <= request.max_results <= MAX_RESULTS
        and _user_id_is_good(request.user_id)
    ):
        return ""
    return "; ".join(_faults(request))


def _faults(request: pb.GetRecommendationsRequest) -> Iterator[str]:
    if not _user_id_is_good(request.user_id):
        yield (
            f"user_id: expected 1 to {MAX_USER_ID} of the characters A-Z a-z 0-9 _ . -,"
            f" got {_shown(request.user_id)}"
        )
    if request.category not in CATEGORIES:
        names = ", ".join(pb.BookCategory.Name(number) for number in CATEGORIES)
        yield f"category: expected one of {names}, got {_category_name(request.category)}"
    if not 1 <= request.max_results <= MAX_RESULTS:
        yield f"max_results: expected 1 to {MAX_RESULTS}, got {request.max_results}"


def _shown(text: str) -> str:
    """Show what came: ASCII and escaped, because it ends in logs, and bounded."""
    if len(text) <= _SHOWN:
        return ascii(text)
    return f"{text[:_SHOWN]!a}... ({len(text)} characters)"


def _category_name(number: "pb.BookCategory.ValueType") -> str:
    """Name a category; proto3 enums are open, so any number can come."""
    known = pb.BookCategory.values()
    return pb.BookCategory.Name(number) if number in known else str(number)
