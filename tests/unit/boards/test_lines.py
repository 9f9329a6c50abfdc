"""Curves over time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.boards.asking import Dot, Series
from meshdoctor.lab.boards.draw import lines
from meshdoctor.lab.boards.draw.drawn import Drawn, Name
from meshdoctor.lab.boards.model import Look, Panel, Threshold
from tests.unit.boards.drawings import classes, parsed, texts, tips
from tests.unit.boards.samples import SEEN, TIMES, TRACE, answer, panel, series

SECONDS = panel("timeseries", unit="s")
FLOATS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


def draw(what: Panel, *found: Series, dots: tuple[Dot, ...] = (), link: str = "") -> Drawn:
    """Draw curves 160 px high."""
    return lines.draw(what, answer(*found, dots=dots), TIMES, 160, lambda _: link)


def test_an_axis_has_round_marks_in_one_unit() -> None:
    """Marks start at 0, end above the largest value, and are told in one unit, named once."""
    root = parsed(draw(SECONDS, series("p99", 0.012, 0.047)).picture)

    assert ["ms", "0", "20", "40", "60"] == texts(root, "tick", "end")


def test_the_time_axis_tells_utc() -> None:
    """Round times of day stand below the picture."""
    root = parsed(draw(SECONDS, series("p99", 0.012)).picture)

    assert ["22:14:00", "22:15:00", "22:16:00", "22:17:00", "22:18:00"] == texts(root, "middle")


def test_a_name_stands_at_its_line() -> None:
    """Short names stand where their lines end and in the legend, with the newest value."""
    drawn = draw(SECONDS, series("p50", 0.001), series("p99", 0.5, 0.25))

    assert ["p50", "p99"] == texts(parsed(drawn.picture), "at-end")
    assert drawn.beside
    assert (Name("blue", "solid", "p50", "1 ms"), Name("orange", "dash", "p99", "500 ms")) == (
        drawn.names
    )


def test_long_names_stand_below() -> None:
    """Names for which there is no room beside the chart are in the legend alone."""
    drawn = draw(SECONDS, series("recommendations 127.0.0.11:9464", 1.0))

    assert not drawn.beside
    assert [] == texts(parsed(drawn.picture), "at-end")


def test_no_two_lines_look_alike() -> None:
    """Eight series differ in colour and in dashes, so colour never speaks alone."""
    drawn = draw(SECONDS, *(series(f"s{number}", float(number + 1)) for number in range(8)))

    looks = {(name.colour, name.style) for name in drawn.names}
    assert (8, 8) == (len(looks), len({name.colour for name in drawn.names}))


def test_what_is_left_out_is_counted() -> None:
    """Of many series the largest eight are drawn, in their order, and the rest is told."""
    many = [series(f"s{number}", float(number)) for number in range(1, 21)]

    drawn = draw(SECONDS, *many)

    assert [f"s{number}" for number in range(13, 21)] == [name.text for name in drawn.names]
    assert ("and 12 more series, all smaller",) == drawn.notes


def test_what_is_zero_all_the_time_is_one_line() -> None:
    """A dozen causes that never happened do not hide the one that did."""
    zeros = [series(f"cause-{number}", 0.0) for number in range(12)]

    assert [["all 12"], ["hung", "the other 12"]] == [
        [name.text for name in draw(SECONDS, *found).names]
        for found in (zeros, [*zeros, series("hung", 0.0, 2.0)])
    ]


def test_the_dashboards_own_looks_win() -> None:
    """A fixed look of a name, or of the only series of a target, is used."""
    what = replace(
        SECONDS,
        looks={"stale": Look("red", "dash")},
        target_looks={"B": Look("green", "dot"), "C": Look("sky", "dot")},
    )
    found = [
        series("live", 1.0),
        series("stale", 1.0),
        series("p99", 1.0, ref="B"),
        series("c1", 1.0, ref="C"),
        series("c2", 1.0, ref="C"),
    ]

    names = draw(what, *found).names

    looks = [(name.colour, name.style) for name in names]
    assert [("red", "dash"), ("green", "dot")] == looks[1:3]
    assert ("sky", "dot") not in (looks[3], looks[4])


def test_stacked_series_add_up() -> None:
    """The axis holds the sum, while the reading tells each series' own value."""
    what = panel("timeseries", unit="reqps", stacked=True)

    root = parsed(draw(what, series("live", 30.0), series("stale", 12.0)).picture)

    assert "60" == texts(root, "tick", "end")[-1]
    assert ["live: 30 req/s", "stale: 12 req/s"] == tips(root)[0][1:]
    assert 2 == len(classes(root, "path", "band"))


def test_nothing_is_not_traced_on_a_stack() -> None:
    """A series that is 0 draws no line over the one below it."""
    what = panel("timeseries", stacked=True)

    root = parsed(draw(what, series("live", 30.0), series("stale", 0.0)).picture)

    paths = {node.get("class"): node.get("d", "") for node in root.iter("path")}
    assert "" == paths["line orange dash"]
    assert "" != paths["line blue solid"]


