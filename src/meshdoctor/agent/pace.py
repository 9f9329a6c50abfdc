"""When the next round begins: sooner, a few times, after one that saw something new.

What has just changed is looked at again before it is believed, so how soon a fault is named hangs
on the pause after the first sight of it. It costs little: nothing while nothing changes, and where
something changes in every round, five rounds in the time of three.
"""

from typing import Final

from meshdoctor.probes.mesh.evidence import SOON_SECONDS

_SOON_ROUNDS: Final = 2


class Pace:
    """Says how long to pause.

    Args:
        interval: seconds from round to round while nothing changes.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._left = 0
        self._early = False

    def after(self, *, news: bool) -> float:
        """Give the seconds from the beginning of a round to that of the next.

        Args:
            news: whether the round saw something new; one that came early itself hastens nothing.
        """
        if news and not self._early:
            self._left = _SOON_ROUNDS
        self._early = self._left > 0
        if not self._early:
            return self._interval
        self._left -= 1
        return min(SOON_SECONDS, self._interval)
