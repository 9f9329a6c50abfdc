"""Traces: the newest, the slowest and the failed; and each with the log lines that belong to it."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from meshdoctor.lab.boards.journal import lines_of
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.boards.view import View, sorry
from meshdoctor.lab.model import Trace, group_traces
from meshdoctor.lab.report.numbers import percent

_LOOKED_AT: Final = 5000
"""Spans: a page of a thousand traces is searched in a tenth of a second."""

_LISTED: Final = 12
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Listing:
    """Some traces under a heading."""

    title: str
    traces: tuple[Trace, ...]
    empty: str


def traces(sources: Sources) -> View:
    """Make the page that lists some of the newest spans' traces."""
    found = group_traces(sources.spans.newest(_LOOKED_AT))
    slowest = sorted(found, key=lambda trace: -trace.duration_ms)[:_LISTED]
    failed = [trace for trace in reversed(found) if trace.failed][:_LISTED]
    newest = tuple(reversed(found))[:_LISTED]
    listings = (
        Listing("Failed", tuple(failed), "No span of these traces failed."),
        Listing("Slowest", tuple(slowest), "No trace arrived yet."),
        Listing("Newest", newest, "No trace arrived yet."),
    )
    content = {"listings": listings, "looked_at": len(found), "sampling": sources.sampling}
    return View("traces.html.j2", "Traces", content, here="traces", live=True)


def trace(sources: Sources, trace_id: str) -> View:
    """Make the page of one trace; 404 when it is not known."""
    if not _TRACE_ID.fullmatch(trace_id):
        why = "A trace's id has 32 lower-case hexadecimal digits."
        return sorry(HTTPStatus.NOT_FOUND, why)
    lines = lines_of(trace_id, sources.logs)
    found = group_traces(sources.spans.of_trace(trace_id))
    if not found and not lines:
        return sorry(HTTPStatus.NOT_FOUND, _unknown(trace_id, sources))
    content = {"trace": found[0] if found else None, "trace_id": trace_id, "lines": lines}
    return View("trace.html.j2", f"Trace {trace_id[:8]}", content, here="traces")


def _unknown(trace_id: str, sources: Sources) -> str:
    share = percent(sources.sampling)
    return (
        f"Nothing is known of trace {trace_id}: its spans come within seconds, {share} of the "
        "requests leave a trace, and the oldest are forgotten."
    )
