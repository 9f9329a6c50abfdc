"""The panels as data: each asks for what exists, and says what a reader should make of it."""

import re
from pathlib import Path

import promql_parser
import pytest
from grafana_foundation_sdk.models import units

from meshdoctor.telemetry.catalogue import AGENT, CATALOGUE, LOAD, Kind
from observability import foreign, knobs
from observability.dashboards import DASHBOARDS, grpc
from observability.foreign import Source
from observability.model import Draw, Panel, Record
from observability.rules import ALERTS, GROUPS
from tests.support.panels import PANELS, QUERIES, filled, groupings, panel_id, selectors

ROOT = Path(__file__).resolve().parents[3]
KINDS = {
    Kind.HISTOGRAM: ("_bucket", "_count", "_sum"),
    Kind.COUNTER: ("",),
    Kind.GAUGE: ("",),
}
SOURCES = {
    **dict.fromkeys(CATALOGUE, Source.SERVICES),
    **dict.fromkeys(LOAD, Source.LOAD),
    **dict.fromkeys(AGENT, Source.AGENT),
}
RECORDS = {
    rule.name: rule.source for group in GROUPS for rule in group.rules if isinstance(rule, Record)
}
SOURCE_OF = {
    **{f"{it.name}{end}": source for it, source in SOURCES.items() for end in KINDS[it.kind]},
    **foreign.SOURCES,
    **RECORDS,
}
LABELS_OF = {f"{it.name}{end}": set(it.labels) for it in SOURCES for end in KINDS[it.kind]}
ANYWHERE = {"job", "instance", "namespace", "pod", "le"}
FOREIGN_LABELS = {
    *("alertname", "alertstate", "severity", "layer", "cause", "generation", "reason"),
    *("container", "node", "operation_type", "rcode", "integration"),
}
OF_THE_CLUSTER = {
    *(foreign.COREDNS_ANSWERS, foreign.COREDNS_BUCKETS, foreign.PROBE_SUCCESS),
    *(foreign.PROBE_SECONDS, foreign.KUBELET_PODS, foreign.KUBELET_FAILURES),
    *(foreign.PROMETHEUS_CONFIG, foreign.PROMETHEUS_RULE_FAILURES, foreign.PROMETHEUS_SERIES),
    *(foreign.PROMETHEUS_LOST_ALERTS, foreign.PROMETHEUS_BLOCKS),
    *(foreign.ALERTMANAGER_CONFIG, foreign.ALERTMANAGER_FAILURES),
}
DEMAND = (Source.SERVICES, Source.PROMETHEUS, Source.LOAD, Source.AGENT, Source.CLUSTER)

by_panel = pytest.mark.parametrize("panel", PANELS, ids=panel_id)


def test_the_five_dashboards_are_there() -> None:
    """Alerts link to these; a uid that changes breaks every bookmark."""
    expected = ["mesh-overview", "mesh-grpc", "mesh-dns-network", "mesh-load", "mesh-runtime"]

    assert expected == [each.uid for each in DASHBOARDS]
    assert set() == {alert.dashboard for alert in ALERTS} - set(expected)


def test_a_title_is_used_once_on_a_dashboard() -> None:
    """Who is told a panel's title finds it."""
    for each in DASHBOARDS:
        titles = [panel.title for row in each.rows for panel in row.panels]

        assert len(set(titles)) == len(titles), each.uid


@by_panel
def test_a_panel_says_what_to_read_and_what_to_do(panel: Panel) -> None:
    """A title, two sentences at least, and a unit that Grafana knows."""
    known = {value for name, value in vars(units).items() if name[0].isupper()}

    assert panel.title
    assert 2 <= len(re.findall(r"[.:](?= |$)", panel.description)), panel.description
    assert panel.description.endswith(".")
    assert panel.unit in known


@by_panel
def test_a_query_parses_and_uses_known_variables_only(panel: Panel) -> None:
    """PromQL, after Grafana's three variables have their values."""
    for query in panel.queries:
        promql_parser.parse(filled(query.expression))

        assert "$" not in filled(query.expression)


