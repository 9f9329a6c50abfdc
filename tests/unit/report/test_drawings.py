"""Charts, bars and waterfalls: what they draw, and that nothing makes them stumble."""

import math
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.model import Sample, Span, Trace
from meshdoctor.lab.report import bars, charts, series, waterfall
from meshdoctor.lab.report.numbers import plain
from tests.unit.report.samples import span

SVG = "{http://www.w3.org/2000/svg}"
ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
SAMPLES = st.builds(
    Sample,
    at=ANY_FLOAT,
    users=st.integers(),
    rps=ANY_FLOAT,
    failures_per_s=ANY_FLOAT,
    p50_ms=ANY_FLOAT,
    p95_ms=ANY_FLOAT,
    p99_ms=ANY_FLOAT,
)


def _parse(drawn: str) -> ET.Element:
    """Parse a drawing, and insist that every place in it is a number."""
    root = ET.fromstring(drawn.encode())  # noqa: S314 - our own drawing
    for node in root.iter():
        places = " ".join(node.get(name, "") for name in ("x", "y", "width", "height", "d"))
        assert "nan" not in places
        assert "inf" not in places
    return root


def _texts(root: ET.Element, css: str) -> list[str]:
    return [node.text or "" for node in root.iter(f"{SVG}text") if node.get("class") == css]


def _line(*values: float | None) -> charts.Curves:
    times = tuple(float(index) for index in range(len(values)))
    return charts.Curves("says", times, (charts.Line("it", values, "blue"),), "per second", plain)


def test_a_chart_has_axes_with_units() -> None:
    """The vertical axis names its unit and has round ticks, the horizontal one tells seconds."""
    root = _parse(charts.draw(_line(*range(60)), 560, 240))

    assert ["per second"] == _texts(root, "unit")
    assert ["0", "20", "40", "60"] == _texts(root, "tick end")
    assert ["0 s", "20 s", "40 s", "60 s"] == _texts(root, "tick middle")
    assert "says" == root.get("aria-label")


def test_a_long_run_is_told_in_minutes() -> None:
    """Beyond five minutes the time axis counts minutes."""
    root = _parse(charts.draw(_line(*range(1200)), 340, 240))

    assert ["0 min", "10 min", "20 min"] == _texts(root, "tick middle")


def test_each_moment_can_be_read() -> None:
    """Every moment carries its figures, and says so where there are none."""
    root = _parse(charts.draw(_line(1.5, None, math.nan), 560, 240))

    assert ["at 0 s · it 1.5", "at 1 s · no request", "at 2 s · no request"] == _texts(
        root, "reading"
    )


def test_what_was_not_measured_is_a_gap() -> None:
    """A moment without a value lifts the pen: no line is drawn through it."""
    root = _parse(charts.draw(_line(1.0, None, 1.0), 560, 240))

    paths = [node.get("d", "") for node in root.iter(f"{SVG}path")]
    assert [2] == [path.count("M") for path in paths]
    assert [0] == [path.count("L") for path in paths]


@pytest.mark.parametrize("values", [(), (5.0,), (0.0, 0.0), (None,), (1e300, -1e300)])
def test_few_or_strange_values_still_draw(values: tuple[float | None, ...]) -> None:
    """No value, one value, zeros, only gaps or huge values give a drawing with axes."""
    assert _texts(_parse(charts.draw(_line(*values), 340, 100)), "tick end")


@given(st.lists(SAMPLES, max_size=8))
def test_any_samples_draw(samples: list[Sample]) -> None:
    """Whatever numbers the samples hold, each chart is well-formed and its places are finite."""
    for chart in (series.throughput, series.latencies, series.users):
        _parse(charts.draw(chart(series.thin(samples)), 340, 200))


def test_a_silent_second_has_no_latency() -> None:
    """A second without a request is a gap in the latency, not a latency of 0."""
    silent = Sample(0.0, 1, 0.0, 0.0, 0.0, 0.0, 0.0)

    assert [(None,)] * 3 == [line.values for line in series.latencies([silent]).lines]


def test_thinning_keeps_spikes() -> None:
    """A long run is thinned to a bounded number of points, and its worst second survives."""
    samples = [Sample(float(at), 5, 10.0, 0.0, 1.0, 2.0, 3.0) for at in range(3600)]
    samples[1801] = Sample(1801.0, 5, 40.0, 1.0, 1.0, 2.0, 900.0)

    thinned = series.thin(samples)

    assert series.MOST_POINTS == len(thinned)
    assert 30 == series.step(samples)
    assert 900.0 == max(sample.p99_ms for sample in thinned)
    assert 11.0 == max(sample.rps for sample in thinned)


