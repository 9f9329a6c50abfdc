"""The report: one HTML file that needs nothing else, not even a script."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from meshdoctor.faults import CAUSES
from meshdoctor.lab.model import RunFacts, Trace
from meshdoctor.lab.report import bars, charts, series, words
from meshdoctor.lab.report.judge import Result
from meshdoctor.lab.report.paper import HERE, Picture, Style, environment, picture, slowest, style

_BLANK: Final = Markup()
_CHART, _TALL, _WITH_STRIP, _STRIP = 250.0, 272.0, 172.0, 90.0
# Drawn as the tab's icon; the shapes differ, so the colour is not alone.
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" '
    'fill="{colour}"/><path d="{shape}" fill="none" stroke="#fff" stroke-width="2"/></svg>'
)
_COLOURS: Final = {"pass": "#009E73", "fail": "#D55E00"}
_SIGNS: Final = {"pass": "M4.2 8.4l2.7 2.7 4.9-6", "fail": "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"}


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watchers saw of the run, already drawn; see `meshdoctor.lab.boards.snapshot`.

    Attributes:
        style: the style sheet of all of the report, which must know these drawings too.
        alerts: the section that tells which alerts there were.
        boards: the section with the dashboards.
        traces: traces to which the dashboards lead, by id.
    """

    style: Style = field(default_factory=lambda: style(HERE / "style.css"))
    alerts: Markup = _BLANK
    boards: Markup = _BLANK
    traces: tuple[str, ...] = ()


def render(facts: RunFacts, result: Result, watched: Watched | None = None) -> str:
    """Render the report of a run.

    The page refers to nothing outside itself, and its Content-Security-Policy forbids it to.
    Every text of the run is escaped.

    Args:
        facts: what the run saw.
        result: what `judge` made of it.
        watched: what Prometheus and the alerts made of it; None when nobody watched.

    Returns:
        An HTML document, to be written as UTF-8.
    """
    watched = watched or Watched()
    template = environment().get_template("template.html.j2")
    return template.render(
        facts=facts,
        result=result,
        style=watched.style,
        watched=watched,
        icon=icon(good=result["verdict"] == "pass"),
        sign=_SIGNS[result["verdict"]],
        **_words(facts, result),
        **_pictures(facts),
        **_traces(facts, watched.traces),
    )


def icon(*, good: bool) -> str:
    """Return the tab's icon as a `data:` address."""
    verdict = "pass" if good else "fail"
    drawn = _ICON.format(colour=_COLOURS[verdict], shape=_SIGNS[verdict])
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"


def _words(facts: RunFacts, result: Result) -> dict[str, object]:
    return {
        "summary": words.summary(facts, result),
        "cards": words.cards(facts, result),
        "objectives": [words.objective(each) for each in facts.load.objectives],
        "meanings": CAUSES,
        "most_users": max((sample.users for sample in facts.load.series), default=0),
        "seconds_per_point": series.step(facts.load.series),
    }


def _pictures(facts: RunFacts) -> dict[str, object]:
    samples, latency = series.thin(facts.load.series), facts.load.latency_ms
    histogram = bars.regroup(facts.load.histogram)
    marks = {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}
    return {
        "throughput": _curves(series.throughput(samples), _WITH_STRIP),
        "users": _curves(series.users(samples), _STRIP),
        "latency": _curves(series.latencies(samples), _TALL),
        "distribution": picture(lambda width: bars.distribution(histogram, marks, width, _CHART)),
    }


def _traces(facts: RunFacts, wanted: Iterable[str]) -> dict[str, object]:
    """Choose the traces that are drawn, each once."""
    traces = [trace for trace in facts.traces if trace.spans]
    longest, failed = slowest(traces), slowest(trace for trace in traces if trace.failed)
    drawn = {trace.trace_id for trace in (longest, failed) if trace}
    by_id: dict[str, Trace] = {trace.trace_id: trace for trace in traces}
    others = [by_id[each] for each in wanted if each in by_id and each not in drawn]
    return {"slowest": longest, "failed": failed, "others": others}


def _curves(curves: charts.Curves, height: float) -> Picture:
    return picture(lambda width: charts.draw(curves, width, height))
