"""What became of each edge over the last rounds: since when it answers as it does.

Moments are kept by the monotonic clock and told by the wall clock of the moment of telling, so that
a step of the wall clock moves all of them alike and none of them apart.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from meshdoctor.agent.probes.trial import Trial
from meshdoctor.probes.mesh.evidence import LOOKS, Answer, Edge, Sighting

_PRECISION = 3  # decimals of a second


@dataclass(frozen=True, slots=True)
class Try:
    """One try of an edge.

    Attributes:
        begun: when, by the monotonic clock.
        trial: what came of it.
    """

    begun: float
    trial: Trial


@dataclass(frozen=True, slots=True)
class Change:
    """An edge that answers otherwise than before.

    Attributes:
        now: its sighting.
        was: how it answered before; None for an edge that is new.
    """

    now: Sighting
    was: Answer | None


@dataclass(slots=True)
class _Past:
    """Of one edge.

    Attributes:
        since: when the try began that gave the last answer first; monotonic.
        answers: the last ones.
    """

    since: float
    answers: deque[Answer] = field(default_factory=lambda: deque(maxlen=LOOKS))


class History:
    """Remembers answers of edges for as long as they are tried."""

    def __init__(self) -> None:
        self._pasts: dict[Edge, _Past] = {}

    def note(
        self, seen: Iterable[tuple[Edge, tuple[Try, ...]]], ahead: float
    ) -> tuple[tuple[Sighting, ...], tuple[Change, ...]]:
        """Take in a round; what is not of it is forgotten.

        Args:
            seen: each edge with its tries, the last one last.
            ahead: the wall clock less the monotonic one, in seconds.

        Returns:
            All sightings, and those of them that changed.
        """
        pasts: dict[Edge, _Past] = {}
        sightings, changes = [], []
        for edge, tries in seen:
            past = self._pasts.get(edge)
            was = past.answers[-1] if past else None
            pasts[edge] = past = _noted(past, tries)
            sighting = _sighting(edge, tries[-1].trial, past, ahead)
            sightings.append(sighting)
            if sighting.answer is not was:
                changes.append(Change(sighting, was))
        self._pasts = pasts
        return tuple(sightings), tuple(changes)


def _noted(past: _Past | None, tries: tuple[Try, ...]) -> _Past:
    answer = tries[-1].trial.answer
    if past is None or past.answers[-1] is not answer:
        # The second try may only repeat what the first one found.
        first = next(one for one in tries if one.trial.answer is answer)
        past = _Past(first.begun, past.answers if past else deque(maxlen=LOOKS))
    past.answers.append(answer)
    return past


def _sighting(edge: Edge, trial: Trial, past: _Past, ahead: float) -> Sighting:
    return Sighting(
        edge,
        trial.answer,
        round(trial.seconds, 4),
        trial.words,
        round(past.since + ahead, _PRECISION),
        tuple(past.answers),
    )
