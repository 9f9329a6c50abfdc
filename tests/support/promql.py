"""What the generated files ask Prometheus, and who must run for there to be an answer.

One place says what may be silent on one machine: `ELSEWHERE`.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import promql_parser
import yaml
from promql_parser import MatchOp, VectorSelector

from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.watchers import GENERATED, RULES
from meshdoctor.telemetry.catalogue import AGENT, CATALOGUE, LOAD, Kind
from observability import knobs
from observability.foreign import SOURCES, Source
from observability.model import Record
from observability.rules import GROUPS
from tests.support.panels import filled

ELSEWHERE: Final = frozenset({Source.AGENT, Source.CLUSTER})
"""Nobody makes these series on one machine: what needs one is to be silent, and nothing else is."""

DASHBOARDS: Final = GENERATED / "grafana" / "dashboards"

_JOBS: Final = {knobs.AGENT: Source.AGENT, knobs.COREDNS: Source.CLUSTER, knobs.LOAD: Source.LOAD}
_SIGNS: Final = (
    (MatchOp.Equal, "="),
    (MatchOp.NotEqual, "!="),
    (MatchOp.Re, "=~"),
    (MatchOp.NotRe, "!~"),
)
_STEP_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Question:
    """Something that Prometheus is asked.

    Attributes:
        asker: who asks, for a person.
        expression: PromQL, variables replaced.
        silent: whether nobody here can answer.
        panel: whether a panel asks, and not a rule.
    """

    asker: str
    expression: str
    silent: bool
    panel: bool

    def __str__(self) -> str:
        return f"{self.asker}: {' '.join(self.expression.split())}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Some series, by name and matchers, as `promql_parser` reads them."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        inside = ",".join(f"{name}{sign}{json.dumps(text)}" for name, sign, text in self.matchers)
        return f"{self.name}{{{inside}}}" if inside else self.name

    @property
    def source(self) -> Source:
        """Who makes the series; KeyError for a name that nobody declares."""
        jobs = [text for name, sign, text in self.matchers if (name, sign) == ("job", "=")]
        return next((_JOBS[job] for job in jobs if job in _JOBS), _MAKERS[self.name])


def selectors(expression: str) -> tuple[Selector, ...]:
    """List the series that an expression reads, in order, each once, at whatever time."""
    found: dict[Selector, None] = {}

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, VectorSelector):
            matchers = tuple((one.name, _sign(one.op), one.value) for one in node.matchers.matchers)
            found[Selector(node.name or "", matchers)] = None

    promql_parser.walk(promql_parser.parse(expression), visit)
    return tuple(found)


def panels(folder: Path = DASHBOARDS) -> Iterator[Question]:
    """Yield every expression of every panel of the dashboards in a folder."""
    for path in sorted(folder.glob("*.json")):
        dashboard = json.loads(path.read_text("utf-8"))
        for panel in _panels(dashboard["panels"]):
            for target in panel.get("targets", ()):
                expression = filled(target["expr"])
                silent = any(one.source in ELSEWHERE for one in selectors(expression))
                yield Question(
                    f"{dashboard['uid']}: {panel['title']}", expression, silent, panel=True
                )


def inputs(rules: Path = GENERATED / RULES) -> Iterator[Question]:
    """Yield what the rules of a file read, each selector once, under the first rule's name."""
    groups = yaml.safe_load(rules.read_text("utf-8"))["groups"]
    askers: dict[Selector, str] = {}
    for rule in (rule for group in groups for rule in group["rules"]):
        for selector in selectors(rule["expr"]):
            askers.setdefault(selector, rule.get("alert") or rule["record"])
    for selector, asker in askers.items():
        yield Question(asker, str(selector), selector.source in ELSEWHERE, panel=False)


def has_points(prometheus: Prometheus, expression: str, start: float, end: float) -> bool:
    """Whether an expression has a number at any time of a span (Unix seconds)."""
    curves = prometheus.range(expression, start, end, _STEP_SECONDS)
    return any(math.isfinite(value) for curve in curves for _, value in curve.points)


def _sign(operator: MatchOp) -> str:
    return next(sign for known, sign in _SIGNS if known == operator)


def has_series(prometheus: Prometheus, selector: str, start: float, end: float) -> bool:
    """Whether a selector has had a sample between two Unix seconds, the later one being now."""
    return bool(prometheus.instant(f"last_over_time({selector}[{math.ceil(end - start)}s])"))


def _panels(nested: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for panel in nested:
        yield panel
        yield from _panels(panel.get("panels", []))


def _makers() -> Mapping[str, Source]:
    ours = {Source.SERVICES: CATALOGUE, Source.LOAD: LOAD, Source.AGENT: AGENT}
    suffixes = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
    exposed = {
        f"{metric.name}{suffix}": source
        for source, metrics in ours.items()
        for metric in metrics
        for suffix in suffixes.get(metric.kind, ("",))
    }
    rules = (rule for group in GROUPS for rule in group.rules)
    recorded = {rule.name: rule.source for rule in rules if isinstance(rule, Record)}
    return exposed | recorded | SOURCES


_MAKERS: Final = _makers()
