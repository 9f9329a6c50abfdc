"""A round: everything at once, each within its deadline, what fails once more at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from meshdoctor.agent.certificates import Certificates
from meshdoctor.agent.edges import edges, probed_backends
from meshdoctor.agent.history import Change, History, Try
from meshdoctor.agent.knowledge import Knowledge
from meshdoctor.agent.ports import Pages
from meshdoctor.agent.probes.trial import Trial
from meshdoctor.probes.mesh.evidence import PROBE_SECONDS, Answer, Caller, Edge, Report

_FAIR_TRIES: Final = 2
_MOST_TRIES: Final = 4
_FAIR_SECONDS: Final = 1.3 * PROBE_SECONDS
"""A try that took longer was held up here: the processor was somebody else's when time was up."""

Asker = Callable[[Edge], Awaitable[Trial]]
"""Tries an edge once, and never raises."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a round.

    Attributes:
        report: of it.
        changes: since the round before.
        news: whether an edge that was tried before answers otherwise, or a service counts failures
            by a cause that it did not count before.
    """

    report: Report
    changes: tuple[Change, ...]
    news: bool


class Rounds:
    """Looks at everything, again and again.

    Args:
        ask: how to try an edge.
        pages: reads what services of the own node tell.
        certificates: reads what servers show.
        interval: seconds between two rounds, told in the report.
    """

    def __init__(
        self, ask: Asker, pages: Pages, certificates: Certificates, interval: float
    ) -> None:
        self._ask = ask
        self._pages = pages
        self._certificates = certificates
        self._interval = interval
        self._history = History()
        self._number = 0
        self._causes: frozenset[tuple[str, str]] = frozenset()

    async def go(self, known: Knowledge, gaps: Iterable[str] = ()) -> Seen:
        """Do one round; it takes two tries at most, and more only where the machine is held up.

        Args:
            known: what there is to ask.
            gaps: what the report is to say of what could not be learned or written.
        """
        at, ahead = time.time(), time.time() - time.monotonic()
        wanted = edges(known)
        callers, certificates, tried = await asyncio.gather(
            self._pages.look(known.pages),
            self._certificates.look(probed_backends(known)),
            asyncio.gather(*map(self._tries, wanted)),
        )
        self._number += 1
        sightings, changes = self._history.note(zip(wanted, tried, strict=True), ahead)
        report = Report(
            known.node,
            at,
            self._interval,
            self._number,
            sightings,
            callers,
            certificates,
            tuple(gaps),
        )
        return Seen(report, changes, self._is_news(changes, callers))

    def _is_news(self, changes: Iterable[Change], callers: Iterable[Caller]) -> bool:
        before, self._causes = self._causes, frozenset(_failing(callers))
        return any(one.was is not None for one in changes) or not self._causes <= before

    async def _tries(self, edge: Edge) -> tuple[Try, ...]:
        tries: list[Try] = []
        while len(tries) < _MOST_TRIES and sum(map(_is_fair, tries)) < _FAIR_TRIES:
            tries.append(Try(time.monotonic(), await self._ask(edge)))
            if tries[-1].trial.answer is Answer.OK:
                break
        return tuple(tries)


def _failing(callers: Iterable[Caller]) -> Iterator[tuple[str, str]]:
    for one in callers:
        for cause in (*(one.causes or {}), *(one.lookups or {})):
            if cause:  # "" counts the lookups that were answered
                yield one.pod, cause


def _is_fair(one: Try) -> bool:
    """Say whether a try tells of the other side: one that overran its time tells of this one."""
    return one.trial.seconds < _FAIR_SECONDS
