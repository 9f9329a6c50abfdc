"""Validation: which requests are refused, and in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from recommendations.validation import CATEGORIES, MAX_RESULTS, refusal

EXPECTED_USER = "user_id: expected 1 to 64 of the characters A-Z a-z 0-9 _ . -, got "
EXPECTED_CATEGORY = (
    "category: expected one of BOOK_CATEGORY_MYSTERY, BOOK_CATEGORY_SCIENCE_FICTION,"
    " BOOK_CATEGORY_SELF_HELP, got "
)


def request(
    user_id: str = "ada", category: int = pb.BOOK_CATEGORY_MYSTERY, max_results: int = 3
) -> pb.GetRecommendationsRequest:
    """Make a request that is good but for what a test spoils."""
    return pb.GetRecommendationsRequest(
        user_id=user_id,
        category=category,  # type: ignore[arg-type]
        max_results=max_results,
    )


def test_every_category_of_the_contract_is_served() -> None:
    """A category added to the contract must get a word and a shelf here."""
    assert set(pb.BookCategory.values()) - {pb.BOOK_CATEGORY_UNSPECIFIED} == set(CATEGORIES)


@pytest.mark.parametrize(
    "good",
    [
        request(),
        request(user_id="a"),
        request(user_id="A-z_0.9" + "x" * 57),
        request(max_results=1),
        request(max_results=MAX_RESULTS),
        *(request(category=number) for number in CATEGORIES),
    ],
)
def test_a_good_request_passes(good: pb.GetRecommendationsRequest) -> None:
    """Everything within the bounds is good, the bounds themselves included."""
    assert refusal(good) == ""


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (request(user_id=""), f"{EXPECTED_USER}''"),
        (request(user_id="ada\n"), f"{EXPECTED_USER}'ada\\n'"),
        (request(user_id="a\r\nb: c"), f"{EXPECTED_USER}'a\\r\\nb: c'"),
        (request(user_id="ad\u00e4"), f"{EXPECTED_USER}'ad\\xe4'"),
        (request(user_id="<script>"), f"{EXPECTED_USER}'<script>'"),
        (request(user_id="x" * 65), f"{EXPECTED_USER}'{'x' * 40}'... (65 characters)"),
        (request(category=0), f"{EXPECTED_CATEGORY}BOOK_CATEGORY_UNSPECIFIED"),
        (request(category=4), f"{EXPECTED_CATEGORY}4"),
        (request(category=-1), f"{EXPECTED_CATEGORY}-1"),
        (request(max_results=0), "max_results: expected 1 to 50, got 0"),
        (request(max_results=51), "max_results: expected 1 to 50, got 51"),
        (request(max_results=-1), "max_results: expected 1 to 50, got -1"),
        (
            pb.GetRecommendationsRequest(),
            (
                f"{EXPECTED_USER}''; {EXPECTED_CATEGORY}BOOK_CATEGORY_UNSPECIFIED;"
                " max_results: expected 1 to 50, got 0"
            ),
        ),
    ],
)
def test_a_bad_request_is_told_why(bad: pb.GetRecommendationsRequest, expected: str) -> None:
    """The refusal says which field, what was expected and what came, for every bad field."""
    assert expected == refusal(bad)


@given(st.text(max_size=10_000), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1))
def test_a_refusal_is_safe_to_log(user_id: str, category: int, max_results: int) -> None:
    """Whatever came, the refusal is one short line of plain ASCII."""
    fault = refusal(request(user_id, category, max_results))

    assert fault.isascii()
    assert not fault or fault.isprintable()
    assert len(fault) < 700
