"""Which stretch of time a page shows, in Grafana's own words: `?from=now-5m&to=now`.

Source: Grafana documentation, "Dashboard URL variables", time range: relative times, or Unix
milliseconds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meshdoctor.lab.boards.window import Window, window

CHOICES: Final = ("5m", "15m", "1h", "6h")
"""What a page offers as links; the first is what it shows unasked."""

_LEAST, _MOST = 30.0, 24 * 3600.0  # Prometheus keeps a day here
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RELATIVE = re.compile(r"(?:now)?-(\d{1,6})([smhd])")
_MILLISECONDS = re.compile(r"\d{12,14}")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time.

    Attributes:
        start: Unix seconds.
        end: likewise.
        live: whether it ends now, so that the page is worth loading again.
        chosen: the choice that it is; empty for another one.
    """

    start: float
    end: float
    live: bool
    chosen: str

    @property
    def window(self) -> Window:
        """Its moments."""
        return window(self.start, self.end)


def parse(query: Mapping[str, str], now: float) -> Span:
    """Read a page's `from` and `to`.

    Args:
        query: the address's parameters.
        now: Unix seconds.

    Returns:
        The stretch of time, 30 s to a day long.

    Raises:
        ValueError: it is none; the text says what would be.
    """
    start_text, end_text = query.get("from", f"now-{CHOICES[0]}"), query.get("to", "now")
    end, start = _moment(end_text, now), _moment(start_text, now)
    if not _LEAST <= end - start <= _MOST:
        raise ValueError("`from` must lie between 30 seconds and 24 hours before `to`")
    short = start_text.removeprefix("now").removeprefix("-")
    live = end_text == "now"
    return Span(start, end, live, short if live and short in CHOICES else "")


def _moment(text: str, now: float) -> float:
    if text == "now":
        return now
    if found := _RELATIVE.fullmatch(text):
        return now - int(found.group(1)) * _UNITS[found.group(2)]
    if _MILLISECONDS.fullmatch(text):
        return int(text) / 1000
    raise ValueError("`from` and `to` are `now`, `now-5m`, `now-2h` or Unix milliseconds")
