"""Questions to Prometheus: asked once, in bounded time, and whatever comes of it is told."""

import time
from dataclasses import replace

from meshdoctor.lab.boards.asking import Dot, ask
from meshdoctor.lab.boards.model import Target
from tests.unit.boards.samples import SEEN, TRACE, panel
from tests.unit.boards.stand_in import Answers, gone, stand_in


def test_series_are_named_as_the_legend_asks() -> None:
    """Labels fill the legend; without one the labels themselves are the name."""
    answers = Answers({"up": [({"__name__": "up", "job": "shop", "pod": "a"}, "1")]})
    targets = (Target("up", "{{job}} of {{ gone }}{{pod}}"), Target("up"))

    with stand_in(answers) as prometheus:
        (found,) = ask(prometheus, [replace(panel("timeseries"), targets=targets)], SEEN)

    assert ["shop of a", "job=shop, pod=a"] == [each.name for each in found.series]
    assert {len(SEEN.moments)} == {len(each.known) for each in found.series}


def test_what_is_no_number_is_a_gap() -> None:
    """NaN and infinities are no values; the series is known to be there."""
    answers = Answers({"up": [({}, "NaN")]})

    with stand_in(answers) as prometheus:
        (found,) = ask(prometheus, [panel("stat")], SEEN)

    assert [()] == [each.known for each in found.series]


def test_the_same_question_is_asked_once() -> None:
    """However many panels ask it, of one moment or of many."""
    answers = Answers()
    panels = [panel("timeseries")] * 5

    with stand_in(answers) as prometheus:
        found = ask(prometheus, panels, SEEN)

    assert (5, 1) == (len(found), len(answers.asked))


def test_an_instant_question_is_about_the_end() -> None:
    """Only the last moment is asked for, so that a page about yesterday shows yesterday."""
    answers = Answers({"up": [({}, "7")]})
    instant = replace(panel("stat"), targets=(Target("up", instant=True),))

    with stand_in(answers) as prometheus:
        (found,) = ask(prometheus, [instant], SEEN)

    ((_, asked),) = answers.asked
    assert (SEEN.end, SEEN.end) == (float(asked["start"]), float(asked["end"]))
    assert [(7.0,)] == [each.known for each in found.series]
    assert 7.0 == found.series[0].values[-1]


def test_exemplars_are_asked_for_where_they_are_wanted() -> None:
    """A target that wants them gets its exemplars as dots; others ask for none."""
    answers = Answers(exemplars=[(TRACE, 0.25)])
    wanted = replace(panel("timeseries"), targets=(Target("up", exemplars=True),))

    with stand_in(answers) as prometheus:
        with_dots, without = ask(prometheus, [wanted, panel("timeseries")], SEEN)

    assert (Dot(SEEN.start + 5, 0.25, TRACE),) == with_dots.dots
    assert () == without.dots


def test_a_late_answer_is_not_waited_for() -> None:
    """A page has its time; what is not there by then is said to be late."""
    began = time.monotonic()

    with stand_in(Answers(seconds=1.5)) as prometheus:
        (found,) = ask(prometheus, [panel("timeseries")], SEEN, patience=0.1)
        took = time.monotonic() - began

    assert "Prometheus did not answer in time" == found.problem
    assert took < 1.2


def test_nobody_answers() -> None:
    """Without Prometheus every panel has the same one sentence, and nothing is raised."""
    first, second = ask(gone(), [panel("timeseries"), panel("stat")], SEEN)

    assert first.problem.startswith("Prometheus did not answer http://127.0.0.1:")
    assert first.problem == second.problem


def test_a_question_that_cannot_be_asked_is_told() -> None:
    """A variable that is not known here is named; the panel's other questions are asked."""
    answers = Answers({"up": [({}, "1")]})
    targets = (Target('up{pod="$pod"}'), Target("up"))

    with stand_in(answers) as prometheus:
        (found,) = ask(prometheus, [replace(panel("timeseries"), targets=targets)], SEEN)

    assert "the query asks for $pod, which this view does not know" == found.problem
    assert 1 == len(found.series)
