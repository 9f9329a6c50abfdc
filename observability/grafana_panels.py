"""From a panel of the model to Grafana's, by the builders of grafana-foundation-sdk."""

# ruff: noqa: FBT003 - the builders take their one value by position

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from grafana_foundation_sdk.builders import (
    common as build_common,
)
from grafana_foundation_sdk.builders import (
    dashboard as build,
)
from grafana_foundation_sdk.builders import gauge, heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from observability import links
from observability.foreign import Source
from observability.grafana_colours import EXEMPLAR, NEUTRAL, STATES, Look, look, looks
from observability.model import Draw, Panel, Query, Step

DATASOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The one that the reader has chosen on top of the dashboard."""

_LABEL = re.compile(r"\{\{(\w+)\}\}")
_NOW = {Draw.FIGURE, Draw.GAUGE, Draw.TABLE}
_SINGLE = {Draw.FIGURE, Draw.GAUGE}
_NEEDS: Final = {
    Source.LOAD: "Needs a load test that runs.",
    Source.AGENT: "Needs the agent on each node.",
    Source.CLUSTER: "Needs kube-state-metrics.",
}
"""What a reader is told where nothing may be drawn although nothing is wrong."""

_NOTHING: Final = dashboard.SpecialValueMap(
    options=dashboard.DashboardSpecialValueMapOptions(
        match=dashboard.SpecialValueMatch.NULL_AND_NAN,
        result=dashboard.ValueMappingResult(text="no traffic", color=NEUTRAL, index=0),
    )
)
"""A share of nothing."""

# The builders of the kinds of panel share their methods, but no type says so.
_Builder = Any


def render(panel: Panel, number: int, left: int, top: int) -> _Builder:
    """Make Grafana's panel.

    Args:
        panel: of the model.
        number: its id in the dashboard.
        left: its first column, of 24.
        top: its first row.

    Returns:
        A builder of the SDK.
    """
    made = _MAKERS[panel.draw](panel)
    _common(made, panel)
    made.id(number).grid_pos(dashboard.GridPos(h=panel.height, w=panel.width, x=left, y=top))
    for place, query in enumerate(panel.queries):
        made.with_target(_target(panel, query, place))
    return made


def labels(legend: str) -> list[str]:
    """Return the labels that a legend names, in order."""
    return _LABEL.findall(legend)


def _common(made: _Builder, panel: Panel) -> None:
    needs = _NEEDS.get(panel.source, "")
    made.title(panel.title).description(" ".join(filter(None, (panel.description, needs))))
    made.datasource(DATASOURCE).unit(panel.unit).thresholds(_thresholds(panel.steps))
    if panel.most is not None:
        made.max(panel.most)
    if panel.words:
        made.mappings([_mapping(panel)])
    elif panel.draw in _SINGLE:
        made.mappings([_NOTHING])
    if panel.runbook:
        link = build.DashboardLink(f"Runbook: {panel.runbook}")
        made.links([link.url(links.runbook(panel.runbook)).target_blank(True)])


def _target(panel: Panel, query: Query, place: int) -> Dataquery:
    target = Dataquery().ref_id(_letter(place)).expr(query.expression).datasource(DATASOURCE)
    if panel.draw is not Draw.TABLE:
        target.legend_format(query.legend)
    if panel.draw in _NOW:
        target.instant()
    else:
        target.range().exemplar(panel.exemplars)
    return target.format(_FORMATS.get(panel.draw, PromQueryFormat.TIME_SERIES))


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _thresholds(steps: tuple[Step, ...]) -> build.ThresholdsConfig:
    made = [dashboard.Threshold(value=each.above, color=STATES[each.state]) for each in steps]
    neutral = dashboard.Threshold(value=None, color=NEUTRAL)
    return build.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(made or [neutral])


def _mapping(panel: Panel) -> dashboard.ValueMap:
    return dashboard.ValueMap(
        options={
            f"{value:g}": dashboard.ValueMappingResult(
                text=word, color=_state_colour(panel.steps, value), index=place
            )
            for place, (value, word) in enumerate(panel.words.items())
        }
    )


def _state_colour(steps: tuple[Step, ...], value: float) -> str:
    reached = [each for each in steps if each.above is None or value >= each.above]
    return STATES[reached[-1].state] if reached else NEUTRAL


def _colour(mode: dashboard.FieldColorModeId, fixed: str = "") -> build.FieldColor:
    made = build.FieldColor().mode(mode)
    return made.fixed_color(fixed) if fixed else made


def _lines(panel: Panel) -> _Builder:
    made = timeseries.Panel()
    made.legend(
        build_common.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull"])
    )
    made.tooltip(
        build_common.VizTooltipOptions()
        .mode(common.TooltipDisplayMode.MULTI)
        .sort(common.SortOrder.DESCENDING)
    )
    made.line_width(2).fill_opacity(25 if panel.stacked else 0)
    made.show_points(common.VisibilityMode.AUTO).axis_soft_min(0)
    if panel.stacked:
        made.stacking(build_common.StackingConfig().mode(common.StackingMode.NORMAL))
    lines = [step.above for step in panel.steps if step.above is not None]
    if lines:
        style = build_common.GraphThresholdsStyleConfig()
        made.thresholds_style(style.mode(common.GraphThresholdsStyleMode.DASHED))
        made.axis_soft_max(min(lines))  # a line that nobody sees cannot tell how far away it is
    for matches, name, values in _overrides(panel):
        made.with_override(dashboard.MatcherConfig(id_val=matches, options=name), values)
    return made


def _overrides(panel: Panel) -> Iterator[tuple[str, str, list[dashboard.DynamicConfigValue]]]:
    """Yield how lines are told apart: by query first, then, where they are known, by word."""
    for place, query in enumerate(panel.queries):
        many = bool(labels(query.legend))
        yield "byFrameRefID", _letter(place), _drawn(look(place), many=many)
    for query in panel.queries:
        for label in labels(query.legend)[:1]:
            if query.legend == f"{{{{{label}}}}}":
                for word, drawn in looks(label):
                    yield "byName", word, _drawn(drawn, many=False)


def _drawn(drawn: Look, *, many: bool) -> list[dashboard.DynamicConfigValue]:
    """How to draw the lines of a query: many get shades, lighter and darker, of one colour."""
    mode = dashboard.FieldColorModeId.SHADES if many else dashboard.FieldColorModeId.FIXED
    style: dict[str, object] = {"fill": drawn.fill}
    if drawn.dash:
        style["dash"] = list(drawn.dash)
    return [
        dashboard.DynamicConfigValue(
            id_val="color", value={"mode": mode.value, "fixedColor": drawn.colour}
        ),
        dashboard.DynamicConfigValue(id_val="custom.lineStyle", value=style),
    ]


def _newest() -> build_common.ReduceDataOptions:
    return build_common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _figure(panel: Panel) -> _Builder:
    made = stat.Panel().reduce_options(_newest()).graph_mode(common.BigValueGraphMode.NONE)
    made.color_mode(common.BigValueColorMode.VALUE).text_mode(common.BigValueTextMode.VALUE)
    made.color_scheme(_colour(dashboard.FieldColorModeId.THRESHOLDS))
    return made.decimals(2) if panel.unit == "percentunit" else made


def _gauge(_panel: Panel) -> _Builder:
    made = gauge.Panel().reduce_options(_newest()).min(0).decimals(1)
    made.show_threshold_labels(True).show_threshold_markers(True)
    return made.color_scheme(_colour(dashboard.FieldColorModeId.THRESHOLDS))


def _heatmap(panel: Panel) -> _Builder:
    made = heatmap.Panel().calculate(False).cell_gap(1).show_legend()
    made.color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues"))
    made.y_axis(heatmap.YAxisConfig().unit(panel.unit))
    made.tooltip(
        heatmap.HeatmapTooltip()
        .mode(common.TooltipDisplayMode.SINGLE)
        .y_histogram(True)
        .show_color_scale(True)
    )
    return made.filter_values(heatmap.FilterValueRange().le(1e-9)).exemplars_color(EXEMPLAR)


def _table(panel: Panel) -> _Builder:
    made = table.Panel().show_header(True)
    if panel.words:
        made.cell_options(common.TableColorTextCellOptions())
    made.color_scheme(_colour(dashboard.FieldColorModeId.THRESHOLDS))
    return made.with_transformation(_arranged(panel))


def _arranged(panel: Panel) -> dashboard.DataTransformerConfig:
    """The columns: those labels that the legend names, in its order, then the value."""
    if panel.matrix:
        row, column = panel.matrix
        fields = {"rowField": row, "columnField": column, "valueField": "Value"}
        return dashboard.DataTransformerConfig(id_val="groupingToMatrix", options=fields)
    columns = [*(label for query in panel.queries for label in labels(query.legend)), "Value"]
    order = {column: place for place, column in enumerate(columns)}
    options = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": {"Value": "number"},
    }
    return dashboard.DataTransformerConfig(id_val="organize", options=options)


def _states(_panel: Panel) -> _Builder:
    made = statetimeline.Panel().show_value(common.VisibilityMode.ALWAYS).merge_values(True)
    made.legend(build_common.VizLegendOptions().show_legend(False))
    return made.color_scheme(_colour(dashboard.FieldColorModeId.THRESHOLDS))


_FORMATS: Final = {Draw.TABLE: PromQueryFormat.TABLE, Draw.HEATMAP: PromQueryFormat.HEATMAP}
_MAKERS: Final[dict[Draw, Callable[[Panel], _Builder]]] = {
    Draw.LINES: _lines,
    Draw.FIGURE: _figure,
    Draw.GAUGE: _gauge,
    Draw.HEATMAP: _heatmap,
    Draw.TABLE: _table,
    Draw.STATES: _states,
}
