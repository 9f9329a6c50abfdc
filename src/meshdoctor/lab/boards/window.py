"""The stretch of time that a page shows, and how Grafana's variables read in it."""

import math
import re
from dataclasses import dataclass
from typing import Final

MOMENTS: Final = 60
"""Points of a chart: as many as a pointer can tell apart."""

_SCRAPE_SECONDS: Final = 1.0  # the lab's own, see lab/prometheus.py
_LEAST_RATE_SECONDS: Final = 15.0  # shorter, and what happens once in 5 s is a row of spikes
_UNKNOWN = re.compile(r"\$\{?\w+\}?")


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end` (Unix seconds), looked at every `step` seconds."""

    start: float
    end: float
    step: float

    @property
    def moments(self) -> tuple[float, ...]:
        """The Unix seconds that are looked at, as Prometheus counts them."""
        count = math.floor((self.end - self.start) / self.step + 1e-6) + 1
        return tuple(self.start + index * self.step for index in range(count))

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


def window(start: float, end: float) -> Window:
    """Lay a window with whole steps, aligned to the clock so that curves do not tremble.

    Args:
        start: Unix seconds.
        end: likewise, later.

    Returns:
        At most `MOMENTS` + 1 moments, the last of them within a step of `end`.
    """
    step = float(max(math.ceil((end - start) / MOMENTS), 1))
    last = math.floor(end / step) * step
    first = min(math.ceil(start / step) * step, last)
    return Window(first, last, step)


def expand(expression: str, seen: Window) -> str:
    """Put values in the place of Grafana's variables.

    Args:
        expression: PromQL with `$namespace`, `$__rate_interval` and `$__range`.
        seen: what is shown.

    Returns:
        PromQL. `$__rate_interval` follows Grafana's definition, the larger of four scrapes and
        one step plus one scrape, but is 15 s at least.

    Raises:
        ValueError: another variable is in it; the text names it.
    """
    rate = max(4 * _SCRAPE_SECONDS, seen.step + _SCRAPE_SECONDS, _LEAST_RATE_SECONDS)
    values = {
        "namespace": ".*",
        "__rate_interval": f"{rate:.0f}s",
        "__range": f"{max(seen.seconds, 1):.0f}s",
    }
    for name, value in values.items():
        expression = re.sub(rf"\${name}\b|\${{{name}}}", value, expression)
    if unknown := _UNKNOWN.search(expression):
        raise ValueError(f"the query asks for {unknown.group()}, which this view does not know")
    return expression
