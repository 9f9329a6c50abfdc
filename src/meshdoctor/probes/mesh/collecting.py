"""The agents' reports, out of the ConfigMaps that they write."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from meshdoctor.probes.mesh.evidence import CLOCK_SECONDS, Answer, Report, Written
from meshdoctor.probes.mesh.files import KEY
from meshdoctor.probes.mesh.reading import ReportError, load

Object = dict[str, Any]


def collect(
    objects: Sequence[Object], now: float | None
) -> tuple[tuple[Written, ...], tuple[str, ...]]:
    """Read reports, each with its age.

    Args:
        objects: ConfigMaps, as the API has them.
        now: by the API's own clock; None when it did not say: then the newest report is new.

    Returns:
        The reports by the names of their nodes, and a sentence for each that is none.
    """
    reports: list[tuple[Report, float]] = []
    damaged = []
    for found in objects:
        try:
            reports.append(_read(found))
        except ReportError as error:
            damaged.append(str(error))
        except (AttributeError, KeyError, TypeError):
            damaged.append("a ConfigMap of an agent is damaged")
    moment = max((taken for _, taken in reports), default=0.0) if now is None else now
    written = (Written(report, max(0.0, moment - taken)) for report, taken in reports)
    return tuple(sorted(written, key=lambda one: one.report.node)), tuple(damaged)


def settled(reports: Sequence[Written], silent_after: float) -> bool:
    """Tell whether each agent that still writes has looked since the oldest failure began.

    Args:
        reports: of the agents.
        silent_after: seconds from which on nobody waits for an agent.
    """
    alive = [one.report for one in reports if one.age <= silent_after]
    began = [
        sighting.since
        for report in alive
        for sighting in report.sightings
        if sighting.answer is not Answer.OK
    ]
    return not began or all(report.at > min(began) + CLOCK_SECONDS for report in alive)


def _read(found: Object) -> tuple[Report, float]:
    name = str(found["metadata"]["name"])
    text = (found.get("data") or {}).get(KEY)
    if not isinstance(text, str):
        raise ReportError(f"ConfigMap {name} has no {KEY}")
    report = load(text, f"ConfigMap {name}")
    return report, _taken(found["metadata"], report)


def _taken(meta: Object, report: Report) -> float:
    """Give the moment at which the API took a report in; else the agent's own of its round."""
    times = [_moment(one.get("time")) for one in meta.get("managedFields") or ()]
    return max((one for one in times if one is not None), default=report.at)


def _moment(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
