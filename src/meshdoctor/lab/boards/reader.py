"""Grafana's dashboards as JSON, read into `model`.

The format is that of Grafana's dashboard JSON model (schema version 42), as grafana-foundation-sdk
0.0.21 writes it: panels in a flat list, each row a panel of its own before its panels, or, folded,
with its panels inside. What this view does not draw is passed over.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from meshdoctor.lab.boards.draw.colours import named
from meshdoctor.lab.boards.model import (
    Columns,
    Dashboard,
    Link,
    Look,
    Panel,
    Row,
    Target,
    Threshold,
    Word,
)

DASHBOARDS = Path(__file__).parents[4] / "observability/generated/grafana/dashboards"
"""Where a checkout has them."""

Node = Mapping[str, Any]


def read_boards(folder: Path = DASHBOARDS) -> tuple[tuple[Dashboard, ...], tuple[str, ...]]:
    """Read every dashboard of a folder.

    Args:
        folder: with one `*.json` for each dashboard.

    Returns:
        The dashboards in the order of their links to each other, else by file name; and a sentence
        for each thing that could not be read. A run never fails for want of a dashboard.
    """
    if not folder.is_dir():
        return (), (f"no dashboards at {folder}: run the lab from a checkout to see them",)
    boards, problems = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            boards.append(_dashboard(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"{type(error).__name__}: {error}"
            problems.append(f"{path} is no dashboard that can be drawn ({what})")
    if not boards and not problems:
        problems.append(f"no dashboards at {folder}: write them with `nox -s observability`")
    return tuple(_in_order(boards)), tuple(problems)


def _in_order(boards: Iterable[Dashboard]) -> list[Dashboard]:
    """Sort as the dashboards link to each other: where all others link first, one starts."""
    found = list(boards)
    linked = {
        board.uid: [
            place
            for other in found
            for place, link in enumerate(other.links)
            if link.url.partition("?")[0].endswith(f"/d/{board.uid}")
        ]
        for board in found
    }
    return sorted(found, key=lambda board: sum(linked[board.uid] or [len(found) ** 2]))


def _dashboard(node: Node) -> Dashboard:
    return Dashboard(
        uid=str(node["uid"]),
        title=str(node["title"]),
        description=_text(node, "description"),
        rows=tuple(_rows(node.get("panels") or ())),
        links=_links(node),
    )


def _links(node: Node) -> tuple[Link, ...]:
    return tuple(
        Link(_text(link, "title"), _text(link, "url"))
        for link in node.get("links") or ()
        if link.get("url")
    )


def _rows(nodes: Iterable[Node]) -> Iterator[Row]:
    title, panels = "", list[Panel]()
    for node in nodes:
        if node["type"] != "row":
            panels.append(_panel(node))
            continue
        if panels:
            yield Row(title, tuple(panels))
        title, panels = _text(node, "title"), [_panel(each) for each in node.get("panels") or ()]
    if panels:
        yield Row(title, tuple(panels))


def _panel(node: Node) -> Panel:
    options = node.get("options") or {}
    fields = (node.get("fieldConfig") or {}).get("defaults") or {}
    overrides = (node.get("fieldConfig") or {}).get("overrides") or ()
    custom = fields.get("custom") or {}
    place = node.get("gridPos") or {}
    calculations = (options.get("reduceOptions") or {}).get("calcs") or ("lastNotNull",)
    return Panel(
        kind=str(node["type"]),
        title=_text(node, "title"),
        description=_text(node, "description"),
        unit=fields.get("unit") or "short",
        targets=tuple(_target(each) for each in node.get("targets") or () if each.get("expr")),
        thresholds=tuple(_thresholds(fields)),
        drawn_thresholds=(custom.get("thresholdsStyle") or {}).get("mode", "off") != "off",
        least=fields.get("min"),
        most=fields.get("max"),
        words=dict(_words(fields.get("mappings") or ())),
        blank=_blank(fields.get("mappings") or ()),
        calculation=calculations[0],
        stacked=(custom.get("stacking") or {}).get("mode", "none") != "none",
        looks=dict(_looks(overrides, "byName")),
        target_looks=dict(_looks(overrides, "byFrameRefID")),
        columns=_columns(_options(node, "organize"), overrides),
        matrix=_matrix(_options(node, "groupingToMatrix")),
        links=_links(node),
        width=place.get("w", 12),
        height=place.get("h", 8),
    )


def _target(node: Node) -> Target:
    return Target(
        expression=str(node["expr"]),
        legend=_text(node, "legendFormat").replace("__auto", ""),
        instant=bool(node.get("instant")) and not node.get("range"),
        exemplars=bool(node.get("exemplar")),
        ref=_text(node, "refId"),
    )


def _thresholds(fields: Node) -> Iterator[Threshold]:
    for step in (fields.get("thresholds") or {}).get("steps") or ():
        yield Threshold(named(step.get("color")), step.get("value"))


def _words(mappings: Iterable[Node]) -> Iterator[tuple[float, Word]]:
    """Read mappings of single values; those of ranges and patterns are not drawn."""
    for mapping in mappings:
        if mapping.get("type") == "value":
            for value, result in mapping["options"].items():
                yield float(value), Word(_text(result, "text") or value, named(result.get("color")))


def _blank(mappings: Iterable[Node]) -> Word | None:
    """Read what stands for no number: Grafana's special match `null+nan`."""
    for mapping in mappings:
        options = mapping["options"]
        if mapping.get("type") == "special" and "nan" in _text(options, "match"):
            return Word(_text(options["result"], "text"), named(options["result"].get("color")))
    return None


def _looks(overrides: Iterable[Node], matcher: str) -> Iterator[tuple[str, Look]]:
    """Yield the fixed colours with their line styles.

    The mode `shades` gives each series of a target another shade of one colour, which nobody can
    tell apart in eight lines: such a target has no fixed look here.
    """
    for override in overrides:
        if (override.get("matcher") or {}).get("id") == matcher:
            properties = {each["id"]: each.get("value") for each in override["properties"]}
            colour = properties.get("color") or {}
            style = (properties.get("custom.lineStyle") or {}).get("fill", "solid")
            if colour.get("mode") == "fixed":
                look = Look(named(colour.get("fixedColor")), style)
                yield str(override["matcher"]["options"]), look


def _units(overrides: Iterable[Node]) -> Iterator[tuple[str, str]]:
    for override in overrides:
        if (override.get("matcher") or {}).get("id") == "byName":
            for each in override["properties"]:
                if each["id"] == "unit":
                    yield str(override["matcher"]["options"]), str(each["value"])


def _options(node: Node, transformation: str) -> Node:
    """Return the options of one of a panel's transformations; none where it has none."""
    changes = node.get("transformations") or ()
    return next((each["options"] for each in changes if each.get("id") == transformation), {})


def _columns(options: Node, overrides: Iterable[Node]) -> Columns:
    hidden = options.get("excludeByName") or {}
    return Columns(
        hidden=frozenset(name for name, out in hidden.items() if out),
        names=options.get("renameByName") or {},
        order=options.get("indexByName") or {},
        units=dict(_units(overrides)),
    )


def _matrix(options: Node) -> tuple[str, str] | None:
    return (options["rowField"], options["columnField"]) if options else None


def _text(node: Node, key: str) -> str:
    return str(node.get(key) or "")
