"""Single values, dials, states and tables."""

from dataclasses import replace

import pytest

from meshdoctor.lab.boards.draw import figures, states, table
from meshdoctor.lab.boards.draw.drawn import Cell
from meshdoctor.lab.boards.draw.figures import colour_of
from meshdoctor.lab.boards.draw.panel import draw
from meshdoctor.lab.boards.model import Columns, Panel, Target, Threshold, Word
from tests.unit.boards.drawings import classes, parsed, texts
from tests.unit.boards.samples import SEEN, TIMES, answer, panel, series

SHARE = panel(
    "stat",
    unit="percentunit",
    thresholds=(Threshold("red"), Threshold("orange", 0.9), Threshold("green", 0.99)),
    blank=Word("no traffic"),
)
BREAKER = {0.0: Word("closed", "green"), 1.0: Word("half-open", "orange"), 2.0: Word("open", "red")}


@pytest.mark.parametrize(
    ("value", "words", "colour", "sign"),
    [
        (0.5, "50 %", "red", "✕"),
        (0.9, "90 %", "orange", "!"),
        (0.999, "99.9 %", "green", "✓"),
    ],
)
def test_a_figure_is_judged_by_colour_and_sign(
    value: float, words: str, colour: str, sign: str
) -> None:
    """The highest threshold that is reached gives the colour, and a sign says the same."""
    (figure,) = figures.draw(SHARE, answer(series("good", value))).figures

    assert (words, colour, sign) == (figure.text, figure.colour, figure.sign)


def test_a_figure_without_thresholds_is_not_judged() -> None:
    """One threshold, Grafana's default, is no judgement."""
    what = panel("stat", thresholds=(Threshold("green"),))

    (figure,) = figures.draw(what, answer(series("x", 5.0))).figures

    assert ("5", "", "") == (figure.text, figure.colour, figure.sign)


def test_a_share_of_nothing_has_its_word() -> None:
    """A ratio that is no number is told in the dashboard's word for it, and not judged."""
    drawn = draw(SHARE, answer(series("good", None)), TIMES, str)

    assert [("no traffic", "", True)] == [
        (each.text, each.colour, each.quiet) for each in drawn.figures
    ]


@pytest.mark.parametrize(
    ("calculation", "words"),
    [("lastNotNull", "3"), ("max", "9"), ("min", "-1"), ("mean", "3"), ("sum", "12"), ("odd", "3")],
)
def test_a_course_becomes_one_value(calculation: str, words: str) -> None:
    """A series is reduced as the panel asks; by its newest value where it asks something else."""
    course = replace(series("x"), values=(1.0, None, 9.0, -1.0, 3.0, None))

    (figure,) = figures.draw(panel("stat", calculation=calculation), answer(course)).figures

    assert words == figure.text


def test_a_dial_is_filled_to_its_value() -> None:
    """A gauge has a dial with its thresholds on the rim; beyond its end it is full."""
    what = replace(SHARE, kind="gauge", least=0, most=1)

    (half, over) = figures.draw(what, answer(series("a", 0.5), series("b", 7.0))).figures

    assert ["dial red"] == classes(parsed(half.dial), "path", "dial")
    assert ["rim red", "rim orange", "rim green"] == classes(parsed(half.dial), "path", "rim")
    assert "50 % of 100 %" == parsed(half.dial).get("aria-label")
    assert "700 % of 100 %" == parsed(over.dial).get("aria-label")


def test_an_overdrawn_budget_is_an_empty_dial() -> None:
    """A value below the dial's start is drawn as nothing and told in full."""
    what = replace(SHARE, kind="gauge", least=0, most=1)

    (figure,) = figures.draw(what, answer(series("slo", -5.0))).figures

    assert "-500 %" == figure.text
    assert parsed(figure.dial) is not None


def test_more_figures_than_fit_are_counted() -> None:
    """Twelve are shown, the rest is told."""
    found = [series(f"s{number}", 1.0) for number in range(15)]

    drawn = figures.draw(panel("stat"), answer(*found))

    assert (12, ("and 3 more",)) == (len(drawn.figures), drawn.notes)


def test_colours_follow_the_thresholds() -> None:
    """Below the first bound the first colour counts; without thresholds there is none."""
    assert ["red", "orange", "green", "green"] == [
        colour_of(SHARE, value) for value in (-1, 0.9, 0.99, 5)
    ]
    assert "" == colour_of(panel("stat"), 1)


# State timelines


