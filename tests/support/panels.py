"""What the tests of the dashboards share: the panels, and what their queries say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser

from observability.dashboards import DASHBOARDS
from observability.model import Panel

VARIABLES = {"$namespace": ".*", "$__rate_interval": "20s", "$__range": "1800s"}
"""Grafana's variables, and a value that each may have."""

PANELS = [panel for each in DASHBOARDS for row in each.rows for panel in row.panels]
QUERIES = [(panel, query) for panel in PANELS for query in panel.queries]


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector of an expression: the series' name, and the labels that it matches."""

    name: str
    labels: frozenset[str]


def filled(expression: str) -> str:
    """Put values in the place of Grafana's variables, as Grafana does."""
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def nodes(expression: str) -> Iterator[Any]:
    """Yield every part of an expression's tree."""
    waiting: list[Any] = [promql_parser.parse(filled(expression))]
    while waiting:
        node = waiting.pop()
        yield node
        children = [getattr(node, name, None) for name in ("lhs", "rhs", "expr", "vector_selector")]
        waiting.extend(child for child in children if child is not None)
        waiting.extend(getattr(node, "args", None) or ())


def selectors(expression: str) -> list[Selector]:
    """Return the selectors of an expression."""
    return [
        Selector(node.name or "", frozenset(each.name for each in node.matchers.matchers))
        for node in nodes(expression)
        if isinstance(node, promql_parser.VectorSelector)
    ]


def groupings(expression: str) -> set[str]:
    """Return the labels that an expression keeps apart, by `by` or `on`."""
    kept: set[str] = set()
    for node in nodes(expression):
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql_parser.AggregateExpr) and modifier is not None:
            kept.update(modifier.labels)
    return kept


def panel_id(panel: Panel) -> str:
    """Name a panel in the output of a test."""
    return panel.title
