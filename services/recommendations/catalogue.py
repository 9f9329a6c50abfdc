"""The catalogue: which books there are, in which order, and the file they come from.

The file is JSON: one object, a list of books for each category. Its order matters: a guest sees
each shelf in the order of the file. A file with faults is refused as a whole, with every fault
named at once, so that whoever edits it needs one round and not one per mistake.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import ErrorDetails, from_json

SHIPPED = Path(__file__).parent / "data" / "catalogue.json"

MIN_BOOKS = 12
"""Fewest books of a category."""

MAX_FILE_BYTES = 1 << 20
"""Largest file that is read: a wrong path (a device, a core dump) must not fill the memory."""

MAX_TITLE = 160
MAX_AUTHOR = 120
"""Longest title and author, in characters. Fifty books of four-byte characters at these bounds
still fit into an answer of 64 KiB, the largest message that the mesh accepts."""

_SHOWN = 60  # characters of a bad value which a message repeats


class Category(StrEnum):
    """The words for the categories, as the file and the web pages spell them."""

    MYSTERY = "mystery"
    SCIENCE_FICTION = "science-fiction"
    SELF_HELP = "self-help"


def _presentable(text: str) -> str:
    """Let only text through that looks on a page as it does in the file."""
    if text != text.strip():
        reason = "must not begin or end with white space"
        raise ValueError(reason)
    if not text.isprintable():
        reason = "must not hold control or invisible characters"
        raise ValueError(reason)
    return text


_Presentable = AfterValidator(_presentable)


class Book(BaseModel):
    """One book. `year` is that of the first publication as a book, in any language."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE), _Presentable]
    author: Annotated[str, StringConstraints(min_length=1, max_length=MAX_AUTHOR), _Presentable]
    year: Annotated[int, Field(ge=-3000, le=2100)]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All books, by category, each shelf in the order of the file."""

    shelves: Mapping[Category, tuple[Book, ...]]


class CatalogueError(Exception):
    """The catalogue cannot be used. The text names the file and each fault in it."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        """Keep `faults`, one line each, and make the text of them."""
        self.faults = faults
        listed = "".join(f"\n  {fault}" for fault in faults)
        plural = "" if len(faults) == 1 else "s"
        super().__init__(
            f"the catalogue {path} has {len(faults)} fault{plural}; correct the file, or name"
            f" another one in RECOMMENDATIONS_CATALOGUE:{listed}"
        )


def load_catalogue(path: Path = SHIPPED) -> Catalogue:
    """Read and check a catalogue file.

    Args:
        path: a JSON file of at most `MAX_FILE_BYTES`.

    Returns:
        The catalogue, with at least `MIN_BOOKS` in each category, ids that are unique in the
        whole file and titles that are unique in their category.

    Raises:
        CatalogueError: the file cannot be read or has faults; the error lists all of them.
    """
    raw = _read(path)
    shelves, faults = _check_books(raw)
    faults += _check_whole(raw)
    if faults:
        raise CatalogueError(path, faults)
    return Catalogue({category: tuple(shelves[category]) for category in Category})


_SHELVES = TypeAdapter(dict[Category, list[Book]])


def _read(path: Path) -> Any:  # noqa: ANN401 - JSON, before anything is known about it
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CatalogueError(path, [f"cannot be read: {error.strerror}"]) from error
    if len(data) > MAX_FILE_BYTES:
        raise CatalogueError(path, [f"is larger than {MAX_FILE_BYTES} bytes"])
    try:
        return from_json(data)
    except ValueError as error:
        raise CatalogueError(path, [f"is not JSON: {error}"]) from error


def _check_books(raw: object) -> tuple[dict[Category, list[Book]], list[str]]:
    """Check every book by itself."""
    try:
        return _SHELVES.validate_python(raw), []
    except ValidationError as error:
        return {}, [_describe(details) for details in error.errors()]


def _describe(details: ErrorDetails) -> str:
    """Say where in the file a fault is, what was expected, and what came."""
    location = [part for part in details["loc"] if part != "[key]"]
    place = ", ".join(f"book {part + 1}" if isinstance(part, int) else part for part in location)
    expected = details["msg"].removeprefix("Value error, ")
    came = "" if details["type"] == "missing" else f" (got {_shown(details['input'])})"
    return f"{place or 'the file'}: {expected}{came}"


def _shown(value: object) -> str:
    """Show a bad value: bounded, and escaped so that it cannot disturb a terminal."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _check_whole(raw: object) -> list[str]:
    """Check what no book can know by itself: the size of each shelf, and twins.

    This looks at the file as it came and not at checked books, so that twins are named in the
    same message as the other faults.
    """
    if not isinstance(raw, dict):
        return []
    return [*_short_shelves(raw), *_twins(raw)]


def _short_shelves(raw: dict[str, Any]) -> Iterator[str]:
    for category in Category:
        shelf = raw.get(category, [])
        if isinstance(shelf, list) and len(shelf) < MIN_BOOKS:
            yield f"{category}: needs at least {MIN_BOOKS} books (got {len(shelf)})"


def _twins(raw: dict[str, Any]) -> Iterator[str]:
    """Find ids that occur twice in the file, and titles that occur twice in a category."""
    first: dict[tuple[str, str], str] = {}
    for category, number, entry in _entries(raw):
        place = f"{category}, book {number}"
        keys = (("id", "", entry.get("id")), ("title", category, entry.get("title")))
        for name, within, value in keys:
            if not isinstance(value, str):
                continue
            earlier = first.setdefault((f"{name} {within}", value.casefold()), place)
            if earlier != place:
                yield f"{place}, {name}: is already that of {earlier} (got {_shown(value)})"


def _entries(raw: dict[str, Any]) -> Iterator[tuple[Category, int, dict[str, Any]]]:
    """Walk over whatever looks like a book."""
    for category in Category:
        shelf = raw.get(category)
        for number, entry in enumerate(shelf if isinstance(shelf, list) else [], start=1):
            if isinstance(entry, dict):
                yield category, number, entry
