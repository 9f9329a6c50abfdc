"""The shapes of load as pure functions of time: how many users there are, t seconds in.

`steady` is no shape: Locust's own --users, --spawn-rate and --run-time, in the web UI too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

STEADY = "steady"
RISE = 0.8
SPIKE_STARTS, SPIKE_ENDS = 0.4, 0.6
SPIKE_BASE = 0.1
SOAK_RISE = 0.05


@dataclass(frozen=True, slots=True)
class Shape:
    """A curve over the run.

    Attributes:
        curve: Part of the run that has passed (0 to 1) -> share of the peak users (0 to 1).
        seconds: How long the run lasts when nobody says.
        meaning: One line for the help text.
    """

    curve: Callable[[float], float]
    seconds: int
    meaning: str

    def users(self, elapsed: float, *, peak: int, seconds: float) -> int | None:
        """Say how many users there are.

        Args:
            elapsed: Seconds since the start.
            peak: Users at the top of the curve.
            seconds: Length of the run.

        Returns:
            At least one user; None when the run is over.
        """
        if elapsed >= seconds:
            return None
        return max(round(peak * self.curve(elapsed / seconds)), 1)


def _ramp(part: float) -> float:
    return min(part / RISE, 1.0)


def _spike(part: float) -> float:
    return 1.0 if SPIKE_STARTS <= part < SPIKE_ENDS else SPIKE_BASE


def _soak(part: float) -> float:
    return min(part / SOAK_RISE, 1.0)


SHAPES: Mapping[str, Shape] = {
    "ramp": Shape(_ramp, 60, "climb evenly to the peak, then hold it: where does it bend?"),
    "spike": Shape(_spike, 60, "a tenth, the peak in the middle fifth, a tenth: does it heal?"),
    "soak": Shape(_soak, 1800, "rise gently and hold the peak for long: does it leak?"),
}
