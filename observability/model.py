"""What the watchers are made of, as plain data: rules, alerts, panels. Rendering is elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from observability.foreign import Source


class Severity(StrEnum):
    """Who hears of an alert, and when."""

    PAGE = "page"
    TICKET = "ticket"
    NONE = "none"
    """Nobody: such an alert only steers others, or shows that alerting works."""


class Rank(StrEnum):
    """How near to the root an alert is. A page explains, and so silences, the pages below it."""

    NETWORK = "network"
    DNS = "dns"
    CLUSTER = "cluster"
    ROUTING = "routing"
    RPC = "rpc"
    ABSENCE = "absence"
    BURN = "burn"
    WATCH = "watch"
    """About the watchers themselves: neither silences nor is silenced."""


@dataclass(frozen=True, slots=True)
class Record:
    """One recording rule.

    Attributes:
        name: level:metric:operations, as Prometheus' practice for rule names asks.
        expression: PromQL of Prometheus 2.42.
        labels: fixed labels of the series it makes.
        source: who must run for it to have data.
    """

    name: str
    expression: str
    labels: Mapping[str, str] = field(default_factory=dict)
    source: Source = Source.SERVICES


@dataclass(frozen=True, slots=True)
class Alert:
    """One alerting rule, before its links are derived.

    Attributes:
        name: as engineers say it; CamelCase.
        family: the heading of the runbook that treats it; several alerts may share one.
        expression: PromQL; its value is what the description tells.
        hold: Prometheus' `for`; empty fires at once.
        keep: Prometheus' `keep_firing_for`; empty ends at once.
        severity: who hears of it.
        rank: what it explains and is explained by.
        layer: a layer of `faults.py`, or `objective` for burn alerts, `watch` for the watchers.
        summary: one line: what is wrong, where; a Go template.
        description: what it means, with the measured value; a Go template.
        dashboard: uid of the dashboard that shows it.
        faults: codes of `faults.py` that this alert is the first to tell.
        labels: further fixed labels.
        source: who must run for it to be able to fire.
    """

    name: str
    family: str
    expression: str
    severity: Severity
    rank: Rank
    layer: str
    summary: str
    description: str
    dashboard: str
    hold: str = ""
    keep: str = ""
    faults: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    source: Source = Source.SERVICES


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, one after the other, every `seconds`."""

    name: str
    seconds: int
    rules: tuple[Record | Alert, ...]


class Draw(StrEnum):
    """How a panel is drawn; Grafana's own names of its panel types."""

    LINES = "timeseries"
    FIGURE = "stat"
    GAUGE = "gauge"
    HEATMAP = "heatmap"
    TABLE = "table"
    STATES = "state-timeline"


@dataclass(frozen=True, slots=True)
class Query:
    """One question of a panel: PromQL with Grafana's variables, and the legend of its series."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """From `above` on (None: from the lowest) a value is in this state: good, warn or bad."""

    state: str
    above: float | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title: what it shows, a few words.
        description: what to read from it and what to do; a sentence or two.
        unit: Grafana's unit id: `s`, `reqps`, `percentunit`, `bytes`, `short`, ...
        draw: how.
        queries: what it asks.
        steps: its thresholds, ascending.
        width: of 24 columns.
        height: in Grafana's rows of 30 px.
        exemplars: whether its points lead to traces.
        stacked: whether its series add up.
        most: the top of its axis, where that is known (1 for a share).
        words: text for values, such as 0 "closed"; each value then has its own word.
        source: who must run for it to have data.
        matrix: of a table, the two labels that become its rows and its columns.
        runbook: the runbook's heading that says what to do when it looks bad.
    """

    title: str
    description: str
    unit: str
    draw: Draw
    queries: tuple[Query, ...]
    steps: tuple[Step, ...] = ()
    width: int = 12
    height: int = 8
    exemplars: bool = False
    stacked: bool = False
    most: float | None = None
    words: Mapping[float, str] = field(default_factory=dict)
    source: Source = Source.SERVICES
    matrix: tuple[str, str] | None = None
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; `uid` names it in links and files and never changes."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
