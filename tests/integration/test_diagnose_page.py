"""docs/diagnose.md says what the command does."""

import re
from pathlib import Path

import pytest
import yaml

from meshdoctor.doctor.checks.mesh.every import every
from tests.support.diagnosed import captured, diagnose
from tests.support.manifests import ROOT
from tests.support.mesh_reports import blocked_between_nodes, reports

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs/diagnose.md").read_text("utf-8")


def test_every_option_is_on_the_page(tmp_path: Path) -> None:
    """What `--help` lists stands in the table of options."""
    shown = diagnose("--help", home=tmp_path, COLUMNS="200").out
    options = set(re.findall(r"(?<!\w)--[a-z-]+", shown)) - {"--help", "--images"}

    assert len(options) > len(("--from", "--save"))
    long = {"--namespace": "-n", "--all-namespaces": "-A", "--output": "-o"}
    assert [] == [one for one in sorted(options) if f"`{long.get(one, one)}" not in PAGE]


def test_every_fault_that_a_check_may_name_is_on_the_page() -> None:
    """And no other is: the tables are the checks'."""
    tables = "\n".join(line for line in PAGE.splitlines() if line.startswith("| "))
    told = set(re.findall(r"\b(?:image|network|routing|dns|tls|app)-[a-z-]+[a-z]", tables))

    assert {code for check in every() for code in check.faults} == told - {"image-config-mismatch"}


def test_the_sample_is_what_it_prints(tmp_path: Path) -> None:
    """The story's fault on the captured cluster; of the ways to write the fix the first."""
    (sample,) = re.findall(r"```\n(FAULT .*?)```", PAGE, re.DOTALL)
    with captured("healthy", tmp_path, *reports("healthy", blocked_between_nodes)) as cluster:
        said = diagnose(*cluster, home=tmp_path).out

    assert sample.splitlines() == [one for one in said.splitlines() if one in sample.splitlines()]
    assert sample.splitlines()[:6] == said.splitlines()[:6]
    assert sample in (ROOT / "README.md").read_text("utf-8")


def test_the_table_of_rights_is_the_manifests() -> None:
    """Every resource that k8s/doctor grants stands on the page, with its verb."""
    rules = [
        (resource, verb)
        for path in sorted((ROOT / "k8s/doctor").glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text("utf-8"))
        for rule in one.get("rules", ())
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    rows = [line for line in PAGE.splitlines() if line.endswith(("`list` |", "`get` |"))]

    assert [] == [
        (resource, verb)
        for resource, verb in rules
        if not any(f"`{resource}`" in row and row.endswith(f"`{verb}` |") for row in rows)
    ]
