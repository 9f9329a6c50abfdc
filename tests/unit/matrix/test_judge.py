"""The goals of a trial, each missed alone."""

from dataclasses import replace

import pytest

from meshdoctor.lab.matrix.judge import missed, of_trial
from meshdoctor.lab.matrix.model import Trial
from tests.support.trials import good, matrix, named, quiet

GOOD = good("app-down")
ALONE = {
    "the doctor said app-hung": named("app-down", "app-hung"),
    "the doctor said healthy": named("app-down"),
    "the doctor said app-slow": replace(quiet(), names=("app-slow",)),
    "the doctor could not tell, 2 times": replace(quiet(), unsure=2),
    "the verdict took 10.1 s, not 10 s": replace(GOOD, seconds_to_verdict=10.1),
    "bundles/1-app-down.json leads to another verdict": replace(GOOD, replayed=False),
    "no page rang, not SomethingBroken": replace(GOOD, page="", pages=0, seconds_to_page=None),
    "Another rang, not SomethingBroken": replace(GOOD, page="Another"),
    "Another rang, not none": replace(quiet(), page="Another", pages=1),
    "it rang after 76 s, not within 75 s": replace(GOOD, seconds_to_page=76.0),
    "it rang 2 times": replace(GOOD, pages=2),
    "visitors got HTTP 5xx 3 times": replace(GOOD, http_5xx=3),
    "pages were not live again": replace(GOOD, recovered_s=None),
    "pages were live 3.1 s after its end, not 3 s": replace(GOOD, recovered_s=3.1),
    "the doctor did not call the mesh healthy after its end": replace(GOOD, healthy_s=None),
    "it could not be tried: no mesh": Trial("app-down", 1, trouble="no mesh"),
}


@pytest.mark.parametrize(("sentence", "trial"), ALONE.items(), ids=ALONE)
def test_each_goal_is_missed_alone(sentence: str, trial: Trial) -> None:
    """One thing that is wrong is one sentence, which says what."""
    assert [sentence] == list(of_trial(trial))


def test_whoever_meets_every_goal_hears_nothing() -> None:
    """Of every fault, and of a healthy round."""
    assert [] == list(missed(matrix()))


def test_a_page_that_nobody_waited_for_is_no_goal() -> None:
    """Where verdicts alone are wanted, silence is no fault."""
    assert [] == list(of_trial(replace(GOOD, watched=False, page="", seconds_to_page=None)))


def test_5xx_is_no_goal_where_nothing_was_promised() -> None:
    """Some faults are the page's own."""
    assert [] == list(of_trial(replace(GOOD, promised=False, http_5xx=9)))


def test_a_sentence_says_whose_it_is() -> None:
    """The fault and its round, so that its logs are found."""
    late = replace(good("app-down", 3), pages=2)

    assert ["app-down, round 3: it rang 2 times"] == list(missed(matrix(late)))
