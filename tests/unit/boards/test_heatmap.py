"""A histogram over time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshdoctor.lab.boards.asking import Dot, Series
from meshdoctor.lab.boards.draw import heatmap
from meshdoctor.lab.boards.draw.heatmap import cells, shade
from tests.unit.boards.drawings import classes, parsed, texts, tips
from tests.unit.boards.samples import SEEN, TIMES, TRACE, answer, panel, series

PANEL = panel("heatmap", unit="s")
COUNTS = st.floats(min_value=0, max_value=1e12)


def buckets(*counts: tuple[str, float]) -> list[Series]:
    """Cumulated buckets, the same at every moment."""
    return [series(bound, count, le=bound) for bound, count in counts]


SOME = buckets(("0.1", 0), ("0.25", 2), ("0.5", 12), ("1.0", 12), ("+Inf", 13))


def test_buckets_are_taken_apart() -> None:
    """A cell is what fell between two bounds; rows that are empty at either end are left out."""
    seen = cells(SOME)

    assert (0.1, (0.25, 0.5, 1.0, math.inf)) == (seen.below, seen.bounds)
    assert [2, 10, 0, 1] == [row[0] for row in seen.rows]


def test_buckets_of_several_pods_are_added() -> None:
    """Series that share a bound are one row."""
    seen = cells([*buckets(("0.1", 2), ("+Inf", 2)), *buckets(("0.1", 3), ("+Inf", 3))])

    assert [5] == [row[0] for row in seen.rows]


def test_a_scrape_between_two_increments_makes_no_negative_cell() -> None:
    """Where an upper bucket is behind a lower one, the cell is empty."""
    seen = cells(buckets(("0.1", 5), ("0.25", 4), ("+Inf", 6)))

    assert [5, 0, 2] == [row[0] for row in seen.rows]


@pytest.mark.parametrize(
    ("value", "depth"), [(0, 0), (-1, 0), (1e-9, 1), (25, 3), (100, 6), (1e9, 6)]
)
def test_rare_events_are_seen(value: float, depth: int) -> None:
    """Any event at all has a shade, the most frequent the darkest."""
    assert depth == shade(value, 100)


def test_a_heatmap_has_its_bounds_as_marks() -> None:
    """Each line between two rows tells its bound, and a moment's reading its cells."""
    drawn = heatmap.draw(PANEL, answer(*SOME), TIMES, 160, lambda _: "")

    root = parsed(drawn.picture)
    assert ["100 ms", "250 ms", "500 ms", "1 s", "more"] == texts(root, "tick", "end")
    assert ["1 s to more: 1/s", "250 ms to 500 ms: 10/s", "100 ms to 250 ms: 2/s"] == (
        tips(root)[0][1:]
    )
    assert ["heat heat2", "heat heat3", "heat heat6"] == sorted(classes(root, "path", "heat"))
    assert ("the darkest cell is 10 events a second",) == drawn.notes


def test_nothing_counted_is_said() -> None:
    """A heatmap of no events is no empty frame."""
    drawn = heatmap.draw(PANEL, answer(*buckets(("0.1", 0))), TIMES, 160, lambda _: "")

    assert ("No events", "") == (drawn.empty, drawn.picture)


def test_an_exemplar_lies_in_its_row() -> None:
    """A request of 375 ms lies in the middle of the row from 250 to 500 ms."""
    dots = (Dot(SEEN.start + 10, 0.375, TRACE),)

    drawn = heatmap.draw(PANEL, answer(*SOME, dots=dots), TIMES, 160, lambda each: f"#{each}")

    (place,) = [
        node for node in parsed(drawn.picture).iter("svg") if node.get("class") == "exemplar"
    ]
    assert "120" == place.get("y")  # 20 above the canvas, and 2.5 of 4 rows of 40 from its top


@given(
    st.dictionaries(st.sampled_from(["0.1", "0.5", "1", "5", "+Inf"]), COUNTS, min_size=1),
    st.floats(min_value=0, max_value=1e9),
)
def test_any_counts_draw(counts: dict[str, float], value: float) -> None:
    """Whatever was counted, the drawing is well-formed and every place in it is a number."""
    dots = (Dot(SEEN.start, value, TRACE),)

    drawn = heatmap.draw(PANEL, answer(*buckets(*counts.items()), dots=dots), TIMES, 99, str)

    assert drawn.empty or parsed(drawn.picture) is not None
