"""What a trial is judged by: hand-written notifications, exact seconds."""

from meshdoctor.lab.drill.judge import Figures, measure, missed
from meshdoctor.lab.drill.scenarios import LEFT_ALONE, SCENARIOS
from meshdoctor.lab.drill.trial import Trial
from meshdoctor.lab.webhook import Notification, PagedAlert, Status

DOWN = SCENARIOS[0]
ALERT, CAUSE = DOWN.alert, "connect-refused"
HURT, HEALED = 1000.0, 1100.0


def told(
    at: float,
    name: str = ALERT,
    cause: str = CAUSE,
    status: Status = "firing",
    receiver: str = "page",
) -> Notification:
    """A message about one alert, `at` seconds after the fault."""
    alert = PagedAlert(name, status, {"cause": cause}, {}, HURT + at, None)
    return Notification(HURT + at, receiver, status, (alert,))


WATCHDOG = told(-20, "Watchdog", receiver="nobody")
RANG, OVER = told(46), told(145, status="resolved")


def trial(*notifications: Notification) -> Trial:
    """A trial in which the pager got these."""
    return Trial(HURT - 40, HURT, HEALED, HEALED + 100, notifications, ())


def reasons(*notifications: Notification) -> list[str]:
    """Which goals a trial with killed backends missed."""
    return list(missed(DOWN, measure(trial(*notifications))))


def test_the_right_page_once_and_in_time_meets_every_goal() -> None:
    """Seconds count from the fault and from its end; tickets and the watchdog ring nobody."""
    ticket = told(60, "RetryBudgetExhausted", receiver="ticket")

    assert Figures(
        paged_after=46.0, alert=ALERT, cause=CAUSE, pages=1, resolved_after=45.0, alive=True
    ) == measure(trial(WATCHDOG, RANG, ticket, OVER))
    assert [] == reasons(WATCHDOG, RANG, ticket, OVER)


def test_every_way_to_miss_a_goal_is_told() -> None:
    """Nobody paged, the wrong page, a page too many, too late, too early, never over."""
    nobody = f"nobody was paged; {ALERT} should have been"
    late, never = told(76), "nobody was told that it is over"
    wrong = [told(50, "ServiceAbsent"), told(145, "ServiceAbsent", status="resolved")]

    assert [nobody] == reasons(WATCHDOG)
    assert [f"ServiceAbsent rang, not {ALERT}"] == reasons(WATCHDOG, *wrong)
    assert ["it rang 2 times, not once"] == reasons(WATCHDOG, RANG, told(90), OVER)
    assert ["it rang after 76 s, not within 75 s"] == reasons(WATCHDOG, late, OVER)
    assert ["it rang 5 s before the fault"] == reasons(WATCHDOG, told(-5), OVER)
    assert [never] == reasons(WATCHDOG, RANG)
    assert ["it was over after 61 s, not within 60 s"] == reasons(
        WATCHDOG, RANG, told(161, status="resolved")
    )
    assert ["it was called over 20 s too early"] == reasons(
        WATCHDOG, RANG, told(80, status="resolved")
    )


def test_the_page_must_name_a_cause_that_stands_for_the_fault() -> None:
    """Killed backends refuse connections or lose them; they are no matter of DNS."""
    (reason,) = reasons(WATCHDOG, told(46, cause="dns-timeout"), told(145, cause="dns-timeout"))[:1]

    assert (
        "the page named dns-timeout, not app-draining or connect-lost or connect-refused" == reason
    )


def test_over_means_that_nothing_rings_any_more() -> None:
    """Two alerts rang and one is over: the pager is not at rest before the other is over too."""
    second = told(50, "ServiceAbsent")
    done = told(190, "ServiceAbsent", status="resolved")

    assert measure(trial(RANG, second, OVER)).resolved_after is None
    assert 90.0 == measure(trial(RANG, second, OVER, done)).resolved_after


def test_a_mesh_that_is_left_alone_pages_nobody() -> None:
    """A page is a miss, and so is silence where not even the watchdog was heard."""
    silent = "Watchdog was not heard, so silence would prove nothing"

    assert [] == list(missed(LEFT_ALONE, measure(trial(WATCHDOG))))
    assert [silent] == list(missed(LEFT_ALONE, measure(trial())))
    assert [f"{ALERT} rang although nothing was wrong"] == list(
        missed(LEFT_ALONE, measure(trial(WATCHDOG, RANG)))
    )
