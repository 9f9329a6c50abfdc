"""The runbook is complete, every link into it arrives, and its commands read and do not write."""

import ast
import re
import shlex
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

from meshdoctor.faults import CAUSES, FAULTS
from meshdoctor.telemetry.catalogue import AGENT, CATALOGUE, LOAD, Kind, Metric
from observability import foreign, knobs, links
from tests.support.rulebook import GENERATED, Rulebook
from tests.support.runbook import (
    PARTS,
    RUNBOOK,
    Section,
    labels,
    metrics,
    programs,
    queries,
    sections,
    tables,
)

SECTIONS: Final = sections()
RULES: Final = [rule for group in Rulebook.read().groups for rule in group["rules"]]
ALERTS: Final = [rule for rule in RULES if "alert" in rule]
SEVERITIES: Final = ("page", "ticket", "none")
OF_ITS_CAUSE: Final = "of its cause"
LINK: Final = re.compile(r"\[([^\]]+)\]\((#[\w-]+)\)")
QUIET_VERBS: Final = {"get", "describe", "logs", "top"}
QUIET_IMPORTS: Final = {"socket", "sys", "ssl", "dns.message", "dns.query", "dns.rcode"}
QUIET_BEGINNINGS: Final = (
    ("meshdoctor", "aws", "security-group"),
    ("promtool", "query", "instant"),
    ("amtool", "alert", "query"),
    ("grep",),
    ("tail",),
    ("sort", "-u"),
    ("xargs", "meshdoctor", "image"),
    ("openssl", "x509", "-noout"),
)

by_section = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)


def anchor_of(rule: dict[str, Any]) -> str:
    """Return where in the runbook an alert leads."""
    address: str = rule["annotations"]["runbook_url"]
    return address.removeprefix(f"{knobs.RUNBOOK}#")


def alerts_of(section: Section) -> list[dict[str, Any]]:
    """Return the alerts that lead to a section."""
    return [rule for rule in ALERTS if anchor_of(rule) == links.anchor(section.title)]


def layer_of(rules: list[dict[str, Any]]) -> str:
    """Return the layer of alerts of one name; it may depend on the cause that they find."""
    layers = {rule["labels"]["layer"] for rule in rules}
    return OF_ITS_CAUSE if len(layers) > 1 or "{{" in "".join(layers) else layers.pop()


def severities_of(rules: list[dict[str, Any]]) -> list[str]:
    """Return the severities of alerts, the loudest first."""
    return [each for each in SEVERITIES if each in {rule["labels"]["severity"] for rule in rules}]


def test_each_fault_and_each_family_of_alerts_has_one_section() -> None:
    """Whatever has a code or pages somebody is treated once, and nothing else is."""
    wanted = {links.anchor(code) for code in FAULTS} | {anchor_of(rule) for rule in ALERTS}

    assert Counter(wanted) == Counter(links.anchor(section.title) for section in SECTIONS)


def test_each_link_of_a_generated_file_arrives() -> None:
    """Rules, objects of Kubernetes and dashboards link to headings that exist."""
    found = defaultdict(set)
    for path in GENERATED.rglob("*.*"):
        for anchor in re.findall(re.escape(knobs.RUNBOOK) + r"#([\w-]+)", path.read_text("utf-8")):
            found[anchor].add(path.name)
    headings = {links.anchor(section.title) for section in SECTIONS}

    assert {} == {anchor: names for anchor, names in found.items() if anchor not in headings}
    assert {"rules.yaml", "prometheusrule.yaml"} <= set().union(*found.values())


def test_each_link_inside_arrives() -> None:
    """Every link from one section to another names what it leads to."""
    broken = []
    text = RUNBOOK.read_text("utf-8")
    headings = {links.anchor(found) for found in re.findall(r"^##+ (.+)$", text, re.MULTILINE)}
    titles = {section.title for section in SECTIONS}
    for shown, address in LINK.findall(text):
        meant = not (shown in titles and links.anchor(shown) != address[1:])
        if address[1:] not in headings or not meant:
            broken.append((shown, address))

    assert [] == broken


@by_section
def test_a_section_has_all_parts_in_order(section: Section) -> None:
    """Someone who was woken finds the same parts at the same places, none of them empty."""
    assert PARTS == tuple(name for name, _text in section.parts)
    assert [] == [name for name, text in section.parts if not text]