def test_states_are_words_in_bars() -> None:
    """Moments of one value are one bar, which tells its word and from when to when."""
    half = len(SEEN.moments) // 2
    course = series("b1", *(0.0,) * half, *(2.0,) * (len(SEEN.moments) - half))

    drawn = states.draw(panel("state-timeline", words=BREAKER), answer(course), TIMES)

    root = parsed(drawn.picture)
    assert ["closed", "open"] == texts(root, "in-state")
    assert ["state-green", "state-red"] == [
        node.get("class") for node in root.iter("rect") if node.get("rx")
    ]
    assert ["b1: closed, 22:13:20 to 22:15:50", "b1: open, 22:15:50 to 22:18:25"] == [
        node.text for node in root.iter("title")
    ]
    assert ["closed", "open"] == [name.text for name in drawn.names]


def test_a_gap_is_no_state() -> None:
    """Where nothing is known, nothing is drawn."""
    values = (1.0,) * 10 + (None,) * 10 + (1.0,) * 41

    drawn = states.draw(panel("state-timeline", words=BREAKER), answer(series("x", *values)), TIMES)

    assert 2 == len(list(parsed(drawn.picture).iter("title")))


def test_a_value_without_a_word_is_told_as_a_number() -> None:
    """What the dashboard has no word for is told with its unit and its threshold's colour."""
    what = replace(SHARE, kind="state-timeline")

    assert Word("95 %", "orange") == states.word(what, 0.95)


# Tables


def test_a_table_has_the_dashboards_columns() -> None:
    """Hidden columns are gone, others renamed and in order; the largest figure comes first."""
    what = panel(
        "table",
        columns=Columns(frozenset({"job"}), {"Value": "Calls"}, {"cause": 0, "Value": 1}, {}),
    )
    found = [series("", 3.0, cause="a", job="x"), series("", 7.0, cause="b", job="x")]

    drawn = table.draw(what, answer(*found)).table

    assert drawn
    assert ["cause", "Calls"] == [head.text for head in drawn.heads]
    assert [["b", "7"], ["a", "3"]] == [[cell.text for cell in row] for row in drawn.rows]


def test_several_questions_share_a_row() -> None:
    """What two targets know about the same labels stands in one row."""
    what = replace(
        panel("table"),
        targets=(Target("a", ref="A"), Target("b", ref="B")),
        columns=Columns(names={"Value #A": "p50", "Value #B": "p99"}, units={"p99": "s"}),
    )
    found = [series("", 1.0, ref="A", job="x"), series("", 0.25, ref="B", job="x")]

    drawn = table.draw(what, answer(*found)).table

    assert drawn
    assert ["job", "p50", "p99"] == [head.text for head in drawn.heads]
    assert [["x", "1", "250 ms"]] == [[cell.text for cell in row] for row in drawn.rows]


def test_a_matrix_has_a_cell_for_each_pair() -> None:
    """Rows and columns are two labels; a pair that is not known is a dash."""
    what = panel(
        "table",
        matrix=("from", "to"),
        words={0.0: Word("lost", "red"), 1.0: Word("through", "green")},
    )
    found = [
        series("", 1.0, **{"from": "n1", "to": "n2"}),
        series("", 0.0, **{"from": "n2", "to": "n1"}),
    ]

    drawn = table.draw(what, answer(*found)).table

    assert drawn
    assert ["from ↓ to →", "n1", "n2"] == [head.text for head in drawn.heads]
    assert (Cell("n2"), Cell("lost", number=False, colour="red", sign="✕"), Cell("–")) == (  # noqa: RUF001 - a dash
        drawn.rows[1]
    )


# Panels without data


@pytest.mark.parametrize(
    ("description", "problem", "expected"),
    [
        ("What it is.", "", ("No data", "")),
        ("Restarts. Needs kube-state-metrics.", "", ("No data", "Needs kube-state-metrics.")),
        ("What it is.", "Prometheus is gone", ("Not known", "Prometheus is gone")),
    ],
)
def test_a_panel_without_data_says_why(
    description: str, problem: str, expected: tuple[str, str]
) -> None:
    """No data, with the missing source if the panel names one; not known, if nobody answered."""
    drawn = draw(panel("timeseries", description=description), answer(problem=problem), TIMES, str)

    assert expected == (drawn.empty, drawn.why)


def test_half_an_answer_is_told_as_half() -> None:
    """When one of a panel's questions failed, what is shown carries that as a note."""
    drawn = draw(panel("timeseries"), answer(series("x", 1.0), problem="too late"), TIMES, str)

    assert drawn.picture
    assert ("too late",) == drawn.notes


def test_a_kind_that_is_not_drawn_says_so() -> None:
    """A panel type of tomorrow is named instead of left blank."""
    drawn = draw(Panel("canvas", "T"), answer(series("x", 1.0)), TIMES, str)

    assert ("Not drawn here", "Only Grafana draws a canvas panel.") == (drawn.empty, drawn.why)
