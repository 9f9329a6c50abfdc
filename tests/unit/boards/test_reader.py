"""Grafana's JSON as data."""

from pathlib import Path

import pytest

from meshdoctor.lab.boards.model import KINDS, Columns, Look, Threshold, Word
from meshdoctor.lab.boards.reader import DASHBOARDS, read_boards
from meshdoctor.lab.boards.window import expand
from tests.unit.boards.samples import (
    GREEN,
    RED,
    SEEN,
    board_node,
    panel_node,
    row_node,
    written,
)


def test_rows_hold_the_panels_below_them(tmp_path: Path) -> None:
    """Panels belong to the row before them, whether it is folded or not; the first has none."""
    one, two, three = (panel_node("stat", title=title) for title in ("one", "two", "three"))
    folder = written(
        tmp_path, board_node("b", one, row_node("Open"), two, row_node("Folded", three))
    )

    (board,), problems = read_boards(folder)

    assert () == problems
    rows = [(row.title, [panel.title for panel in row.panels]) for row in board.rows]
    assert [("", ["one"]), ("Open", ["two"]), ("Folded", ["three"])] == rows


def test_a_panel_is_read_whole(tmp_path: Path) -> None:
    """Unit, thresholds, words, looks, columns, size and links come as the dashboard says."""
    node = panel_node(
        "table",
        links=[{"title": "Runbook: X", "url": "https://example.org/runbook.md#x"}],
        transformations=[
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True, "job": False},
                    "renameByName": {"Value": "Calls"},
                    "indexByName": {"job": 0, "Value": 1},
                },
            },
            {"id": "groupingToMatrix", "options": {"rowField": "a", "columnField": "b"}},
        ],
        fieldConfig={
            "defaults": {
                "unit": "percentunit",
                "min": 0,
                "max": 1,
                "thresholds": {
                    "steps": [{"value": None, "color": GREEN}, {"value": 0.5, "color": RED}]
                },
                "mappings": [
                    {"type": "value", "options": {"0": {"text": "closed", "color": GREEN}}},
                    {
                        "type": "special",
                        "options": {"match": "null+nan", "result": {"text": "no traffic"}},
                    },
                ],
                "custom": {
                    "thresholdsStyle": {"mode": "dashed"},
                    "stacking": {"mode": "normal"},
                },
            },
            "overrides": [
                {
                    "matcher": {"id": "byName", "options": "stale"},
                    "properties": [
                        {"id": "color", "value": {"mode": "fixed", "fixedColor": RED}},
                        {"id": "custom.lineStyle", "value": {"fill": "dash"}},
                        {"id": "unit", "value": "s"},
                    ],
                },
                {
                    "matcher": {"id": "byFrameRefID", "options": "A"},
                    "properties": [{"id": "color", "value": {"mode": "shades", "fixedColor": RED}}],
                },
            ],
        },
        options={"reduceOptions": {"calcs": ["max"]}},
    )

    (board,), _ = read_boards(written(tmp_path, board_node("b", node)))

    (panel,) = board.panels
    assert ("table", "A table", "percentunit") == (panel.kind, panel.title, panel.unit)
    assert (Threshold("green", None), Threshold("red", 0.5)) == panel.thresholds
    assert (True, True, 0, 1) == (
        panel.drawn_thresholds,
        panel.stacked,
        panel.least,
        panel.most,
    )
    assert {0.0: Word("closed", "green")} == panel.words
    assert Word("no traffic", "quiet") == panel.blank
    assert ({"stale": Look("red", "dash")}, {}) == (panel.looks, panel.target_looks)
    assert Columns(
        frozenset({"Time"}), {"Value": "Calls"}, {"job": 0, "Value": 1}, {"stale": "s"}
    ) == (panel.columns)
    assert (("a", "b"), "max", 6, 8) == (
        panel.matrix,
        panel.calculation,
        panel.width,
        panel.height,
    )
    assert ["https://example.org/runbook.md#x"] == [link.url for link in panel.links]
    (target,) = panel.targets
    assert ("up", "{{job}}", False, "A") == (
        target.expression,
        target.legend,
        target.instant,
        target.ref,
    )


def test_boards_stand_as_they_link_to_each_other(tmp_path: Path) -> None:
    """Each links to the others in one order; the one that all link first comes first."""
    folder = written(
        tmp_path,
        board_node("a", links=("start", "z")),
        board_node("start", links=("z", "a")),
        board_node("z", links=("start", "a")),
    )

    assert ["start", "z", "a"] == [board.uid for board in read_boards(folder)[0]]


def test_without_a_checkout_one_sentence_says_so(tmp_path: Path) -> None:
    """A missing folder is no error: there are no dashboards, and why."""
    gone = tmp_path / "gone"

    assert ((), (f"no dashboards at {gone}: run the lab from a checkout to see them",)) == (
        read_boards(gone)
    )


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    """A folder without dashboards names the command that writes them."""
    boards, (problem,) = read_boards(tmp_path)

    assert () == boards
    assert problem.endswith("write them with `nox -s observability`")


@pytest.mark.parametrize("text", ["{", "[]", '{"uid": "x"}', '{"uid": 1, "title": 2, "panels": 3}'])
def test_a_broken_file_spoils_no_other(tmp_path: Path, text: str) -> None:
    """What is no dashboard is told with its path, and the others are read."""
    folder = written(tmp_path, board_node("good", panel_node("stat")))
    broken = folder / "broken.json"
    broken.write_text(text, encoding="utf-8")

    (board,), (problem,) = read_boards(folder)

    assert "good" == board.uid
    assert problem.startswith(f"{broken} is no dashboard that can be drawn (")


def test_our_own_dashboards_can_be_drawn() -> None:
    """Every panel of the checkout's dashboards is of a kind that is drawn, its variables known."""
    boards, problems = read_boards(DASHBOARDS)

    assert () == problems
    panels = [panel for board in boards for panel in board.panels]
    assert set() == {panel.kind for panel in panels} - KINDS
    asked = [expand(target.expression, SEEN) for panel in panels for target in panel.targets]
    assert [] == [text for text in asked if "$" in text]
    assert len(panels) <= len(asked)