@by_section
def test_a_section_says_what_it_is_about(section: Section) -> None:
    """It opens with its layer, and what the fault means or how loud the alert is."""
    fault = FAULTS.get(section.title)
    if fault is not None:
        expected = f"Fault, layer `{fault.layer}`: {fault.meaning}."
        layer = str(fault.layer)
    else:
        layer, severities = layer_of(alerts_of(section)), severities_of(alerts_of(section))
        shown = OF_ITS_CAUSE.replace("cause", "`cause`") if layer == OF_ITS_CAUSE else f"`{layer}`"
        expected = f"Alert, layer {shown}: {' and '.join(f'`{each}`' for each in severities)}."
        layer = "app" if layer == OF_ITS_CAUSE else layer

    assert expected == section.opening
    assert layer == section.chapter.lower()


@by_section
def test_two_commands_confirm_and_at_least_one_shows_that_it_worked(section: Section) -> None:
    """Exactly two, because a third is never typed; and what they show is told after them."""
    assert 2 == len(section.commands("Confirm"))
    assert 1 == len(section.commands("Worked"))
    assert not section.part("Confirm").endswith("```")
    assert not section.part("Worked").endswith("```")


def is_quiet(words: list[str]) -> bool:
    """Tell whether a program only reads."""
    if words[0] == "kubectl":
        return _is_quiet_kubectl(words[1:])
    if words[:2] == ["aws", "ec2"]:
        return words[2].startswith("describe-")
    return any(tuple(words[: len(quiet)]) == quiet for quiet in QUIET_BEGINNINGS)


def _is_quiet_kubectl(words: list[str]) -> bool:
    if words[0] == "-n":
        words = words[2:]
    if words[:4] == ["exec", "deploy/marketplace", "--", "python"]:
        return words[4] == "-c" and _is_quiet_python(words[5])
    return words[0] in QUIET_VERBS


def _is_quiet_python(program: str) -> bool:
    nodes = list(ast.walk(ast.parse(program)))
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    opened = [
        node.args[1:] or node.keywords
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open"
    ]
    # A shell would replace these within double quotes.
    return imported <= QUIET_IMPORTS and not any(opened) and not set("$`!") & set(program)


@by_section
def test_commands_that_confirm_change_nothing(section: Section) -> None:
    """Every program in them, in pipes and substitutions too, is one that only reads."""
    loud = [
        words
        for part in ("Confirm", "Worked")
        for command in section.commands(part)
        for words in programs(command)
        if not is_quiet(words)
    ]

    assert [] == loud


@pytest.mark.parametrize(
    "command",
    [
        "kubectl -n bookstore delete pod x",
        "kubectl -n bookstore get pods; reboot",
        "kubectl get pods > /etc/passwd",
        "kubectl -n bookstore describe pod $(kubectl delete ns x)",
        "kubectl -n bookstore exec deploy/marketplace -- python -c \"open('x', 'w')\"",
        "kubectl -n bookstore exec deploy/marketplace -- python -c 'import os'",
        "kubectl -n bookstore exec deploy/marketplace -- rm x",
        "aws ec2 authorize-security-group-ingress --group-id sg",
        "kubectl get pods | xargs kubectl delete",
    ],
)
def test_a_command_that_changes_something_would_be_found(command: str) -> None:
    """The test above can fail."""
    assert not all(is_quiet(words) for words in programs(command))


def test_all_blocks_of_shell_can_be_pasted() -> None:
    """Quotes are closed and nothing is left open at a block's end, in fixes as well."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", RUNBOOK.read_text("utf-8"), re.MULTILINE | re.DOTALL)

    assert len(SECTIONS) * 2 <= len(blocks)
    for block in blocks:
        assert shlex.split(block.replace("\\\n", " "))
        assert not block.rstrip().endswith("\\")


def series_of(metric: Metric) -> set[str]:
    """Return the names of the series of a metric."""
    if metric.kind is Kind.HISTOGRAM:
        return {f"{metric.name}{suffix}" for suffix in ("_bucket", "_count", "_sum")}
    return {metric.name}


KNOWN_SERIES: Final = (
    set().union(*(series_of(metric) for metric in (*CATALOGUE, *LOAD, *AGENT)))
    | set(foreign.SOURCES)
    | {rule["record"] for rule in RULES if "record" in rule}
)


KNOWN_LABELS: Final = {
    *(label for metric in (*CATALOGUE, *LOAD, *AGENT) for label in metric.labels),
    *("job", "instance", "le", "__name__", "slo", "alertname"),
}


@by_section
def test_queries_parse_and_name_series_that_exist(section: Section) -> None:
    """Each query is PromQL, over metrics of the catalogue, of others, or of our rules."""
    asked = [query for _name, text in section.parts for query in queries(text)]

    assert set() == set().union(*(metrics(query) for query in asked)) - KNOWN_SERIES
    assert set() == set().union(*(labels(query) for query in asked)) - KNOWN_LABELS


def test_most_sections_ask_prometheus() -> None:
    """The test above has something to look at."""
    assert 50 < sum(len(queries(text)) for section in SECTIONS for _name, text in section.parts)


@by_section
def test_a_section_knows_its_look_alikes(section: Section) -> None:
    """It names at least one other section, and says how to tell the two apart."""
    lines = section.part("Look-alikes").splitlines()
    others = [found for line in lines if (found := LINK.match(line.removeprefix("- ")))]

    assert len(lines) == len(others) > 0
    assert [] == [line for line in lines if not re.search(r"\): \S.{10,}\.$", line)]
    assert section.title not in {other[1] for other in others}


def cause_rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a text's tables that begin with a cause: the faults that they link."""
    rows = (row for row in tables(text) if row[0].strip("`") in CAUSES and row[0][:1] == "`")
    return {row[0].strip("`"): [shown for shown, _to in LINK.findall(row[1])] for row in rows}


