"""Ranking: stable for a visitor, never the same book twice, the same in every process."""

import os
import subprocess
import sys
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from recommendations.ranking import GUEST, recommend

SHELF = tuple("abcdefghijklmnop")

users = st.text(max_size=80)
shelves = st.lists(st.integers(), unique=True, max_size=80)
counts = st.integers(min_value=0, max_value=60)


def test_a_guest_sees_the_order_of_the_catalogue() -> None:
    """Of a guest nothing is known, so the catalogue's own order stands."""
    assert recommend(SHELF, "mystery", GUEST, 3) == ["a", "b", "c"]


@given(shelf=shelves, user=users, count=counts)
def test_no_book_comes_twice(shelf: list[int], user: str, count: int) -> None:
    """Any visitor gets min(count, size) different books, all from the shelf."""
    books = recommend(shelf, "mystery", user, count)

    assert min(count, len(shelf)) == len(set(books)) == len(books)
    assert set(books) <= set(shelf)


@given(user=users, fewer=counts, more=counts)
def test_asking_for_more_only_adds(user: str, fewer: int, more: int) -> None:
    """A shorter list is the beginning of the longer one, so a visitor's order is one order."""
    fewer, more = sorted((fewer, more))

    longer = recommend(SHELF, "mystery", user, more)

    assert longer[:fewer] == recommend(SHELF, "mystery", user, fewer)


def test_visitors_differ() -> None:
    """Personal orders are spread evenly: each book is first for about 1 in 16 of the visitors."""
    first = Counter(recommend(SHELF, "mystery", f"user-{i}", 1)[0] for i in range(16_000))

    assert set(SHELF) == set(first)
    assert min(first.values()) > 850
    assert max(first.values()) < 1_150


def test_shelves_differ() -> None:
    """A visitor's order on one shelf says nothing about that on another."""
    assert recommend(SHELF, "mystery", "ada", 16) != recommend(SHELF, "self-help", "ada", 16)


def test_the_order_is_pinned() -> None:
    """The order is part of what visitors rely on: a new version of the code must not change it."""
    assert "".join(recommend(SHELF, "mystery", "ada", 16)) == "kpnbhlgidofamejc"


def test_hash_seeds_do_not_matter() -> None:
    """Two replicas with different hash seeds recommend the same books."""
    program = (
        "from recommendations.ranking import recommend\n"
        "print([recommend(range(16), 'mystery', f'user-{i}', 16) for i in range(20)])"
    )

    def run(seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout

    assert run("1") == run("2")
