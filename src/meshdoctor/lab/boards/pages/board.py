"""A dashboard: every panel asked now, or for the time that the address names."""

from http import HTTPStatus

from meshdoctor.lab.boards import ranges
from meshdoctor.lab.boards.asking import Answer, ask
from meshdoctor.lab.boards.draw.board import show
from meshdoctor.lab.boards.draw.plot import Times, wall_clock
from meshdoctor.lab.boards.model import Dashboard
from meshdoctor.lab.boards.ranges import Span
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.boards.view import View, sorry

_NO_PROMETHEUS = Answer(problem="Prometheus does not run.")


def board(sources: Sources, uid: str, span: Span) -> View:
    """Make the page of one dashboard; 404 when there is none of that name."""
    found = next((each for each in sources.boards if each.uid == uid), None)
    if found is None:
        names = ", ".join(each.uid for each in sources.boards) or "none"
        return sorry(HTTPStatus.NOT_FOUND, f"There is no dashboard {uid}; there are: {names}.")
    answers = _answers(sources, found, span)
    times = Times(span.window, wall_clock())
    content = {
        "shown": show(found, answers, times, lambda trace: f"/traces/{trace}"),
        "span": span,
        "choices": ranges.CHOICES,
        "trouble": _common_problem(answers),
    }
    return View("board.html.j2", found.title, content, here=uid, live=span.live)


def _answers(sources: Sources, found: Dashboard, span: Span) -> tuple[Answer, ...]:
    if sources.prometheus is None:
        return (_NO_PROMETHEUS,) * len(found.panels)
    return ask(sources.prometheus, found.panels, span.window)


def _common_problem(answers: tuple[Answer, ...]) -> str:
    """Return what is wrong when it is the same for all: one sentence, not one in every panel."""
    problems = {answer.problem for answer in answers}
    return problems.pop() if len(problems) == 1 else ""
