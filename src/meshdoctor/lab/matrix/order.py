"""In which order faults are done: by lot, each once a round, and nothing at all in between."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.matrix.model import NOTHING

HEALTHY_EVERY: Final = 3
"""After so many faults, and at the end of a group, nothing is done once."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is done next, to the mesh of a group.

    Attributes:
        fault: its code, or `NOTHING`.
        round: in which, from 1.
        group: of faults that are done to the same mesh, from 0.
        nth: of healthy turns, which of its round, from 1; 0 of others.
    """

    fault: str
    round: int
    group: int = 0
    nth: int = 0


def turns(groups: Iterable[Sequence[str]], rounds: int, seed: int) -> Iterator[Turn]:
    """Yield every turn.

    Args:
        groups: codes, each of which is done once a round; those of a group after each other.
        rounds: how many.
        seed: the same seed gives the same order.
    """
    lot = random.Random(seed)  # noqa: S311 - an order, no secret
    each = tuple(groups)
    for number in range(1, rounds + 1):
        healthy = 0
        for group, faults in enumerate(each):
            for count, fault in enumerate(lot.sample(faults, len(faults)), start=1):
                yield Turn(fault, number, group)
                if count % HEALTHY_EVERY == 0 or count == len(faults):
                    healthy += 1
                    yield Turn(NOTHING, number, group, healthy)
