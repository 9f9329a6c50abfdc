"""Dashboards and answers made up for the tests, in the form that Grafana's SDK writes."""

import json
from pathlib import Path
from typing import Any

from meshdoctor.lab.boards.asking import Answer, Dot, Series
from meshdoctor.lab.boards.draw.plot import Times, wall_clock
from meshdoctor.lab.boards.model import Panel, Target
from meshdoctor.lab.boards.window import Window

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}\x00\u202e"
SEEN = Window(1_700_000_000.0, 1_700_000_300.0, 5.0)
TIMES = Times(SEEN, wall_clock())
TRACE = "0af7651916cd43dd8448eb211c80319c"
RED, GREEN = "#D55E00", "#009E73"


def series(name: str, *values: float | None, ref: str = "A", **labels: str) -> Series:
    """A series whose values are repeated until every moment of `SEEN` has one."""
    moments = len(SEEN.moments)
    return Series(name, labels, (values * moments)[:moments], ref)


def answer(*found: Series, dots: tuple[Dot, ...] = (), problem: str = "") -> Answer:
    """What a panel got."""
    return Answer(found, dots, problem)


def panel(kind: str, **changed: Any) -> Panel:  # noqa: ANN401 - whatever a panel has
    """A panel of a kind."""
    return Panel(kind, "Title", targets=(Target("up", ref="A"),), **changed)


def panel_node(kind: str, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A panel as Grafana writes it."""
    return {
        "type": kind,
        "title": f"A {kind}",
        "description": "What to read. Needs kube-state-metrics.",
        "gridPos": {"h": 8, "w": 6, "x": 0, "y": 1},
        "targets": [
            {"expr": "up", "legendFormat": "{{job}}", "range": True, "instant": False, "refId": "A"}
        ],
        "fieldConfig": {"defaults": {"unit": "s"}, "overrides": []},
        "options": {},
        **changed,
    }


def row_node(title: str, *panels: dict[str, Any]) -> dict[str, Any]:
    """A row; with panels in it it is folded."""
    return {"type": "row", "title": title, "collapsed": bool(panels), "panels": list(panels)}


def board_node(uid: str, *panels: dict[str, Any], links: tuple[str, ...] = ()) -> dict[str, Any]:
    """A dashboard as Grafana writes it, linking to others by uid."""
    return {
        "uid": uid,
        "title": f"Board {uid}",
        "description": "What it is for.",
        "links": [{"title": other, "url": f"/d/{other}", "type": "link"} for other in links],
        "panels": list(panels),
    }


def written(folder: Path, *boards: dict[str, Any]) -> Path:
    """Write dashboards as files; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for board in boards:
        (folder / f"{board['uid']}.json").write_text(json.dumps(board), encoding="utf-8")
    return folder
