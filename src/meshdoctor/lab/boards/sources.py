"""What the pages are made from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from meshdoctor.lab.boards.model import Dashboard, Link
from meshdoctor.lab.boards.runbook import RUNBOOK
from meshdoctor.lab.pager import Pager
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.traces import SpanStore


@dataclass(frozen=True, slots=True)
class Sources:
    """Who knows what is shown.

    Attributes:
        boards: the dashboards.
        prometheus: a client, or None when Prometheus does not run.
        spans: what the services exported.
        pager: what Alertmanager sent.
        logs: the folder of the services' logs.
        notes: sentences about what this mesh has to do without.
        links: other pages of the mesh.
        runbook: a Markdown file.
        sampling: the share of requests that leave a trace.
        now: the time in Unix seconds.
    """

    boards: tuple[Dashboard, ...]
    prometheus: Prometheus | None
    spans: SpanStore
    pager: Pager
    logs: Path
    now: Callable[[], float]
    notes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    runbook: Path = field(default=RUNBOOK)
    sampling: float = 0.1
