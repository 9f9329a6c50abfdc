"""Who must run for a question to have an answer: what is declared, and what is asked."""

import pytest

from observability import knobs
from observability.foreign import Source
from observability.model import Alert, Panel, Record
from observability.rules import GROUPS
from tests.support.panels import PANELS, filled
from tests.support.promql import ELSEWHERE, Selector, inputs, panels, selectors

RULES = [rule for group in GROUPS for rule in group.rules]


def elsewhere(*expressions: str) -> bool:
    """Whether nobody on one machine makes all that is asked for."""
    asked = [one for text in expressions for one in selectors(filled(text))]
    return any(one.source in ELSEWHERE for one in asked)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_a_panel_is_excused_for_what_it_asks(panel: Panel) -> None:
    """A panel names the agent or the cluster as its source if, and only if, it asks for theirs."""
    assert (panel.source in ELSEWHERE) == elsewhere(*(one.expression for one in panel.queries))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_excused_for_what_it_reads(rule: Alert | Record) -> None:
    """So does a rule."""
    assert (rule.source in ELSEWHERE) == elsewhere(rule.expression)


def test_every_panel_and_every_rule_asks() -> None:
    """The questions are taken from the generated files, and none is lost on the way."""
    queries = [one for panel in PANELS for one in panel.queries]
    read = {one for rule in RULES for one in selectors(rule.expression)}

    assert len(queries) == len(list(panels()))
    assert {str(one) for one in read} == {question.expression for question in inputs()}


def test_selectors_are_found_wherever_they_stand() -> None:
    """In ranges, subqueries, aggregations, arguments and both sides; values keep their quotes."""
    expression = r"""
        topk(2, a{x="1"} offset 5m) / on () group_left () sum(rate(b{y=~"2|3"}[5m]))
        or max_over_time(c[1m:5s]) unless -(d{z!~"\"4\""} > bool 1) and a{x="1"}
    """
    found = selectors(expression)

    assert ['a{x="1"}', 'b{y=~"2|3"}', "c", r'd{z!~"\"4\""}'] == [str(one) for one in found]


@pytest.mark.parametrize(
    ("selector", "source"),
    [
        (Selector("up", (("job", "=", knobs.AGENT),)), Source.AGENT),
        (Selector("up", (("job", "=", knobs.COREDNS),)), Source.CLUSTER),
        (Selector("up", (("job", "=~", f"shop|{knobs.AGENT}"),)), Source.PROMETHEUS),
        (Selector("locust_requests_total", ()), Source.LOAD),
        (Selector("rpc_client_call_duration_seconds_bucket", ()), Source.SERVICES),
        (Selector("kube_pod_container_status_restarts_total", ()), Source.CLUSTER),
        (Selector("edge:failed_node_probes:seen", ()), Source.AGENT),
    ],
    ids=str,
)
def test_a_series_has_a_maker(selector: Selector, source: Source) -> None:
    """By its name, or by the job alone that it is to come from."""
    assert source == selector.source


def test_a_series_that_nobody_declares_is_an_error() -> None:
    """A slip in a metric's name must not look like a series of somebody else."""
    with pytest.raises(KeyError):
        _ = Selector("rpc_client_calls_total", ()).source
