"""What rang while a trial ran, out of all that the pager ever got. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshdoctor.lab.drill.trial import PAGE, pages
from meshdoctor.lab.webhook import FIRING, Notification


@dataclass(frozen=True, slots=True)
class Rung:
    """What rang.

    Attributes:
        alert: the first; "" when none did.
        cause: that it named; "" when it named none.
        count: how often.
        after: seconds until the first; None when none did.
    """

    alert: str = ""
    cause: str = ""
    count: int = 0
    after: float | None = None


def rung(notifications: Iterable[Notification], since: float) -> Rung:
    """Say what rang since a moment.

    Args:
        notifications: all, the oldest first.
        since: Unix seconds.
    """
    mine = [each for each in pages(tuple(notifications)) if each.at >= since]
    if not mine:
        return Rung()
    first = next(alert for alert in mine[0].alerts if alert.status == FIRING)
    return Rung(first.name, first.labels.get("cause", ""), len(mine), mine[0].at - since)


def quiet(notifications: Iterable[Notification]) -> bool:
    """Say whether everything that ever rang was called over since."""
    ringing: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for notification in notifications:
        for alert in notification.alerts if notification.receiver == PAGE else ():
            key = (alert.name, frozenset(alert.labels.items()))
            (ringing.add if alert.status == FIRING else ringing.discard)(key)
    return not ringing
