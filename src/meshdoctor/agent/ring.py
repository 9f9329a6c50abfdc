"""Who looks at whom: names on a ring, each looks at the next few.

Every name has one place on the ring, by its hash, so all agents agree without a word between them.
In a ring of nodes each node looks at `count` others and is looked at by `count` others: the work of
all together grows with the number of nodes, not with its square. A node that comes or goes changes
the choice of the `count` before it, and of nobody else (consistent hashing: Karger et al., STOC
1997).
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from heapq import nsmallest
from typing import Final, TypeVar

NEIGHBOURS: Final = 3
"""How many others a node looks at. In a cluster of up to four nodes that is everybody."""

_BYTES: Final = 8
_ROUND: Final = 1 << (8 * _BYTES)

T = TypeVar("T")


def following(
    name: str, things: Iterable[T], called: Callable[[T], str], count: int = NEIGHBOURS
) -> tuple[T, ...]:
    """Give those that come next on the ring.

    Args:
        name: from where; a thing of that name is left out.
        things: all there are, in any order.
        called: the name of a thing; names are unique.
        count: how many at most.
    """
    here = _place(name)
    ahead = ((_distance(here, called(thing)), thing) for thing in things if called(thing) != name)
    return tuple(thing for _, thing in nsmallest(count, ahead, key=lambda each: each[0]))


def _distance(here: int, name: str) -> tuple[int, str]:
    # The name decides where two hashes are the same.
    return (_place(name) - here) % _ROUND, name


def _place(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=_BYTES).digest())
