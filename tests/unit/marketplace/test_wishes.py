"""What a visitor may ask for."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.books import BUILTIN, MAX_RESULTS, Category, Wish, WishError, read_wish

ALLOWED = string.ascii_letters + string.digits + "_.-"


@pytest.mark.parametrize("category", list(Category))
def test_a_good_wish_is_read(category: Category) -> None:
    """Each category by its word, the longest user id, the most books."""
    user = "a" * 64

    assert Wish(category, user, MAX_RESULTS) == read_wish(category.value, user, "50")


@pytest.mark.parametrize(
    "category",
    ["", "Mystery", "mystery ", "MYSTERY", "romance", "science_fiction", "1", "mystery\0"],
)
def test_an_unknown_category_is_refused(category: str) -> None:
    """The words are told, so that the visitor can choose; what came is not repeated."""
    expected = "category must be one of mystery, science-fiction, self-help."

    with pytest.raises(WishError) as caught:
        read_wish(category, "guest", "3")

    assert expected == str(caught.value)


@pytest.mark.parametrize(
    "user_id",
    [
        "",
        "a" * 65,
        "a b",
        "a\r\nb",
        "ada\n",
        "a\0",
        "ä",
        "\u0430",  # looks like an a, and is Cyrillic
        "٣",
        "../etc",
        "a/b",
        "<b>",
        "a\u202eb",
    ],
)
def test_a_bad_user_id_is_refused(user_id: str) -> None:
    """Nothing but ASCII letters, digits, and three signs, from 1 to 64 of them."""
    with pytest.raises(WishError) as caught:
        read_wish("mystery", user_id, "3")

    assert "user id must be 1 to 64 letters, digits, '_', '.' or '-'." == str(caught.value)


@pytest.mark.parametrize(
    "max_results",
    ["", "0", "51", "-1", "+1", "1e9", "abc", "٣", "²", "3.0", " 3", "1_0", "0x3", "9" * 5000],
)
def test_a_bad_number_is_refused(max_results: str) -> None:
    """Plain ASCII digits from 1 to 50; a number of 5000 digits is refused without reading it."""
    with pytest.raises(WishError) as caught:
        read_wish("mystery", "guest", max_results)

    assert "max_results must be a whole number from 1 to 50." == str(caught.value)


@given(
    category=st.one_of(st.text(max_size=20), st.sampled_from(Category)),
    user_id=st.one_of(st.text(max_size=70), st.text(ALLOWED, max_size=66)),
    max_results=st.one_of(st.text(max_size=6), st.integers(-5, 60).map(str)),
)
def test_any_wish_is_read_or_refused(category: str, user_id: str, max_results: str) -> None:
    """No other exception exists, and what is read is within the contract's limits."""
    try:
        wish = read_wish(category, user_id, max_results)
    except WishError:
        return

    assert wish.category in Category
    assert 1 <= wish.max_results <= MAX_RESULTS
    assert 1 <= len(wish.user_id) <= 64
    assert set(ALLOWED) >= set(wish.user_id)


def test_the_shop_has_books_of_its_own_for_every_category() -> None:
    """Three different ones each: the page has its three books without any service."""
    counts = {category: len({book.id for book in BUILTIN[category]}) for category in Category}

    assert dict.fromkeys(Category, 3) == counts


def test_headings_are_the_categories_in_words() -> None:
    """What stands on the page is built from what stands in the address."""
    expected = ["Mystery", "Science fiction", "Self-help"]

    assert expected == [category.heading for category in Category]
