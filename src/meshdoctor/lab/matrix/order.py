"""In which order faults are done: by lot, each once a round, and nothing at all in between."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.matrix.model import NOTHING

HEALTHY_EVERY: Final = 3
"""After so many faults, and at the end of a round, nothing is done once."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is done next: `fault`, or `NOTHING`, in a round."""

    fault: str
    round: int


def turns(faults: Sequence[str], rounds: int, seed: int) -> Iterator[Turn]:
    """Yield every turn.

    Args:
        faults: codes, each of which is done once a round.
        rounds: how many.
        seed: the same seed gives the same order.
    """
    lot = random.Random(seed)  # noqa: S311 - an order, no secret
    for number in range(1, rounds + 1):
        for count, fault in enumerate(lot.sample(faults, len(faults)), start=1):
            yield Turn(fault, number)
            if count % HEALTHY_EVERY == 0 or count == len(faults):
                yield Turn(NOTHING, number)
