"""Grafana's files: the dashboards, and what a Grafana must be told to find them and their data.

The schema is the classic one, version 42, which the pinned grafana-foundation-sdk makes. Grafana
migrates schemas that are older than itself, not newer ones.
"""

# ruff: noqa: FBT003 - the builders take their one value by position

import json
from collections.abc import Iterator
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from observability import knobs, render_kustomize, render_yaml
from observability.dashboards import DASHBOARDS
from observability.foreign import ALERTS
from observability.grafana_colours import STATES
from observability.grafana_panels import DATASOURCE, render
from observability.model import Dashboard, Panel, Severity
from observability.promql import select

TAG: Final = "meshdoctor"
TRACES: Final = "traces"
"""The uid of the data source that exemplars lead to."""

_DATASOURCES = "provisioning/datasources/meshdoctor.yaml"
_PROVIDER = "provisioning/dashboards/meshdoctor.yaml"
_COLUMNS = 24


def files() -> dict[str, str]:
    """Return every file that Grafana needs: path under `generated/`, and text."""
    maps = {"grafana-datasources": _DATASOURCES, "grafana-provider": _PROVIDER}
    texts = {
        **{_path(each): text(each) for each in DASHBOARDS},
        _PROVIDER: render_yaml.render(_provider()),
        _DATASOURCES: render_yaml.render(_datasources()),
        "kustomization.yaml": render_kustomize.config_maps(
            {**maps, **{f"dashboard-{each.uid}": _path(each) for each in DASHBOARDS}}
        ),
    }
    return {f"grafana/{path}": each for path, each in texts.items()}


def _path(each: Dashboard) -> str:
    return f"dashboards/{each.uid}.json"


def text(each: Dashboard) -> str:
    """Return a dashboard as Grafana's JSON."""
    raw = json.loads(JSONEncoder().encode(_dashboard(each).build()), object_hook=_on_top)
    return json.dumps(raw, indent=2, ensure_ascii=False) + "\n"


def _on_top(found: dict[str, Any]) -> dict[str, Any]:
    """Let links stand on top: the SDK hides every one in a menu, and has no method for it."""
    if "keepTime" in found:
        found.pop("placement", None)
    return found


def _dashboard(each: Dashboard) -> build.Dashboard:
    made = build.Dashboard(each.title).uid(each.uid).description(each.description).tags([TAG])
    made.timezone("browser").time("now-30m", "now").refresh("10s").readonly()
    made.tooltip(dashboard.DashboardCursorSync.CROSSHAIR).annotation(_pages())
    made.with_variable(_datasource()).with_variable(_namespace())
    for link in _links(each.uid):
        made.link(link)
    _fill(made, each)
    return made


def _fill(made: build.Dashboard, each: Dashboard) -> None:
    """Place rows and panels, numbered in reading order."""
    number = top = 0
    for row in each.rows:
        number += 1
        place = dashboard.GridPos(h=1, w=_COLUMNS, x=0, y=top)
        made.with_row(build.Row(row.title).id(number).grid_pos(place))
        for panel, left, line in _placed(row.panels, top + 1):
            number += 1
            made.with_panel(render(panel, number, left, line))
            top = max(top, line + panel.height)


def _placed(panels: tuple[Panel, ...], top: int) -> Iterator[tuple[Panel, int, int]]:
    """Yield each panel with its first column and row, from left to right, then below."""
    left = height = 0
    for panel in panels:
        if left + panel.width > _COLUMNS:
            left, top, height = 0, top + height, 0
        yield panel, left, top
        left, height = left + panel.width, max(height, panel.height)


def _links(uid: str) -> Iterator[build.DashboardLink]:
    for other in DASHBOARDS:
        if other.uid != uid:
            link = build.DashboardLink(other.title).url(f"/d/{other.uid}")
            yield link.icon("dashboard").keep_time(True).include_vars(True)
    yield build.DashboardLink("Runbook").url(knobs.RUNBOOK).icon("doc").target_blank(True)


def _datasource() -> build.DatasourceVariable:
    return build.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _namespace() -> build.QueryVariable:
    return (
        build.QueryVariable("namespace")
        .label("Namespace")
        .query("label_values(up, namespace)")
        .datasource(DATASOURCE)
        .include_all(True)
        .all_value(".*")
        .current(dashboard.VariableOption(text="All", value="$__all", selected=True))
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    )


def _pages() -> build.AnnotationQuery:
    """Mark on every panel since when somebody is paged, and for what."""
    matchers = ('alertstate="firing"', f'severity="{Severity.PAGE}"', 'layer!=""')
    query = Dataquery().expr(select(ALERTS, *matchers)).ref_id("Pages")
    return (
        build.AnnotationQuery()
        .name("Pages")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(STATES["bad"])
        .expr(select(ALERTS, *matchers))
        .target(query)
        .title_format("{{alertname}}")
        .text_format("{{cause}} {{namespace}}")
    )


def _provider() -> dict[str, object]:
    """Tell Grafana where the dashboards are: https://grafana.com/docs/grafana, "Provisioning"."""
    provider = {
        "name": TAG,
        "folder": "Mesh",
        "type": "file",
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": knobs.GRAFANA_DASHBOARDS},
    }
    return {"apiVersion": 1, "providers": [provider]}


def _datasources() -> dict[str, object]:
    """Tell Grafana where the data is; a point's exemplar opens its trace."""
    prometheus = {
        "name": "Prometheus",
        "uid": "prometheus",
        "type": "prometheus",
        "access": "proxy",
        "url": knobs.PROMETHEUS,
        "isDefault": True,
        "jsonData": {
            "httpMethod": "POST",
            # $__rate_interval is at least four times this.
            "timeInterval": f"{knobs.SCRAPE_SECONDS}s",
            "exemplarTraceIdDestinations": [{"name": "trace_id", "datasourceUid": TRACES}],
        },
    }
    traces = {
        "name": "Traces",
        "uid": TRACES,
        "type": "jaeger",
        "access": "proxy",
        "url": knobs.TRACES,
        "jsonData": {"nodeGraph": {"enabled": True}},
    }
    return {"apiVersion": 1, "datasources": [prometheus, traces]}