def test_a_threshold_near_the_curves_is_a_line() -> None:
    """A bound within reach widens the axis; a far one is told with an arrow."""
    what = replace(
        SECONDS,
        thresholds=(Threshold("green"), Threshold("orange", 0.1), Threshold("red", 9.0)),
        drawn_thresholds=True,
    )

    root = parsed(draw(what, series("p99", 0.05)).picture)

    assert ["bound orange"] == classes(root, "line", "bound")
    assert ["100 ms", "9 s ↑"] == [text for text in texts(root, "tick") if "s" in text[1:]][-2:]
    assert "100" == texts(root, "tick", "end")[-1]


def test_a_fixed_top_stays() -> None:
    """The axis of a share ends at 100 %, however small the values are."""
    root = parsed(draw(panel("timeseries", unit="percentunit", most=1), series("x", 0.02)).picture)

    assert "100" == texts(root, "tick", "end")[-1]


def test_values_below_zero_have_room() -> None:
    """An overdrawn budget is drawn below 0, not on it."""
    root = parsed(draw(panel("timeseries", unit="short"), series("x", -30.0, 10.0)).picture)

    assert ["-30", "-20", "-10", "0", "10"] == texts(root, "tick", "end")


def test_a_gap_is_a_gap() -> None:
    """Where a series has no value the pen is lifted."""
    values = (1.0,) * 20 + (None,) * 21 + (1.0,) * 20

    root = parsed(draw(SECONDS, series("x", *values)).picture)

    (line,) = [node.get("d", "") for node in root.iter("path") if "line" in node.get("class", "")]
    assert 2 == line.count("M")


def test_each_moment_can_be_read() -> None:
    """Pointing at a moment tells its time and each value, the largest first."""
    told = tips(parsed(draw(SECONDS, series("a", 0.001), series("b", 0.5, None)).picture))

    assert len(SEEN.moments) == len(told)
    assert [["22:13:20", "b: 500 ms", "a: 1 ms"], ["22:13:25", "a: 1 ms"]] == told[:2]


def test_an_exemplar_leads_to_its_trace() -> None:
    """A diamond is a link where the trace is shown, and tells its value and trace in words."""
    dot = Dot(SEEN.start + 60, 0.04, TRACE)

    drawn = draw(SECONDS, series("p99", 0.05), dots=(dot,), link=f"/traces/{TRACE}")

    root = parsed(drawn.picture)
    assert [f"/traces/{TRACE}"] == [node.get("href") for node in root.iter("a")]
    assert f"40 ms: trace {TRACE}" in [node.text for node in root.iter("title")]
    assert ("each diamond is a request that left a trace",) == drawn.notes


def test_an_exemplar_without_a_shown_trace_is_no_link() -> None:
    """In a report most traces are not drawn: their diamonds lead nowhere."""
    root = parsed(draw(SECONDS, series("x", 0.05), dots=(Dot(SEEN.start, 0.04, TRACE),)).picture)

    assert [] == list(root.iter("a"))
    assert ["exemplar"] == classes(root, "svg", "exemplar")


def test_diamonds_do_not_hide_the_curve() -> None:
    """Of many exemplars the slowest of each short while is kept, and none beyond the picture."""
    dots = tuple(Dot(SEEN.start + at / 10, 0.001 * (at % 50), TRACE) for at in range(3000))

    root = parsed(draw(SECONDS, series("x", 0.02), dots=dots).picture)

    assert 15 <= len(classes(root, "svg", "exemplar")) <= 21


@given(
    st.lists(
        st.lists(st.none() | FLOATS, min_size=61, max_size=61).filter(
            lambda values: any(value is not None for value in values)
        ),
        min_size=1,
        max_size=10,
    ),
    st.booleans(),
)
def test_any_values_draw(columns: list[list[float | None]], stacked: bool) -> None:  # noqa: FBT001
    """Whatever the values, the drawing is well-formed and every place in it is a number."""
    what = panel("timeseries", unit="s", stacked=stacked, thresholds=(Threshold("red", 1e9),))

    drawn = draw(what, *(series(f"s{n}", *values) for n, values in enumerate(columns)))

    assert "" != parsed(drawn.picture).get("aria-label")


@pytest.mark.parametrize("values", [(0.0,), (5.0,), (1e300,), (-1e300, 1e300), (5e-324,)])
def test_odd_ranges_have_an_axis(values: tuple[float, ...]) -> None:
    """Zeros only, or the largest and smallest floats, still give marks to read from."""
    marks = texts(parsed(draw(SECONDS, series("x", *values)).picture), "tick", "end")

    assert len(set(marks)) >= 2
    assert not {"nan", "inf"} & set(marks)


def test_a_line_that_ended_is_marked_where_it_ended() -> None:
    """A backend that is gone does not look as if it still answered."""
    values = (1.0,) * 31 + (None,) * 30

    root = parsed(draw(SECONDS, series("gone", *values), series("here", 2.0)).picture)

    dots = [node for node in root.iter("circle") if "end-dot" in node.get("class", "")]
    assert ["50%", "100%"] == [dot.get("cx") for dot in dots]
