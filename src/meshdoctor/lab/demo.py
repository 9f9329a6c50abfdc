"""`demo`: run the mesh under load, judge it, and leave a report."""

import json
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from meshdoctor.lab import load, progress
from meshdoctor.lab.boards import snapshot
from meshdoctor.lab.boards.reader import read_boards
from meshdoctor.lab.evidence import gather
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.metricspage import MetricsPage, read_page
from meshdoctor.lab.model import LoadResult
from meshdoctor.lab.report.html import render
from meshdoctor.lab.report.judge import Result, judge
from meshdoctor.lab.settings import LabSettings

_LATE_SECONDS = 30  # what the load generator may need beyond the load itself
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Demo:
    """A run to make: the load, the folder for its results, whether a browser shows the report."""

    plan: load.LoadPlan
    out: Path
    open_report: bool


def run(demo: Demo, settings: LabSettings, interruption: Interruption) -> bool:
    """Make the run.

    Returns:
        Whether the verdict is "pass".

    Raises:
        LabError: the run could not be made; everything is stopped.
        Interrupted: the user wants to stop; likewise.
    """
    report, result = demo.out / "report.html", demo.out / "result.json"
    for old in (report, result):  # nobody may take the run before for this one
        old.unlink(missing_ok=True)
    print("starting the mesh", flush=True)
    with loopback_mesh(settings, demo.out, interruption, monitored=True) as mesh:
        for note in mesh.notes:
            print(note, flush=True)
        outcome = _push(demo, mesh, interruption)
        ended = time.time()
        seen = _seen(mesh, outcome.started, ended)
        facts = gather(mesh, outcome, ended=ended)
    judged = judge(facts)
    result.write_text(json.dumps(judged, indent=2) + "\n", encoding="utf-8")
    report.write_text(render(facts, judged, snapshot.draw(seen, facts.traces)), encoding="utf-8")
    print(summary(judged, outcome, report), flush=True)
    if demo.open_report:
        webbrowser.open(report.resolve().as_uri())
    return judged["verdict"] == "pass"


def _seen(mesh: Mesh, began: float, ended: float) -> snapshot.Snapshot:
    """Ask what the watchers saw, while Prometheus still runs."""
    boards, problems = read_boards()
    mesh.notes = (*mesh.notes, *problems)
    return snapshot.take(mesh.prometheus, boards, mesh.pager.notifications, began, ended)


def summary(result: Result, outcome: LoadResult, report: Path) -> str:
    """The end of a run in a few lines."""
    latency, traces, scrape = outcome.latency_ms, result["traces"], result["scrape"]
    lines = [
        f"verdict: {result['verdict']}",
        *(f"  because: {reason}" for reason in result["reasons"]),
        f"  {outcome.requests:,} requests, {outcome.failures:,} failed, {outcome.rps:.0f}/s",
        f"  latency p50 {latency.p50:g} ms, p95 {latency.p95:g} ms, p99 {latency.p99:g} ms",
        f"  {outcome.degraded_pages:,} degraded pages",
        f"  {traces['received']:,} traces, {traces['complete_ratio']:.2%} complete",
        f"  {scrape['up']} of {scrape['targets']} metrics pages up",
        f"report: {report}",
    ]
    return "\n".join(lines)


def _push(demo: Demo, mesh: Mesh, interruption: Interruption) -> LoadResult:
    result = demo.out.resolve() / "load.json"
    result.unlink(missing_ok=True)
    plan = demo.plan
    print(f"pushing {mesh.url}: {plan.shape}, {plan.users} users, {plan.seconds} s", flush=True)
    meter = progress.Meter(_page(mesh))
    (process,) = mesh.crew.start(load.program(plan, mesh.url, result, mesh.load_address))
    until = time.monotonic() + plan.seconds + _LATE_SECONDS
    with progress.shown(plan.seconds) as (show, every):
        due = time.monotonic() + every
        while process.running:
            mesh.crew.check()
            interruption.sleep(_POLL_SECONDS)
            if time.monotonic() > until:
                raise load.LoadBroken(f"the load did not end in time; {process.tail()}")
            if time.monotonic() > due:
                due += every
                show(meter.moment(_page(mesh)))
    return load.read_result(result, process)


def _page(mesh: Mesh) -> MetricsPage:
    try:
        return read_page(mesh.metrics_address)
    except (OSError, ValueError):
        return MetricsPage(())