def test_every_cause_leads_to_its_faults() -> None:
    """The large table holds every cause, in order; all tables say what the vocabulary says."""
    whole = RUNBOOK.read_text("utf-8").partition("\n## By cause\n")[2].partition("\n## ")[0]

    assert {code: list(cause.faults) for code, cause in CAUSES.items()} == cause_rows(whole)
    for section in SECTIONS:
        for code, faults in cause_rows(section.part("Fix")).items():
            assert (section.title, list(CAUSES[code].faults)) == (section.title, faults)


@pytest.mark.parametrize("family", ["RecommendationsUnavailableRate", "DnsFailureRatioHigh"])
def test_alerts_with_a_cause_lead_on_by_it(family: str) -> None:
    """Every cause that such an alert's own rules may name has a row in its section."""
    (section,) = (section for section in SECTIONS if section.title == family)
    (record,) = {
        name for rule in alerts_of(section) for name in re.findall(r"job:\w+:cause", rule["expr"])
    }
    (named,) = (rule["expr"] for rule in RULES if rule.get("record") == record)
    label = "cause" if "Rate" in family else "error_type"
    excluded = re.findall(rf'{label}!~"([^"]*)"', named)[0]
    may = set(CAUSES) - set(excluded.split("|"))
    if label == "error_type":
        may = {code for code in may if code.startswith("dns-")} | {"unknown"}

    assert may == set(cause_rows(section.part("Fix")))


def test_what_the_doctor_sees_is_told_of_every_fault() -> None:
    """Its table has a row for each code, in the order of the vocabulary, with a few words."""
    text = RUNBOOK.read_text("utf-8").partition("\n### What says which fault it is\n")[2]
    rows = tables(text.partition("\n### ")[0])

    assert [f"[{code}](#{code})" for code in FAULTS] == [row[0] for row in rows]
    assert [] == [row for row in rows if len(row[1].split()) < len(("it", "answers", "SERVFAIL"))]


def test_the_contents_list_every_section_in_its_chapter() -> None:
    """The table of contents has a row for each layer, with all its alerts and faults."""
    text = RUNBOOK.read_text("utf-8").partition("\n## Contents\n")[2].partition("\n## ")[0]
    chapters: dict[str, list[str]] = defaultdict(list)
    for section in SECTIONS:
        chapters[section.chapter].append(section.title)
    listed = [[shown for shown, _address in LINK.findall("".join(row))] for row in tables(text)]

    assert [[chapter, *titles] for chapter, titles in chapters.items()] == listed


def test_the_opening_tells_the_true_numbers() -> None:
    """How long a fault must last, and how long pages wait for others, is what the knobs say."""
    seen, looks = knobs.PERSISTENCE.seen, knobs.PERSISTENCE.window // knobs.EVALUATE_SECONDS
    told = f"seen in {seen} of the last {looks} looks, one every {knobs.EVALUATE_SECONDS} s"
    text = RUNBOOK.read_text("utf-8")

    assert f"{told} ({knobs.AGENT_SEEN}, where an agent saw it)" in text
    assert f"then wait {knobs.AFTER_NETWORK.removesuffix('s')} s more" in text


def test_the_runbook_lies_where_links_look_for_it() -> None:
    """The address that all links begin with ends in this file's place."""
    assert knobs.RUNBOOK.endswith(str(Path("docs", RUNBOOK.name)))
