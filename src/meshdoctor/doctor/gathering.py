"""What many subjects share is said once, with its extent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from meshdoctor.doctor.graph import Result
from meshdoctor.doctor.model import Finding
from meshdoctor.faults import FAULTS

_NAMED: Final = 3
"""Subjects that are named; of more, the rest is counted."""

_SEEN: Final = 3


def gathered(results: Sequence[Result], counted: Mapping[str, str]) -> tuple[Finding, ...]:
    """Give one finding for each fault of each group.

    Args:
        results: of all checks.
        counted: what a check looks at, in the plural, by its name, where the extent is told.
    """
    told: dict[tuple[str, str], list[tuple[Result, Finding]]] = {}
    for result in results:
        for one in result.problems:
            if isinstance(one.said, Finding):
                told.setdefault((one.said.code, _group(one.said, one.group)), []).append(
                    (result, one.said)
                )
    return tuple(_one(same, counted) for same in told.values())


def _group(finding: Finding, group: str) -> str:
    """Put together what the mesh's checks say of one fault; a Pod's owner keeps its own."""
    return "" if _where(finding) else group


def _where(finding: Finding) -> str:
    start = f"{FAULTS[finding.code].meaning}: "
    return finding.sentence[len(start) :] if finding.sentence.startswith(start) else ""


def _one(same: Sequence[tuple[Result, Finding]], counted: Mapping[str, str]) -> Finding:
    result, first = same[0]
    if len(same) == 1 and not _where(first):
        return first
    if not _where(first):
        return replace(first, seen=(*first.seen, f"the same on {len(same) - 1} more"))
    places = list(dict.fromkeys(_where(one) for _result, one in same))
    shown = "; ".join(places[:_NAMED])
    more = f"; and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    extent = ""
    if noun := counted.get(result.name):
        extent = f" ({len(places)} of {result.looked} {noun})"
    seen = dict.fromkeys(line for _result, one in same for line in one.seen[:1])
    lines = (*seen, *(line for line in first.seen if line not in seen))
    return replace(
        first,
        sentence=f"{FAULTS[first.code].meaning}: {shown}{more}{extent}",
        seen=tuple(lines)[:_SEEN] if len(same) > 1 else first.seen,
        recipes=tuple(dict.fromkeys(each for _result, one in same for each in one.recipes)),
    )
