"""A dashboard as far as this view draws it: the small part of Grafana's model that we use.

Colours are the names of the style sheet's colours (`blue`, `red`, ...), units Grafana's ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

LINES = "timeseries"
FIGURE = "stat"
GAUGE = "gauge"
HEATMAP = "heatmap"
TABLE = "table"
STATES = "state-timeline"
KINDS = frozenset({LINES, FIGURE, GAUGE, HEATMAP, TABLE, STATES})
"""Grafana's panel types that are drawn here."""


@dataclass(frozen=True, slots=True)
class Target:
    """One question of a panel.

    Attributes:
        expression: PromQL with Grafana's variables.
        legend: the name of its series, with `{{label}}` for a label's value.
        instant: whether only the newest value is asked for.
        exemplars: whether its exemplars are asked for too.
        ref: Grafana's letter of it, by which a table names its column.
    """

    expression: str
    legend: str = ""
    instant: bool = False
    exemplars: bool = False
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `above` on (None: from the lowest) a value has this colour."""

    colour: str
    above: float | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """What stands for a value, such as "closed" for 0."""

    text: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How a line is drawn: its colour, and its style (`solid`, `dash`, `dot`)."""

    colour: str
    style: str = "solid"


@dataclass(frozen=True, slots=True)
class Columns:
    """How a table's columns are changed: names of columns as Grafana makes them."""

    hidden: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[str, int] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to elsewhere."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        kind: Grafana's panel type.
        title: what it shows.
        description: what to read from it.
        unit: of its values.
        targets: what it asks.
        thresholds: ascending; the first has no bound.
        drawn_thresholds: whether they are lines across a chart.
        least: the bottom of its axis, where that is fixed.
        most: the top of its axis, likewise.
        words: words for values, by the value.
        blank: what stands for a value that is none, such as a share of no traffic.
        calculation: how a series becomes one figure: Grafana's `lastNotNull`, `max`, `mean`, ...
        stacked: whether its series add up.
        looks: how series are drawn, by their names.
        target_looks: likewise, by the letter of the target that asks for them.
        columns: how a table's columns are changed.
        matrix: of a table, the labels that become its rows and its columns.
        links: to the runbook and the like.
        width: of 24 columns.
        height: in rows of 30 px.
    """

    kind: str
    title: str
    description: str = ""
    unit: str = "short"
    targets: tuple[Target, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    drawn_thresholds: bool = False
    least: float | None = None
    most: float | None = None
    words: Mapping[float, Word] = field(default_factory=dict)
    blank: Word | None = None
    calculation: str = "lastNotNull"
    stacked: bool = False
    looks: Mapping[str, Look] = field(default_factory=dict)
    target_looks: Mapping[str, Look] = field(default_factory=dict)
    columns: Columns = Columns()
    matrix: tuple[str, str] | None = None
    links: tuple[Link, ...] = ()
    width: int = 12
    height: int = 8


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading; the heading may be empty."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One dashboard; `uid` is its address."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    links: tuple[Link, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)