def test_regrouping_keeps_every_request() -> None:
    """Fine buckets become twelve a decade, in order, with nothing lost and gaps kept."""
    fine = ((0.9, 1), (1.0, 2), (1.1, 4), (1.2, 8), (4.0, 16))

    assert (
        (1.0, 3),
        (1.2, 12),
        (1.5, 0),
        (1.8, 0),
        (2.2, 0),
        (2.7, 0),
        (3.3, 0),
        (3.9, 0),
        (4.7, 16),
    ) == bars.regroup(fine)


@given(st.lists(st.tuples(ANY_FLOAT, st.integers(min_value=-3, max_value=10**9)), max_size=20))
def test_any_histogram_draws(histogram: list[tuple[float, int]]) -> None:
    """Whatever the bounds, every counted request is in a bar and the drawing is well-formed."""
    grouped = bars.regroup(tuple(histogram))

    root = _parse(bars.distribution(grouped, {"p50": 3.0, "p99": math.nan}, 340, 200))

    assert sum(max(amount, 0) for _, amount in histogram) == sum(n for _, n in grouped)
    assert len(grouped) == len([n for n in root.iter(f"{SVG}rect") if n.get("class") == "bar"])


@pytest.mark.parametrize(
    ("value", "filled"), [(0.5, "60"), (-1.0, "0"), (7.0, "120"), (math.inf, "120")]
)
def test_a_bar_is_filled_to_its_share(value: float, filled: str) -> None:
    """A bar shows 0 to all of its width, whatever share it is given."""
    rects = list(_parse(bars.share(value, "fill-good", "budget")).iter(f"{SVG}rect"))

    assert filled == rects[1].get("width")


def _chain(parents: dict[str, str]) -> Trace:
    def spans() -> Iterator[Span]:
        for number, (name, parent) in enumerate(parents.items()):
            yield span("t", name, parent, "INTERNAL", "service", float(number), 1.0, name=name)

    return Trace("t", tuple(spans()))


def test_a_waterfall_follows_the_calls() -> None:
    """Children follow their parent, one step deeper, before the parent's next sibling."""
    trace = _chain({"a": "", "b": "a", "c": "a", "d": "b"})

    assert [("a", 0, 0.0), ("b", 1, 1.0), ("d", 2, 3.0), ("c", 1, 2.0)] == [
        (row.span.name, row.depth, row.start_ms) for row in waterfall.rows(trace)
    ]


@pytest.mark.parametrize(
    ("parents", "depths"),
    [
        ({"a": "gone", "b": "a"}, {"a": 0, "b": 1}),
        ({"a": "b", "b": "a"}, {"a": 0, "b": 1}),
        ({"a": "a"}, {"a": 0}),
    ],
)
def test_lost_parents_and_circles_lose_no_span(
    parents: dict[str, str], depths: dict[str, int]
) -> None:
    """A span whose parent is missing, or its own descendant, is still shown, once."""
    rows = waterfall.rows(_chain(parents))

    assert depths == {row.span.name: row.depth for row in rows}
    assert len(parents) == len(rows)


def test_a_deep_trace_is_drawn_in_part() -> None:
    """A chain of thousands of spans neither recurses too deep nor fills the page."""
    names = [str(number) for number in range(3000)]
    trace = _chain(dict(zip(names, ["", *names], strict=False)))

    root = _parse(waterfall.draw(trace, 340))

    assert 3000 == len(waterfall.rows(trace))
    assert waterfall.MOST_ROWS == len([n for n in root.iter() if "span " in n.get("class", "")])


def test_a_failed_span_does_not_speak_through_colour_alone() -> None:
    """A failed span says "failed" beside its duration and is hatched."""
    trace = Trace("t", (span("t", "a", "", "SERVER", "web", 0.0, 3.0, name="GET /", error="no"),))

    root = _parse(waterfall.draw(trace, 560))

    assert ["3 ms, failed"] == _texts(root, "name end bad")
    assert 1 == len([node for node in root.iter() if node.get("class") == "hatch"])


def test_a_method_is_named_without_its_package() -> None:
    """A gRPC method's label leaves its package out; the title keeps the full name."""
    trace = Trace("t", (span("t", "a", "", "CLIENT", "web", 0.0, 3.0, name="a.b.v1.Books/Get"),))

    root = _parse(waterfall.draw(trace, 560))

    assert ["web · Books/Get"] == _texts(root, "name")
    assert any("a.b.v1.Books/Get" in (node.text or "") for node in root.iter(f"{SVG}title"))
