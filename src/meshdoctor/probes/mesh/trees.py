"""Evidence is a tree of frozen data: here it is walked, and copied with other words."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")
Place = tuple[type, str]
"""A field: of which class, and its name."""

_NOWHERE: Place = (object, "")


def words(tree: object, place: Place = _NOWHERE) -> Iterator[tuple[Place, str]]:
    """Give every text in a tree with its place; dictionaries are left out.

    Args:
        tree: of evidence.
        place: of the tree.
    """
    if isinstance(tree, Enum):
        return
    if isinstance(tree, str):
        yield place, tree
    elif isinstance(tree, tuple):
        for one in tree:
            yield from words(one, place)
    elif is_dataclass(tree) and not isinstance(tree, type):
        for each in fields(tree):
            yield from words(getattr(tree, each.name), (type(tree), each.name))


def changed(
    tree: T,
    word: Callable[[Place, str], str],
    labels: Callable[[dict[str, str]], dict[str, str]],
) -> T:
    """Copy a tree with other words.

    Args:
        tree: of evidence.
        word: gives another text for that of a place.
        labels: gives other labels; a dictionary of counts is left as it is.
    """
    return _changed(tree, _NOWHERE, word, labels)  # type: ignore[no-any-return]


def _changed(
    tree: Any,  # noqa: ANN401 - of any type, and the result is of the same
    place: Place,
    word: Callable[[Place, str], str],
    labels: Callable[[dict[str, str]], dict[str, str]],
) -> Any:  # noqa: ANN401
    if isinstance(tree, Enum):
        return tree
    if isinstance(tree, str):
        return word(place, tree)
    if isinstance(tree, tuple):
        return tuple(_changed(one, place, word, labels) for one in tree)
    if isinstance(tree, dict) and all(isinstance(one, str) for one in tree.values()):
        return labels(tree)
    if is_dataclass(tree) and not isinstance(tree, type):
        values = {
            one.name: _changed(getattr(tree, one.name), (type(tree), one.name), word, labels)
            for one in fields(tree)
        }
        return replace(tree, **values)
    return tree
