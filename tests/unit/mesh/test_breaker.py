"""The breaker: every transition, with a clock in the test's hand."""

import threading

import pytest

from meshdoctor.mesh.breaker import Breaker, BreakerPolicy, State

POLICY = BreakerPolicy(failures=3, first_pause=0.25, longest_pause=1.0)


def breaker(policy: BreakerPolicy = POLICY) -> tuple[Breaker, list[State]]:
    """Make a breaker and the list of the states it tells."""
    told: list[State] = []
    return Breaker(policy, told.append), told


def opened(at: float = 0.0) -> tuple[Breaker, list[State]]:
    """Make a breaker that opened at `at`."""
    made, told = breaker()
    made.failed(at, at_once=True)
    return made, told


def test_a_new_breaker_is_closed_and_says_so() -> None:
    """The metric has a series from the first moment, not from the first failure."""
    made, told = breaker()

    assert [State.CLOSED] == told
    assert made.allows(0.0)


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    """Two failures are forgiven, the third opens it."""
    made, told = breaker()
    allowed = []
    for second in range(3):
        made.failed(float(second))
        allowed.append(made.allows(second + 0.1))

    assert [True, True, False] == allowed
    assert [State.CLOSED, State.OPEN] == told


def test_an_answer_between_failures_starts_the_count_anew() -> None:
    """Only failures in a row count: a backend that answers now and then stays in."""
    made, told = breaker()
    for second in range(10):
        made.failed(float(second))
        made.failed(second + 0.1)
        made.succeeded()

    assert made.allows(20.0)
    assert [State.CLOSED] == told


def test_what_proves_that_nobody_is_there_opens_it_at_once() -> None:
    """A refused connection needs no second witness."""
    made, told = opened()

    assert not made.allows(0.2)
    assert [State.CLOSED, State.OPEN] == told


def test_after_the_pause_there_is_one_trial() -> None:
    """When the pause is over one caller may try, and the others wait for what comes of it."""
    made, told = opened()

    assert [False, True, False] == [made.allows(0.24), made.allows(0.25), made.allows(0.25)]
    assert [State.CLOSED, State.OPEN, State.HALF_OPEN] == told


def test_a_trial_that_is_answered_closes_it() -> None:
    """The backend is back, and everything starts from the beginning."""
    made, told = opened()
    made.allows(0.25)
    made.succeeded()
    made.failed(0.3)

    assert made.allows(0.3)
    assert [State.CLOSED, State.OPEN, State.HALF_OPEN, State.CLOSED] == told


def test_each_failed_trial_doubles_the_pause_up_to_the_longest() -> None:
    """0.25, 0.5, 1, 1, 1 seconds: a healed backend is never left out for longer than the last."""
    made, _told = opened()
    pauses, failed = [], 0.0
    for _trial in range(5):
        tried = next(failed + step / 100 for step in range(200) if made.allows(failed + step / 100))
        pauses.append(round(tried - failed, 2))
        made.failed(tried)
        failed = tried

    assert [0.25, 0.5, 1.0, 1.0, 1.0] == pauses


def test_the_pause_is_short_again_after_an_answer() -> None:
    """What a backend did before it was well does not count against it."""
    made, _told = opened()
    made.allows(0.25)
    made.failed(0.25)
    made.allows(0.75)
    made.succeeded()
    made.failed(10.0, at_once=True)

    assert made.allows(10.25)


def test_a_trial_that_never_ends_does_not_bar_the_backend() -> None:
    """The caller that took the trial died with it: after the longest pause there is another."""
    made, _told = opened()
    made.allows(0.25)

    assert [False, True] == [made.allows(1.24), made.allows(1.25)]


def test_late_failures_do_not_prolong_the_pause() -> None:
    """Calls that were under way when it opened tell nothing new."""
    made, _told = opened()
    for late in range(10):
        made.failed(late / 100, at_once=True)

    assert made.allows(0.25)


def test_a_retired_breaker_tells_nothing() -> None:
    """The backend has left; its last calls must not bring its series back."""
    made, told = breaker()
    made.retire()
    made.failed(0.0, at_once=True)

    assert State.OPEN is made.state
    assert [State.CLOSED] == told


@pytest.mark.parametrize("round_", range(20))
def test_under_threads_one_caller_gets_the_trial(round_: int) -> None:
    """Eight callers ask in the same moment: one may try."""
    made, _told = opened(float(round_))
    together = threading.Barrier(8)
    allowed: list[bool] = []

    def ask() -> None:
        together.wait()
        allowed.append(made.allows(round_ + 0.3))

    callers = [threading.Thread(target=ask) for _caller in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert [False] * 7 + [True] == sorted(allowed)
