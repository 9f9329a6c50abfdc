"""The expressions: all parse, and all read series that somebody makes, by labels that they have."""

import promql_parser
import pytest
from promql_parser import AggregateExpr, BinaryExpr, ParenExpr, VectorSelector

from meshdoctor.telemetry.catalogue import AGENT, CATALOGUE, HTTP_SERVER_DURATION, Kind
from observability.foreign import SOURCES, Source
from observability.model import Alert, Record
from observability.promql import duration, quantile, rate, select, total, within
from observability.rules import GROUPS

RULES = [rule for group in GROUPS for rule in group.rules]
RECORDS = {rule.name: rule.source for rule in RULES if isinstance(rule, Record)}
SERIES = {
    f"{metric.name}{suffix}": source
    for source, metrics in ((Source.SERVICES, CATALOGUE), (Source.AGENT, AGENT))
    for metric in metrics
    for suffix in (("_count", "_bucket") if metric.kind is Kind.HISTOGRAM else ("",))
}
MADE = {**SERIES, **SOURCES, **RECORDS}
LABELS = {
    f"{metric.name}{suffix}": {*metric.labels, "le", "job", "namespace", "instance"}
    for metric in (*CATALOGUE, *AGENT)
    for suffix in ("", "_count", "_bucket")
}
by_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def selectors(expression: str) -> list[VectorSelector]:
    """Return what an expression reads; an expression that does not parse raises ValueError."""
    found: list[VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


@by_rule
def test_a_rule_reads_what_somebody_makes(rule: Record | Alert) -> None:
    """A name that nobody makes, or a label that it does not have, would be silent for ever."""
    for selector in selectors(rule.expression):
        assert selector.name in MADE
        matched = {matcher.name for matcher in selector.matchers.matchers}
        assert set() == matched - LABELS.get(selector.name, matched)


@by_rule
def test_a_rule_says_whose_series_it_needs(rule: Record | Alert) -> None:
    """What reads an agent's or the cluster's series names that source, and nothing else does."""
    read = {MADE[selector.name or ""] for selector in selectors(rule.expression)}

    assert (read & {Source.AGENT, Source.CLUSTER} or {rule.source}) == {rule.source}


@by_rule
def test_two_sides_that_meet_have_the_same_labels_or_say_on_which(rule: Record | Alert) -> None:
    """Sides whose labels differ match nothing, and an alert made of them never fires."""

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, BinaryExpr) and node.modifier is None:
            sides = {labels_kept(node.lhs), labels_kept(node.rhs)} - {None}
            assert 2 > len(sides), rule.expression

    promql_parser.walk(promql_parser.parse(rule.expression), visit)


def labels_kept(node: promql_parser.Expr) -> frozenset[str] | None:
    """Return the labels that an aggregation keeps; None when that cannot be told from the text."""
    if isinstance(node, ParenExpr):
        return labels_kept(node.expr)
    if isinstance(node, AggregateExpr):
        return frozenset(node.modifier.labels if node.modifier else ())
    if isinstance(node, BinaryExpr):
        return labels_kept(node.lhs)
    return None


def test_sides_that_cannot_meet_are_noticed() -> None:
    """The test above can fail."""
    broken = Record("broken", "sum by (job) (up) / sum(up)")

    with pytest.raises(AssertionError):
        test_two_sides_that_meet_have_the_same_labels_or_say_on_which(broken)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("up", select("up")),
        ('up{job="shop",instance!=""}', select("up", 'job="shop"', 'instance!=""')),
        ("rate(up[5m])", rate("up", "5m")),
        ("sum(up)", total("up")),
        ("sum by (job, le) (up)", total("up", "job", "le")),
        ("15s", duration(15)),
        ("90s", duration(90)),
        ("1m", duration(60)),
        ("2h", duration(7200)),
    ],
)
def test_a_piece_of_promql_reads_as_a_person_would_write_it(expected: str, actual: str) -> None:
    """The pieces from which all expressions are made."""
    assert expected == actual


def test_a_histogram_is_read_by_its_buckets() -> None:
    """A quantile keeps `le` apart; a bound is written as prometheus-client writes it: 1.0."""
    name = HTTP_SERVER_DURATION.name

    assert f"histogram_quantile(0.99, sum by (le, job) (rate({name}_bucket[5m])))" == quantile(
        0.99, HTTP_SERVER_DURATION, window="5m", by=("job",)
    )
    assert f'{name}_bucket{{le="1.0"}}' == within(HTTP_SERVER_DURATION, 1)
