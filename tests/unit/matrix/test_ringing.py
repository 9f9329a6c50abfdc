"""What rang in a trial, out of everything that the pager ever got."""

from meshdoctor.lab.matrix.ringing import Rung, quiet, rung
from meshdoctor.lab.webhook import Notification, PagedAlert, Status


def message(at: float, status: Status, name: str = "Down", receiver: str = "page") -> Notification:
    """Make a message about one alert."""
    alert = PagedAlert(name, status, {"cause": "connect-refused"}, {}, at, None)
    return Notification(at, receiver, status, (alert,))


def test_what_rang_before_is_not_of_this_trial() -> None:
    """A page of the fault before, and word that it is over, count for nothing."""
    heard = (message(5, "firing"), message(12, "resolved"), message(20, "firing", "Other"))

    assert Rung("Other", "connect-refused", 1, 10.0) == rung(heard, since=10)


def test_tickets_do_not_ring() -> None:
    """Nobody is woken by a receiver other than that of pages."""
    assert Rung() == rung((message(20, "firing", receiver="ticket"),), since=10)


def test_every_message_that_something_fires_is_a_ring() -> None:
    """A person's phone rings for each."""
    heard = (message(20, "firing"), message(30, "firing"), message(40, "resolved"))

    assert 2 == rung(heard, since=10).count


def test_it_is_quiet_when_all_that_rang_is_over() -> None:
    """Alerts are followed one by one; tickets do not matter."""
    down, other = message(20, "firing"), message(21, "firing", "Other")
    ticket = message(22, "firing", receiver="ticket")

    assert quiet(())
    assert not quiet((down, other, ticket, message(30, "resolved")))
    assert quiet((down, other, ticket, message(30, "resolved"), message(31, "resolved", "Other")))
