"""From measurements to ratios with their spread: pure, so that the arithmetic has tests.

A ratio is taken within one round, where both sides met the same neighbours on the machine, and the
median is taken over rounds. The twins of a rival do the same work, so what they differ by in the
same rounds is the noise that a ratio has to be held against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, median
from typing import Any, Final

from meshdoctor.lab.bench.push import Measurement
from meshdoctor.lab.bench.rivals import ALWAYS, BARE, COMMON, RIVALS, SHIPPED, TWINS

Round = Mapping[str, Measurement]
"""Entry name to its measurement in one round."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over rounds: median, smallest, largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarize `values`, of which there is at least one."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Promise:
    """A ratio of requests per CPU second that this project promises.

    Attributes:
        says: the promise in words.
        ours: the rival that should do more.
        theirs: the rival it is held against.
        target: at least so many times theirs.
    """

    says: str
    ours: str
    theirs: str
    target: float


PROMISES: Final = (
    Promise("as shipped keeps 90 % of bare", SHIPPED.name, BARE.name, 0.9),
    Promise("twice the common way, both tracing all", ALWAYS.name, COMMON.name, 2.0),
    Promise("2.5 times the common way, as shipped", SHIPPED.name, COMMON.name, 2.5),
)


def summarize(rounds: Sequence[Round], sampled: Mapping[str, float]) -> dict[str, Any]:
    """Return the content of `result.json`.

    Args:
        rounds: at least one, each with every entry.
        sampled: share of requests that left a trace, by rival.
    """
    return {
        "rounds": len(rounds),
        "rivals": {
            rival.name: {
                "says": rival.says,
                "sampled": {"wanted": rival.sampled, "counted": round(sampled[rival.name], 4)},
                **{
                    name: asdict(Spread.of([_mean(one, rival.name, name) for one in rounds]))
                    for name in ("rps", "p50_ms", "p99_ms", "cpu_us")
                },
                "kept_of_bare": asdict(ratio(rounds, rival.name, BARE.name)),
                "twins": asdict(twins(rounds, rival.name)),
            }
            for rival in RIVALS
        },
        "promises": [
            {**asdict(promise), "measured": asdict(found), "met": found.median >= promise.target}
            for promise in PROMISES
            for found in [ratio(rounds, promise.ours, promise.theirs)]
        ],
    }


def ratio(rounds: Sequence[Round], ours: str, theirs: str) -> Spread:
    """Return requests per CPU second of `ours` in units of `theirs`, round by round."""
    return Spread.of([_mean(one, theirs, "cpu_us") / _mean(one, ours, "cpu_us") for one in rounds])


def twins(rounds: Sequence[Round], rival: str) -> Spread:
    """Return the same ratio between the two twins of a rival; 1 is no noise."""
    first, second = (f"{rival}-{twin}" for twin in TWINS)
    return Spread.of([one[second].cpu_us / one[first].cpu_us for one in rounds])


def _mean(one: Round, rival: str, name: str) -> float:
    return mean(float(getattr(one[f"{rival}-{twin}"], name)) for twin in TWINS)
