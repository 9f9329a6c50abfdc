"""Grafana's files: what a Grafana that is given them needs, and what would surprise it."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as sdk

from observability import grafana, knobs, links
from observability.dashboards import DASHBOARDS
from observability.foreign import Source
from observability.grafana_colours import PALETTE, STATES
from observability.model import Draw
from tests.support.panels import PANELS

FILES = grafana.files()
BOARDS: dict[str, dict[str, Any]] = {
    path: json.loads(text) for path, text in FILES.items() if path.endswith(".json")
}
COLUMNS = 24
NEWEST_KNOWN = 42
MOST_BYTES = 1_000_000  # a ConfigMap holds 1 MiB

by_board = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board["uid"])


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of a dashboard without the headings of its rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def everything(content: object) -> list[dict[str, Any]]:
    """Return every object inside a JSON document."""
    if isinstance(content, list):
        return [found for each in content for found in everything(each)]
    if isinstance(content, dict):
        return [content, *(found for each in content.values() for found in everything(each))]
    return []


def place(panel: dict[str, Any]) -> set[tuple[int, int]]:
    """Return the cells of the grid that a panel covers."""
    at = panel["gridPos"]
    return {
        (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    }


def test_there_is_a_file_for_each_dashboard_and_those_that_bring_them() -> None:
    """The file of a dashboard is called like its uid; two files provision, one is kustomize's."""
    assert FILES.keys() == {
        *(f"grafana/dashboards/{each.uid}.json" for each in DASHBOARDS),
        "grafana/provisioning/dashboards/meshdoctor.yaml",
        "grafana/provisioning/datasources/meshdoctor.yaml",
        "grafana/kustomization.yaml",
    }
    assert [each.uid for each in DASHBOARDS] == [board["uid"] for board in BOARDS.values()]


def test_every_file_is_a_config_map() -> None:
    """Kustomize makes one of each, so that none grows beyond what `kubectl apply` takes."""
    content = yaml.safe_load(FILES["grafana/kustomization.yaml"])
    files = [path for one in content["configMapGenerator"] for path in one["files"]]
    names = [one["name"] for one in content["configMapGenerator"]]

    assert sorted(FILES) == sorted(
        ["grafana/kustomization.yaml", *(f"grafana/{path}" for path in files)]
    )
    assert len(set(names)) == len(names) == len(files)


def test_the_same_model_is_the_same_text() -> None:
    """Nothing that changes from run to run, such as a time or a random id, is in the files."""
    assert grafana.files() == FILES
    assert [] == [path for path, text in FILES.items() if not text.endswith("\n")]


@by_board
def test_the_flavour_is_the_pinned_one(board: dict[str, Any]) -> None:
    """The classic schema of version 42, not the 36 of the epoch release, and no plug-in's version.

    A `pluginVersion` makes Grafana migrate a panel as if an older plug-in had saved it; an `id` of
    a dashboard belongs to one Grafana's database.
    """
    assert NEWEST_KNOWN == board["schemaVersion"]
    assert "id" not in board
    assert {"spec", "kind", "apiVersion"}.isdisjoint(board)
    assert [] == [found for found in everything(board) if "pluginVersion" in found]


@by_board
def test_the_sdk_reads_what_it_wrote(board: dict[str, Any]) -> None:
    """Each panel and variable is as the SDK's own model of Grafana has it."""
    again = json.loads(JSONEncoder().encode(sdk.Dashboard.from_json(board)))

    assert board["templating"] == again["templating"]
    for one, other in zip(board["panels"], again["panels"], strict=True):
        assert one["gridPos"] == other["gridPos"]
        assert one.get("fieldConfig") == other.get("fieldConfig")
        assert one.get("options") == other.get("options")


@by_board
def test_panels_are_numbered_and_do_not_overlap(board: dict[str, Any]) -> None:
    """In reading order, from 1, inside the 24 columns."""
    found = board["panels"]

    assert list(range(1, len(found) + 1)) == [panel["id"] for panel in found]
    assert [] == [
        (one["title"], other["title"])
        for one, other in combinations(found, 2)
        if place(one) & place(other)
    ]
    assert COLUMNS >= max(x for panel in found for x, _y in place(panel)) + 1
    order = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in found]
    assert sorted(order) == order


