"""When an agent looks again."""

from meshdoctor.agent.pace import Pace


def paused(pace: Pace, rounds: str) -> list[float]:
    """Give the pause after each round: `!` saw something new, `.` did not."""
    return [pace.after(news=each == "!") for each in rounds]


def test_what_is_new_is_looked_at_again_twice_and_soon() -> None:
    """Then all goes on as before; while nothing is new, nothing is hastened."""
    assert [5.0, 2.0, 2.0, 5.0, 5.0] == paused(Pace(5.0), ".!...")


def test_what_is_new_in_an_early_round_is_looked_at_twice_more() -> None:
    """New Pods refuse calls first, and then answer badly: that is news of its own."""
    assert [2.0, 2.0, 2.0, 5.0, 5.0] == paused(Pace(5.0), "!!...")


def test_news_in_every_round_are_less_than_twice_as_many_rounds() -> None:
    """A flapping network does not keep the agent busy."""
    assert [2.0, 2.0, 2.0, 2.0, 5.0] * 3 == paused(Pace(5.0), "!" * 15)


def test_an_interval_that_is_short_already_stays() -> None:
    """Nothing makes a round come later."""
    assert [0.5] * 3 == paused(Pace(0.5), "!..")
