"""The retry budget: whatever happens, second tries stay a share of the calls."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.mesh.budget import RetryBudget

CALLS = st.lists(st.sampled_from(("call", "second try", "not sent")), max_size=400)
ROUNDING = 1e-6


@given(calls=CALLS, ratio=st.floats(0, 1), reserve=st.floats(0, 20))
def test_second_tries_never_exceed_the_reserve_and_the_ratio(
    calls: list[str], ratio: float, reserve: float
) -> None:
    """In every order of calls and second tries: sent <= reserve + ratio * calls, at all times."""
    budget = RetryBudget(ratio, reserve)
    made = sent = 0
    for step in calls:
        if step == "call":
            made += 1
            budget.earn()
        elif budget.spend():
            sent += 1
            if step == "not sent":
                sent -= 1
                budget.give_back()
        assert sent <= reserve + ratio * made + ROUNDING


@given(calls=st.integers(0, 500), reserve=st.integers(1, 20))
def test_what_was_saved_is_never_more_than_the_reserve(calls: int, reserve: int) -> None:
    """A quiet day does not pay for a storm: after any number of calls, `reserve` in a row."""
    budget = RetryBudget(0.2, float(reserve))
    for _call in range(calls):
        budget.earn()
    sent = sum(budget.spend() for _try in range(100))

    assert reserve == sent


def test_it_says_beforehand_whether_it_would_allow() -> None:
    """`is_open` agrees with `spend`, so that no call keeps time for a try it may not have."""
    budget = RetryBudget(0.2, 3.0)
    said, done = [], []
    for _try in range(5):
        said.append(budget.is_open)
        done.append(budget.spend())

    assert [True, True, True, False, False] == said == done


def test_a_ratio_of_nothing_allows_nothing() -> None:
    """Zero means no second tries, not even the first few."""
    budget = RetryBudget(0.0)
    budget.earn()

    assert not budget.is_open
    assert not budget.spend()


def test_under_threads_nothing_is_spent_twice() -> None:
    """Four threads and ten tries in the budget: ten are sent."""
    budget = RetryBudget(0.2, 10.0)
    sent: list[bool] = []
    threads = [
        threading.Thread(target=lambda: sent.extend(budget.spend() for _ in range(200)))
        for _thread in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 10 == sum(sent)