@by_board
def test_rows_are_full(board: dict[str, Any]) -> None:
    """No hole in the grid: every line of panels takes all columns."""
    covered = set().union(*(place(panel) for panel in board["panels"]))
    height = max(y for _x, y in covered) + 1

    assert {(x, y) for x in range(COLUMNS) for y in range(height)} == covered


@by_board
def test_every_panel_is_explained_and_asks_the_chosen_source(board: dict[str, Any]) -> None:
    """Title, description, unit, thresholds, and data from the variable `datasource`."""
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]

        assert panel["title"]
        assert panel["description"]
        assert defaults["unit"]
        assert None is defaults["thresholds"]["steps"][0]["value"]
        assert {"type": "prometheus", "uid": "${datasource}"} == panel["datasource"]
        assert panel["targets"]
        for target in panel["targets"]:
            assert panel["datasource"] == target["datasource"]
        letters = [target["refId"] for target in panel["targets"]]
        assert sorted(set(letters)) == letters


def test_a_panel_says_what_must_run_for_it() -> None:
    """Whoever sees nothing learns that nothing is wrong."""
    shown = [panel for board in BOARDS.values() for panel in panels(board)]
    expected = {Source.LOAD: "load test", Source.AGENT: "agent", Source.CLUSTER: "kube-state"}

    for panel, made in zip(PANELS, shown, strict=True):
        assert panel.title == made["title"]
        if word := expected.get(panel.source):
            assert word in made["description"].rpartition(" Needs")[2]


def test_what_is_now_asks_for_now() -> None:
    """Figures, gauges and tables ask once; curves ask for the whole time, and carry exemplars."""
    shown = [panel for board in BOARDS.values() for panel in panels(board)]

    for panel, made in zip(PANELS, shown, strict=True):
        for target in made["targets"]:
            assert target["instant"] is (panel.draw in {Draw.FIGURE, Draw.GAUGE, Draw.TABLE})
            assert target["range"] is not target["instant"]
            assert target.get("exemplar", False) is panel.exemplars
    assert any(panel.exemplars and panel.draw is Draw.HEATMAP for panel in PANELS)


@by_board
def test_the_variables_are_the_two(board: dict[str, Any]) -> None:
    """A data source, and a namespace that is all of them until one is chosen."""
    source, namespace = board["templating"]["list"]

    assert ("datasource", "datasource", "prometheus") == (
        source["name"],
        source["type"],
        source["query"],
    )
    assert ("namespace", "label_values(up, namespace)", ".*", True) == (
        namespace["name"],
        namespace["query"],
        namespace["allValue"],
        namespace["includeAll"],
    )
    assert "$__all" == namespace["current"]["value"]


@by_board
def test_the_links_on_top_lead_to_every_other_dashboard(board: dict[str, Any]) -> None:
    """And to the runbook; time and variables go along, and no link hides in a menu."""
    *others, runbook = board["links"]

    assert [each.uid for each in DASHBOARDS if each.uid != board["uid"]] == [
        link["url"].removeprefix("/d/") for link in others
    ]
    assert all(link["keepTime"] and link["includeVars"] for link in others)
    assert knobs.RUNBOOK == runbook["url"]
    assert [] == [link for link in board["links"] if "placement" in link]


def test_every_address_of_a_dashboard_arrives() -> None:
    """Those in the texts too."""
    known = {each.uid for each in DASHBOARDS}

    for path, text in FILES.items():
        assert set() == set(re.findall(r"/d/([\w-]+)", text)) - known, path


def test_a_panel_links_to_its_section_of_the_runbook() -> None:
    """The address is derived from the heading, and opens beside the dashboard."""
    shown = [panel for board in BOARDS.values() for panel in panels(board)]

    for panel, made in zip(PANELS, shown, strict=True):
        expected = [links.runbook(panel.runbook)] if panel.runbook else []
        assert expected == [link["url"] for link in made.get("links", [])]


@by_board
def test_pages_are_marked_on_every_panel(board: dict[str, Any]) -> None:
    """What happened since somebody was paged is seen at a glance."""
    (pages,) = board["annotations"]["list"]

    assert pages["enable"]
    assert 'severity="page"' in pages["target"]["expr"]
    assert pages["expr"] == pages["target"]["expr"]


