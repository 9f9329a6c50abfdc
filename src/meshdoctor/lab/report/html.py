"""The report: one HTML file that needs nothing else, not even a script."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from meshdoctor.faults import CAUSES
from meshdoctor.lab.model import RunFacts, Trace
from meshdoctor.lab.report import bars, charts, numbers, series, waterfall, words
from meshdoctor.lab.report.judge import Result

_HERE = Path(__file__).parent
_WIDE, _NARROW = 560.0, 340.0
_CHART, _TALL, _WITH_STRIP, _STRIP = 250.0, 272.0, 172.0, 90.0
# Drawn as the tab's icon; the shapes differ, so the colour is not alone.
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" '
    'fill="{colour}"/><path d="{shape}" fill="none" stroke="#fff" stroke-width="2"/></svg>'
)
_COLOURS = {"pass": "#009E73", "fail": "#D55E00"}
_SIGNS = {"pass": "M4.2 8.4l2.7 2.7 4.9-6", "fail": "M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6"}


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart drawn twice, for a wide and a narrow screen, so that its letters keep a size."""

    wide: Markup
    narrow: Markup


def render(facts: RunFacts, result: Result) -> str:
    """Render the report of a run.

    The page refers to nothing outside itself, and its Content-Security-Policy forbids it to:
    no script runs, no image or font is fetched, and only the one style sheet whose hash it
    names applies. Every text of the run is escaped.

    Args:
        facts: what the run saw.
        result: what `judge` made of it.

    Returns:
        An HTML document, to be written as UTF-8.
    """
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'"
    template = _environment().get_template("template.html.j2")
    return template.render(
        facts=facts,
        result=result,
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file
        icon=_icon(result["verdict"]),
        sign=_SIGNS[result["verdict"]],
        **_words(facts, result),
        **_pictures(facts),
    )


def _words(facts: RunFacts, result: Result) -> dict[str, object]:
    return {
        "summary": words.summary(facts, result),
        "cards": words.cards(facts, result),
        "objectives": [words.objective(each) for each in facts.load.objectives],
        "meanings": CAUSES,
        "most_users": max((sample.users for sample in facts.load.series), default=0),
        "seconds_per_point": series.step(facts.load.series),
        "most_rows": waterfall.MOST_ROWS,
    }


def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=_printable,
        loader=FileSystemLoader(_HERE),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    filters = (numbers.count, numbers.plain, numbers.milliseconds, numbers.percent, numbers.moment)
    environment.filters.update({each.__name__: each for each in filters})
    environment.filters["rows"] = waterfall.rows
    environment.filters["colours"] = waterfall.colours
    return environment


def _printable(value: object) -> object:
    """Clean everything on its way into the page; `Markup` is ours and already clean."""
    return value if isinstance(value, Markup) else numbers.clean(str(value))


def _icon(verdict: str) -> str:
    drawn = _ICON.format(colour=_COLOURS[verdict], shape=_SIGNS[verdict])
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()}"


def _picture(draw: Callable[[float], str]) -> Picture:
    # `svg.document` escapes whatever was drawn.
    return Picture(Markup(draw(_WIDE)), Markup(draw(_NARROW)))  # noqa: S704


def _pictures(facts: RunFacts) -> dict[str, object]:
    samples, latency = series.thin(facts.load.series), facts.load.latency_ms
    histogram = bars.regroup(facts.load.histogram)
    marks = {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}
    kept = series.prometheus(facts.series)
    traces = [trace for trace in facts.traces if trace.spans]
    return {
        "throughput": _curves(series.throughput(samples), _WITH_STRIP),
        "users": _curves(series.users(samples), _STRIP),
        "latency": _curves(series.latencies(samples), _TALL),
        "distribution": _picture(lambda width: bars.distribution(histogram, marks, width, _CHART)),
        "prometheus": {name: _curves(curves, _WITH_STRIP) for name, curves in kept.items()},
        "slowest": _slowest(traces),
        "failed": _slowest(trace for trace in traces if trace.failed),
        "waterfall": _waterfall,
        "share": _share,
    }


def _curves(curves: charts.Curves, height: float) -> Picture:
    return _picture(lambda width: charts.draw(curves, width, height))


def _waterfall(trace: Trace) -> Picture:
    return _picture(lambda width: waterfall.draw(trace, width))


def _share(value: float, css: str, says: str) -> Markup:
    return Markup(bars.share(value, css, says))  # noqa: S704 - as above


def _slowest(traces: Iterable[Trace]) -> Trace | None:
    return max(traces, key=lambda trace: trace.duration_ms, default=None)
