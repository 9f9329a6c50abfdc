"""The catalogue: what ships, and which files are refused with which words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bookstore.recommendations.v1 import recommendations_pb2 as pb
from recommendations.catalogue import (
    MAX_AUTHOR,
    MAX_FILE_BYTES,
    MAX_TITLE,
    MIN_BOOKS,
    SHIPPED,
    CatalogueError,
    Category,
    load_catalogue,
)
from recommendations.validation import MAX_RESULTS

Shelves = dict[str, list[dict[str, Any]]]


@pytest.fixture
def faults_of(tmp_path: Path) -> Callable[[object], list[str]]:
    """Give a function that saves an object as a catalogue and returns the faults found in it."""

    def faults_of(content: object) -> list[str]:
        path = tmp_path / "books.json"
        path.write_text(json.dumps(content))
        with pytest.raises(CatalogueError) as caught:
            load_catalogue(path)
        return caught.value.faults

    return faults_of


@pytest.fixture
def shelves() -> Shelves:
    """Give the shipped catalogue as JSON, to be spoilt."""
    content: Shelves = json.loads(SHIPPED.read_text())
    return content


def test_the_first_mysteries_are_those_of_the_front_page() -> None:
    """A guest who asks for three mysteries gets these three titles, in this order."""
    shelf = load_catalogue().shelves[Category.MYSTERY]

    assert [(book.title, book.author) for book in shelf[:3]] == [
        ("Murder on the Orient Express", "Agatha Christie"),
        ("The Hound of the Baskervilles", "Arthur Conan Doyle"),
        ("The Maltese Falcon", "Dashiell Hammett"),
    ]


@pytest.mark.parametrize("category", Category)
def test_every_category_has_books(category: Category) -> None:
    """Each category ships with at least the promised dozen."""
    assert len(load_catalogue().shelves[category]) >= MIN_BOOKS


def test_the_fullest_answer_fits_into_a_message() -> None:
    """Fifty books of the longest accepted texts stay below the mesh's 64 KiB."""
    book = pb.Book(id="x" * 64, title="\U0001f4d6" * MAX_TITLE, author="\U0001f4d6" * MAX_AUTHOR)

    assert pb.GetRecommendationsResponse(books=[book] * MAX_RESULTS).ByteSize() < 64 * 1024


def test_all_faults_are_named_at_once(
    faults_of: Callable[[object], list[str]], shelves: Shelves
) -> None:
    """One message names every fault of the file: of single books, of twins, of short shelves."""
    mystery, fiction = shelves["mystery"], shelves["science-fiction"]
    mystery[3]["title"] = " The Big Sleep"
    mystery[4]["author"] = ""
    mystery[5]["id"] = "Gaudy Night"
    mystery[6]["year"] = "1951"
    del mystery[7]["author"]
    mystery[8]["price"] = 3
    mystery[9] = "Trent's Last Case"  # type: ignore[call-overload]
    fiction[1]["title"] = "DUNE"
    fiction[2]["id"] = "the-maltese-falcon"
    fiction[3]["title"] = "Kin\x1b[31mdred"
    shelves["self-help"] = shelves["self-help"][: MIN_BOOKS - 1]
    shelves["poetry"] = []

    expected = [
        "mystery, book 4, title: must not begin or end with white space (got ' The Big Sleep')",
        "mystery, book 5, author: String should have at least 1 character (got '')",
        (
            "mystery, book 6, id: String should match pattern '^[a-z0-9]+(-[a-z0-9]+)*$'"
            " (got 'Gaudy Night')"
        ),
        "mystery, book 7, year: Input should be a valid integer (got '1951')",
        "mystery, book 8, author: Field required",
        "mystery, book 9, price: Extra inputs are not permitted (got 3)",
        (
            "mystery, book 10: Input should be a valid dictionary or instance of Book"
            ' (got "Trent\'s Last Case")'
        ),
        (
            "science-fiction, book 4, title: must not hold control or invisible characters"
            " (got 'Kin\\x1b[31mdred')"
        ),
        "poetry: Input should be 'mystery', 'science-fiction' or 'self-help' (got 'poetry')",
        "self-help: needs at least 12 books (got 11)",
        "science-fiction, book 2, title: is already that of science-fiction, book 1 (got 'DUNE')",
        (
            "science-fiction, book 3, id: is already that of mystery, book 3"
            " (got 'the-maltese-falcon')"
        ),
    ]
    assert expected == faults_of(shelves)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * (MAX_TITLE + 1)),
        ("author", "x" * (MAX_AUTHOR + 1)),
        ("id", "x" * 65),
        ("title", "Dune\n"),
        ("title", "Du\u202ene"),
        ("title", "\u00a0"),
        ("title", None),
        ("year", 1965.5),
        ("year", 3000),
    ],
)
def test_a_bad_field_is_refused(
    faults_of: Callable[[object], list[str]], shelves: Shelves, field: str, value: object
) -> None:
    """A field out of its bounds is one fault that names the entry and the field."""
    shelves["science-fiction"][0][field] = value

    (fault,) = faults_of(shelves)

    assert fault.startswith(f"science-fiction, book 1, {field}: ")
    assert len(fault) < 200


def test_the_same_title_may_stand_on_two_shelves(tmp_path: Path, shelves: Shelves) -> None:
    """Titles are unique within a category only; ids are unique in the whole file."""
    shelves["self-help"][0]["title"] = "Dune"
    path = tmp_path / "books.json"
    path.write_text(json.dumps(shelves))

    assert load_catalogue(path).shelves[Category.SELF_HELP][0].title == "Dune"


@pytest.mark.parametrize("content", [[], "books", None, 7])
def test_a_file_of_another_shape_is_refused(
    faults_of: Callable[[object], list[str]], content: object
) -> None:
    """JSON that is no object is one fault of the file."""
    (fault,) = faults_of(content)

    assert fault.startswith("the file: Input should be a valid dictionary (got ")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "is not JSON: "),
        (b"[" * 5_000, "is not JSON: "),
        (b"\xff", "is not JSON: "),
        (b" " * (MAX_FILE_BYTES + 1), "is larger than 1048576 bytes"),
    ],
)
def test_a_file_that_is_no_json_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    """Broken, deep, mis-encoded or huge files are refused by name."""
    path = tmp_path / "books.json"
    path.write_bytes(content)

    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path)

    (found,) = caught.value.faults
    assert found.startswith(fault)


def test_the_message_names_file_setting_and_faults(tmp_path: Path) -> None:
    """Whoever reads the error knows which file it is and what to do."""
    path = tmp_path / "missing.json"

    with pytest.raises(CatalogueError) as caught:
        load_catalogue(path)

    expected = (
        f"the catalogue {path} has 1 fault; correct the file, or name another one in"
        " RECOMMENDATIONS_CATALOGUE:\n  cannot be read: No such file or directory"
    )
    assert expected == str(caught.value)
