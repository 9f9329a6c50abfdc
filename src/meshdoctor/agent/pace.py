"""When the next round begins: sooner, a few times, after one that saw something new.

What has just changed is looked at again before it is believed, so how soon a fault is named hangs
on the pause after the first sight of it; and a fault may come in steps, such as new Pods that
refuse calls first and then answer badly. It costs nothing while nothing changes, and where
something changes in every round, less than twice as many rounds.
"""

from typing import Final

from meshdoctor.probes.mesh.evidence import SOON_SECONDS

_AFTER_NEWS: Final = 2
_IN_A_ROW: Final = 4


class Pace:
    """Says how long to pause.

    Args:
        interval: seconds from round to round while nothing changes.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._left = 0
        self._row = 0

    def after(self, *, news: bool) -> float:
        """Give the seconds from the beginning of a round to that of the next.

        Args:
            news: whether the round saw something new.
        """
        if news:
            self._left = _AFTER_NEWS
        if not self._left or self._row == _IN_A_ROW:
            self._left = self._row = 0
            return self._interval
        self._left -= 1
        self._row += 1
        return min(SOON_SECONDS, self._interval)
