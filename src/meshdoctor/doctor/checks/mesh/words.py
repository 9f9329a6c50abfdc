"""How findings of the mesh are put into words: what broke, a colon, where."""

from collections.abc import Iterable
from typing import Final

from meshdoctor.doctor.checks.mesh.sights import FLAPS, Look
from meshdoctor.doctor.model import Doubt, Finding, Recipe
from meshdoctor.faults import FAULTS

MOST_SEEN: Final = 3
"""Lines of evidence: those that decide, no more."""

COMES_AND_GOES: Final = "it comes and goes"
UNSETTLED: Final = "the agents' next reports: ask again in a few seconds"
"""What is missing while reports from before and after a change stand side by side."""


def finding(
    code: str,
    where: object,
    seen: Iterable[Look | str],
    ruled_out: Iterable[str],
    fix: str = "",
    recipes: tuple[Recipe, ...] = (),
) -> Finding:
    """Make a finding whose sentence several subjects can share.

    Args:
        code: of the fault.
        where: the subject, in words.
        seen: what decides, the most telling first.
        ruled_out: what else it could be, and what says that it is not.
        fix: in place of the fault's own.
        recipes: the fix in other words.
    """
    looks = list(seen)
    flaps = any(isinstance(one, Look) and one.changes >= FLAPS for one in looks)
    sentence = f"{FAULTS[code].meaning}: {where}{f' ({COMES_AND_GOES})' if flaps else ''}"
    lines = tuple(dict.fromkeys(map(str, looks)))[:MOST_SEEN]
    return Finding(code, sentence, lines, tuple(ruled_out), fix or FAULTS[code].fix, recipes)


def unsettled(what: object) -> Doubt:
    """Say that something is changing right now.

    Args:
        what: the subject, in words.
    """
    return Doubt(
        f"{what}: something has just broken or healed, and not all agents tell so", UNSETTLED
    )