def test_states_have_their_words_and_colours() -> None:
    """A value that has a word shows it, in the colour of its step."""
    (breakers,) = (
        panel
        for panel in panels(BOARDS["grafana/dashboards/mesh-grpc.json"])
        if panel["type"] == "state-timeline"
    )
    (mapping,) = breakers["fieldConfig"]["defaults"]["mappings"]

    assert {
        "0": ("closed", STATES["good"]),
        "1": ("half-open", STATES["warn"]),
        "2": ("open", STATES["bad"]),
    } == {value: (word["text"], word["color"]) for value, word in mapping["options"].items()}
    assert "always" == breakers["options"]["showValue"]


@pytest.mark.parametrize("column", ["target_node", "target"])
def test_a_matrix_is_one(column: str) -> None:
    """Rows are where a probe starts, columns where it goes."""
    board = BOARDS["grafana/dashboards/mesh-dns-network.json"]
    tables = [panel for panel in panels(board) if panel["type"] == "table"]
    options = [each["options"] for table in tables for each in table["transformations"]]

    assert 2 == len(tables) == len(options)
    assert {"groupingToMatrix"} == {t["id"] for it in tables for t in it["transformations"]}
    assert {"rowField": "source_node", "columnField": column, "valueField": "Value"} in options


@by_board
def test_colours_come_from_one_place(board: dict[str, Any]) -> None:
    """Every colour in the file is one that a colour-blind reader can tell from the others."""
    text = FILES[f"grafana/dashboards/{board['uid']}.json"]
    named = {each["color"] for each in everything(board) if isinstance(each.get("color"), str)}

    assert set() == set(re.findall(r"#[0-9A-Fa-f]{6}", text)) - set(PALETTE)
    assert set() == {colour for colour in named if not colour.startswith("#")}


@by_board
def test_no_two_lines_of_a_panel_look_alike(board: dict[str, Any]) -> None:
    """What is fixed by query or by word differs in colour or in the kind of line."""
    for panel in panels(board):
        rules = panel["fieldConfig"]["overrides"]
        for kind in ("byFrameRefID", "byName"):
            looks = [
                json.dumps(rule["properties"]) for rule in rules if rule["matcher"]["id"] == kind
            ]
            assert len(set(looks)) == len(looks), panel["title"]


@by_board
def test_bounds_are_drawn_and_in_sight(board: dict[str, Any]) -> None:
    """A threshold is a dashed line, and the axis reaches up to the first."""
    for panel in panels(board):
        bounds = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        custom = panel["fieldConfig"]["defaults"].get("custom", {})
        if panel["type"] == "timeseries" and len(bounds) > 1:
            assert {"mode": "dashed"} == custom["thresholdsStyle"]
            assert bounds[1] == custom["axisSoftMax"]


def test_a_dashboard_fits_into_a_config_map() -> None:
    """So that Grafana's sidecar can be given it."""
    assert MOST_BYTES > max(len(text.encode()) for text in FILES.values())


def test_grafana_finds_the_dashboards_and_may_not_change_them() -> None:
    """The provider reads one folder; what is generated is not edited by hand."""
    content = yaml.safe_load(FILES["grafana/provisioning/dashboards/meshdoctor.yaml"])
    (provider,) = content["providers"]

    assert 1 == content["apiVersion"]
    assert ("file", False) == (provider["type"], provider["allowUiUpdates"])
    assert knobs.GRAFANA_DASHBOARDS == provider["options"]["path"]
    assert not any(board["editable"] for board in BOARDS.values())


def test_an_exemplar_opens_its_trace() -> None:
    """The exemplar's `trace_id` leads to the data source of traces, which is provisioned too."""
    content = yaml.safe_load(FILES["grafana/provisioning/datasources/meshdoctor.yaml"])
    by_uid = {source["uid"]: source for source in content["datasources"]}
    settings = by_uid["prometheus"]["jsonData"]

    assert [{"name": "trace_id", "datasourceUid": "traces"}] == (
        settings["exemplarTraceIdDestinations"]
    )
    assert ("jaeger", knobs.TRACES) == (by_uid["traces"]["type"], by_uid["traces"]["url"])
    assert f"{knobs.SCRAPE_SECONDS}s" == settings["timeInterval"]