@by_panel
def test_a_query_reads_series_that_somebody_makes(panel: Panel) -> None:
    """Of the catalogue, of `foreign.py`, or of our own recording rules."""
    asked = {found.name for query in panel.queries for found in selectors(query.expression)}

    assert set() == asked - SOURCE_OF.keys()
    assert asked


@by_panel
def test_a_query_knows_the_labels_of_its_series(panel: Panel) -> None:
    """A label with a slip of the pen matches nothing, and nobody would hear of it."""
    for query in panel.queries:
        found = selectors(query.expression)
        owned = set().union(*(LABELS_OF.get(it.name, FOREIGN_LABELS | {"slo"}) for it in found))

        assert set() == groupings(query.expression) - owned - ANYWHERE
        for it in found:
            known = LABELS_OF.get(it.name, FOREIGN_LABELS | {"slo"}) | ANYWHERE
            assert set() == it.labels - known, it.name


@by_panel
def test_a_panel_names_the_source_that_it_cannot_do_without(panel: Panel) -> None:
    """The most demanding of its series decides: an empty panel is excused by its source alone."""
    asked = {
        SOURCE_OF[found.name] for query in panel.queries for found in selectors(query.expression)
    }

    assert max(asked, key=DEMAND.index) == panel.source


@by_panel
def test_a_panel_leads_to_a_family_of_alerts(panel: Panel) -> None:
    """What it calls its runbook's heading is one that an alert has."""
    assert panel.runbook in {"", *(alert.family for alert in ALERTS)}


@by_panel
def test_a_legend_names_labels_that_the_query_keeps(panel: Panel) -> None:
    """Otherwise a line has no name; and two queries of a panel have not the same one."""
    for query in panel.queries:
        named = set(re.findall(r"\{\{(\w+)\}\}", query.legend))

        assert set() == named - groupings(query.expression)
    assert len({query.legend for query in panel.queries}) == len(panel.queries)
    assert all(query.legend for query in panel.queries)


@by_panel
def test_steps_ascend(panel: Panel) -> None:
    """The first is where everything starts, and each next one is higher."""
    bounds = [step.above for step in panel.steps[1:]]

    assert [None] == [step.above for step in panel.steps[:1]] or not panel.steps
    assert sorted(bound for bound in bounds if bound is not None) == bounds


@by_panel
def test_states_have_words(panel: Panel) -> None:
    """No state is told by its colour alone."""
    if panel.draw is Draw.STATES or panel.matrix:
        assert panel.words
        assert panel.steps


def test_only_series_of_the_namespace_are_asked_for() -> None:
    """But those that others than the Pods of that namespace tell."""
    elsewhere = {it.name for it in (*LOAD, *AGENT)} | {foreign.ALERTS, "slo:objective:ratio"}
    elsewhere |= {re.sub("_bucket$", "", name) for name in OF_THE_CLUSTER}
    missing = {
        found.name
        for _panel, query in QUERIES
        for found in selectors(query.expression)
        if "namespace" not in found.labels
    }

    assert set() == {re.sub("_(bucket|count|sum)$", "", name) for name in missing} - elsewhere


def test_bounds_are_the_knobs() -> None:
    """A line in a panel is where the alert or the objective has it."""
    bounds = {panel.title: [step.above for step in panel.steps[1:]] for panel in PANELS}

    assert [knobs.MARKETPLACE_LATENCY_SECONDS] == bounds["HTTP latency"]
    assert [knobs.RECOMMENDATIONS_LATENCY_SECONDS] == bounds["Latency quantiles at the caller"]
    assert [knobs.RETRY_RATIO] == bounds["Second tries as a share of calls"]
    assert [knobs.DNS_FAILURE_RATIO] == bounds["DNS lookups failed"]
    assert [knobs.MOST_SAMPLES_PER_SCRAPE] == bounds["Samples per scrape"]
    assert [14.4] == bounds["Burn rate, 1h"]
    assert [6] == bounds["Burn rate, 6h"]


def test_the_words_of_a_breaker_are_those_of_its_metric() -> None:
    """The catalogue says what 0, 1 and 2 mean."""
    (metric,) = (it for it in CATALOGUE if it.labels == ("server_address",))

    for value, word in grpc.BREAKER_WORDS.items():
        assert f"{value:g} {word}" in metric.help
