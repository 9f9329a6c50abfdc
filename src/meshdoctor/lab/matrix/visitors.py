"""What visitors had of a while: counted by the load and by the shop's own pages, or looked at."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Self
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.metricspage import MetricsPage
from meshdoctor.telemetry.catalogue import LOAD_FAILURES, LOAD_REQUESTS

_HEADER: Final = "X-Mesh-Freshness"
_LIVE: Final = "live"
# Whoever answers is chosen by lot: so many in a row are from every Pod, but once in a million.
_IN_A_ROW: Final = 20
_EVERY_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 2.0
_SERVER_ERRORS: Final = "5"
# Whatever proxy the environment names, the shop is in the sandbox.
_DIRECT: Final = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Visits:
    """Counts of a while.

    Attributes:
        requests: that ended, as the load saw them.
        lost: of them, those that got no answer that the contract knows.
        http_5xx: answers of the shop.
        pages: answers of the shop with books in them.
        degraded: of them, those with remembered or built-in books.
    """

    requests: int = 0
    lost: int = 0
    http_5xx: int = 0
    pages: int = 0
    degraded: int = 0

    @classmethod
    def counted(cls, load: MetricsPage, shops: Iterable[MetricsPage]) -> Self:
        """Count from metrics pages: the load's, and those of every Pod of the shop."""
        pages = tuple(shops)
        return cls(
            requests=_sum(load, LOAD_REQUESTS.name),
            lost=_sum(load, LOAD_FAILURES.name),
            http_5xx=sum(
                count
                for page in pages
                for status, count in page.statuses.items()
                if status.startswith(_SERVER_ERRORS)
            ),
            pages=sum(sum(page.freshness.values()) for page in pages),
            degraded=sum(page.degraded for page in pages),
        )

    def since(self, before: "Visits") -> "Visits":
        """Count what came after another count."""
        return Visits(
            self.requests - before.requests,
            self.lost - before.lost,
            self.http_5xx - before.http_5xx,
            self.pages - before.pages,
            self.degraded - before.degraded,
        )


def live_after(url: str, seconds: float, interruption: Interruption) -> float | None:
    """Look at the page until it is live, again and again.

    Args:
        url: of the page, as visitors have it.
        seconds: how long to look at most.
        interruption: what to ask whether the user wants to stop.

    Returns:
        Seconds until the first of a row of live answers, one from each Pod at least; None when
        there was no such row.
    """
    return _steady(lambda: _live(url), seconds, interruption)


def _steady(good: Callable[[], bool], seconds: float, interruption: Interruption) -> float | None:
    began = first = time.monotonic()
    row = 0
    while row < _IN_A_ROW:
        asked = time.monotonic()
        if asked - began > seconds:
            return None
        if good():
            first = time.monotonic() if row == 0 else first
            row += 1
        else:
            row = 0
        interruption.sleep(max(_EVERY_SECONDS - (time.monotonic() - asked), 0))
    return first - began


def _live(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.headers[_HEADER] == _LIVE)
    except (URLError, OSError):
        return False


def _sum(page: MetricsPage, name: str) -> int:
    return int(sum(page.by_label(name, "name").values()))
