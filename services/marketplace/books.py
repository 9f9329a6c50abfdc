"""The words of the shop: books, categories, and what may be asked for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

MAX_RESULTS: Final = 50
GUEST: Final = "guest"

_USER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Category(StrEnum):
    """Categories as they stand in addresses."""

    MYSTERY = "mystery"
    SCIENCE_FICTION = "science-fiction"
    SELF_HELP = "self-help"

    @property
    def heading(self) -> str:
        """The category as a heading says it."""
        return _HEADINGS[self]


_HEADINGS: Final = {
    Category.MYSTERY: "Mystery",
    Category.SCIENCE_FICTION: "Science fiction",
    Category.SELF_HELP: "Self-help",
}


class Book(NamedTuple):
    """One book."""

    id: str
    title: str
    author: str


class Freshness(StrEnum):
    """How fresh a list is: from the service now, from it before, or the shop's own."""

    LIVE = "live"
    STALE = "stale"
    BUILTIN = "builtin"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visitor asks for, checked.

    Attributes:
        category: one of the three.
        user_id: 1 to 64 of `A-Z a-z 0-9 _ . -`.
        max_results: 1 to `MAX_RESULTS`.
    """

    category: Category
    user_id: str
    max_results: int


class WishError(ValueError):
    """A visitor asked for something that does not exist; the text is meant for the visitor."""


def read_wish(category: str, user_id: str, max_results: str) -> Wish:
    """Check what came in.

    Raises:
        WishError: says which part, and what was expected. What came is not repeated.
    """
    if category not in tuple(Category):
        raise WishError(f"category must be one of {', '.join(Category)}.")
    if _USER.fullmatch(user_id) is None:
        raise WishError("user id must be 1 to 64 letters, digits, '_', '.' or '-'.")
    # The length check comes first: int() of a million digits takes its time.
    if not (max_results.isascii() and max_results.isdecimal() and len(max_results) <= 2):  # noqa: PLR2004 - two digits
        raise WishError(f"max_results must be a whole number from 1 to {MAX_RESULTS}.")
    if not 1 <= int(max_results) <= MAX_RESULTS:
        raise WishError(f"max_results must be a whole number from 1 to {MAX_RESULTS}.")
    return Wish(Category(category), user_id, int(max_results))


BUILTIN: Final = {
    Category.MYSTERY: (
        Book("murder-on-the-orient-express", "Murder on the Orient Express", "Agatha Christie"),
        Book(
            "the-hound-of-the-baskervilles", "The Hound of the Baskervilles", "Arthur Conan Doyle"
        ),
        Book("the-maltese-falcon", "The Maltese Falcon", "Dashiell Hammett"),
    ),
    Category.SCIENCE_FICTION: (
        Book("dune", "Dune", "Frank Herbert"),
        Book("neuromancer", "Neuromancer", "William Gibson"),
        Book("the-left-hand-of-darkness", "The Left Hand of Darkness", "Ursula K. Le Guin"),
    ),
    Category.SELF_HELP: (
        Book(
            "how-to-win-friends-and-influence-people",
            "How to Win Friends and Influence People",
            "Dale Carnegie",
        ),
        Book("mans-search-for-meaning", "Man's Search for Meaning", "Viktor E. Frankl"),
        Book("atomic-habits", "Atomic Habits", "James Clear"),
    ),
}
"""What the shop shows when it has never reached the recommendations."""
