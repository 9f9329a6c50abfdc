"""A matrix made up for tests: every fault, every goal met, unless told otherwise."""

from dataclasses import replace

from meshdoctor.faults import FAULTS
from meshdoctor.lab.matrix.model import NOTHING, Matrix, Trial

BEGAN = 1_795_000_000.0


def good(fault: str, number: int = 1) -> Trial:
    """Make a trial that meets every goal."""
    return Trial(
        fault,
        number,
        alert="SomethingBroken",
        names=(fault,),
        seconds_to_verdict=6.5,
        command_seconds=1.25,
        page="SomethingBroken",
        cause="dns-timeout",
        pages=1,
        seconds_to_page=47.5,
        requests=2000,
        degraded=40,
        budget=0.000125,
        recovered_s=0.5,
        healthy_s=6.0,
        bundle=f"bundles/{number}-{fault}.json",
        replayed=True,
    )


def quiet(number: int = 1) -> Trial:
    """Make a trial in which nothing was done, and nothing was said."""
    return Trial(NOTHING, number, command_seconds=1.25, requests=400)


def matrix(*trials: Trial, rounds: int = 1) -> Matrix:
    """Make a matrix; of every fault and a healthy round when no trial is given."""
    every = (*(good(code) for code in FAULTS), quiet())
    return Matrix(BEGAN, seed=7, rounds=rounds, trials=trials or every)


def named(fault: str, *names: str) -> Trial:
    """Make a trial that was called something else, or nothing."""
    return replace(good(fault), names=names, seconds_to_verdict=6.5 if names else None)
