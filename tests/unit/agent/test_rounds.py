"""A round: how often an edge is tried, and what the report of it says."""

import asyncio
import time
from collections.abc import Sequence

from meshdoctor.agent.certificates import Certificates
from meshdoctor.agent.knowledge import Knowledge, Node, Place
from meshdoctor.agent.probes.trial import Trial
from meshdoctor.agent.rounds import Rounds, Seen
from meshdoctor.probes.mesh.evidence import Answer, Caller, Certificate, Edge

KNOWN = Knowledge("n1", (Node("n1", "10.0.0.1"), Node("n2", "10.0.0.2")), dns_address="")
SHOP = Knowledge(
    "n1", pages=(Place("bookstore", "shop-1", "n1", "10.1.0.1", 9464, "shop"),), dns_address=""
)


class Answers:
    """Answers every edge with these trials, one after the other; the last one goes on."""

    def __init__(self, *trials: Trial) -> None:
        self._trials = trials
        self.asked: list[Edge] = []

    async def ask(self, edge: Edge) -> Trial:
        """Give the next one of an edge."""
        number = min(self.asked.count(edge), len(self._trials) - 1)
        self.asked.append(edge)
        return self._trials[number]


class Counted:
    """Every page counts these failures, round after round; the last ones go on."""

    def __init__(self, *causes: dict[str, int]) -> None:
        self._causes = list(causes) or [{}]

    async def look(self, places: Sequence[Place]) -> tuple[Caller, ...]:
        """Give one caller for each page."""
        causes = self._causes[0] if len(self._causes) == 1 else self._causes.pop(0)
        return tuple(Caller(one.namespace, one.pod, one.service, causes=causes) for one in places)


async def no_certificate(_place: Place) -> Certificate | None:
    """Give none."""
    return None


def rounds(answers: Answers, *causes: dict[str, int]) -> Rounds:
    """Make rounds that are answered so."""
    return Rounds(answers.ask, Counted(*causes), Certificates(no_certificate), 5.0)


def once(*trials: Trial) -> tuple[Seen, int]:
    """Do a round; give what came of it and how often each of its edges was tried."""
    answers = Answers(*trials)
    seen = asyncio.run(rounds(answers).go(KNOWN))
    (tries,) = {answers.asked.count(edge) for edge in answers.asked}
    return seen, tries


OK, SILENT = Trial(Answer.OK, 0.1), Trial(Answer.SILENT, 1.0)
HELD_UP = Trial(Answer.SILENT, 3.0)


def test_what_is_well_is_tried_once_and_what_is_not_once_more() -> None:
    """At once: the second answer is the one that counts."""
    for trials, answer, tries in (
        ((OK,), Answer.OK, 1),
        ((SILENT, OK), Answer.OK, 2),
        ((SILENT, SILENT, OK), Answer.SILENT, 2),
        ((Trial(Answer.REFUSED, 0.0), SILENT), Answer.SILENT, 2),
    ):
        seen, tried = once(*trials)

        assert ({answer}, tries) == ({one.answer for one in seen.report.sightings}, tried)


def test_a_try_that_was_held_up_here_says_nothing_of_the_other_side() -> None:
    """A deadline that was noticed seconds late is no silence; four tries are enough, though."""
    for trials, answer, tries in (
        ((HELD_UP, SILENT, OK), Answer.OK, 3),
        ((HELD_UP, SILENT, SILENT, OK), Answer.SILENT, 3),
        ((HELD_UP,), Answer.SILENT, 4),
    ):
        seen, tried = once(*trials)

        assert ({answer}, tries) == ({one.answer for one in seen.report.sightings}, tried)


def test_a_report_says_whose_it_is_and_when_it_began() -> None:
    """Rounds are counted, gaps and callers are in it."""
    looking, begun = rounds(Answers(OK)), time.time()
    asyncio.run(looking.go(SHOP))
    report = asyncio.run(looking.go(SHOP, ["nobody knows"])).report

    assert ("n1", 2, 5.0, ("nobody knows",), ["shop-1"]) == (
        report.node,
        report.round,
        report.interval,
        report.gaps,
        [caller.pod for caller in report.callers],
    )
    assert begun <= report.at <= time.time()


def news(looking: Rounds, known: Knowledge, rounds: int) -> list[bool]:
    """Do rounds; say which of them saw something new."""
    return [asyncio.run(looking.go(known)).news for _ in range(rounds)]


def test_an_answer_that_changed_is_news_and_an_edge_that_is_new_is_none() -> None:
    """Else every Pod that comes would hasten the rounds; two tries of silence, then it is well."""
    assert [False, False, True] == news(
        rounds(Answers(SILENT, SILENT, SILENT, SILENT, OK)), KNOWN, 3
    )


def test_a_cause_that_was_not_counted_before_is_news() -> None:
    """Another number of the same is none, and neither is one that ends."""
    counted: tuple[dict[str, int], ...] = (
        {},
        {"app-deadline": 1},
        {"app-deadline": 9},
        {},
        {"app-error": 1},
    )

    assert [False, True, False, False, True] == news(rounds(Answers(OK), *counted), SHOP, 5)
