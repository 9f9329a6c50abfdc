"""The generated files, as the programs that will read them see them."""

import subprocess
from pathlib import Path

import pytest
import yaml

from meshdoctor.lab.settings import LabSettings
from observability import knobs
from observability.__main__ import remove_others, write
from observability.files import files
from observability.render_yaml import HEADER, render
from observability.rules import ALERTS, GROUPS
from tests.support.programs import program

TEXTS = files()
YAML = sorted(path for path in TEXTS if path.endswith(".yaml"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All generated files."""
    path = tmp_path_factory.mktemp("generated")
    write(TEXTS, path)
    return path


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (("promtool", "check", "rules"), "prometheus/rules.yaml"),
        (("promtool", "check", "config"), "prometheus/prometheus.example.yaml"),
        (("amtool", "check-config"), "alertmanager/alertmanager.yaml"),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, tuple) else "",
)
def test_its_own_checker_finds_nothing(folder: Path, command: tuple[str, ...], path: str) -> None:
    """Clean: no error, no duplicate rule, no warning."""
    name, *arguments = command
    done = subprocess.run(
        (program(name), *arguments, folder / path), capture_output=True, text=True, check=False
    )

    said = done.stdout + done.stderr
    assert 0 == done.returncode, said
    assert "SUCCESS" in said
    assert not {"FAILED", "warn", "duplicate"} & set(said.split()), said


def test_promtool_counts_every_rule(folder: Path) -> None:
    """None is lost on the way into the file."""
    command = (program("promtool"), "check", "rules", folder / "prometheus/rules.yaml")
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert f"{sum(len(group.rules) for group in GROUPS)} rules found" in done.stdout


@pytest.mark.parametrize("path", YAML)
def test_a_file_says_where_it_comes_from(path: str) -> None:
    """Whoever is about to edit it reads first that it would be overwritten."""
    assert TEXTS[path].startswith(HEADER)


def test_long_expressions_are_read_line_by_line() -> None:
    """A block, not one quoted line with escapes; and no tag, anchor or alias anywhere."""
    text = render({"expr": "a\nand b", "twice": [ALERTS[0].name, ALERTS[0].name]})

    assert "expr: |-\n  a\n  and b\n" in text
    for path in YAML:
        assert [] == [line for line in TEXTS[path].splitlines() if "!!" in line or ": &" in line]
        assert [] == [line for line in TEXTS[path].splitlines() if "\\n" in line]


def test_the_operator_gets_the_same_rules() -> None:
    """A PrometheusRule holds what Prometheus' own file holds."""
    (plain,) = yaml.safe_load_all(TEXTS["prometheus/rules.yaml"])
    (wrapped,) = yaml.safe_load_all(TEXTS["kubernetes/prometheusrule.yaml"])

    assert plain == wrapped["spec"]
    assert ("monitoring.coreos.com/v1", "PrometheusRule") == (
        wrapped["apiVersion"],
        wrapped["kind"],
    )


def test_each_service_has_its_monitor() -> None:
    """Selected by name in its namespace; the job is the name by which the rules select."""
    monitors = list(yaml.safe_load_all(TEXTS["kubernetes/servicemonitors.yaml"]))

    assert [
        (knobs.MARKETPLACE, [knobs.NAMESPACE]),
        (knobs.RECOMMENDATIONS, [knobs.NAMESPACE]),
        (knobs.AGENT, [knobs.AGENT_NAMESPACE]),
    ] == [
        (
            it["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"],
            it["spec"]["namespaceSelector"]["matchNames"],
        )
        for it in monitors
    ]
    for monitor in monitors:
        spec = monitor["spec"]
        (endpoint,) = spec["endpoints"]
        assert "app.kubernetes.io/name" == spec["jobLabel"]
        assert spec["namespaceSelector"]["matchNames"] == [monitor["metadata"]["namespace"]]
        assert ("metrics", "5s", False) == (
            endpoint["port"],
            endpoint["interval"],
            endpoint["honorLabels"],
        )
        assert spec["sampleLimit"] > knobs.MOST_SAMPLES_PER_SCRAPE


def test_the_example_scrapes_the_services_port() -> None:
    """The port that the services listen on when nobody tells them otherwise."""
    config = yaml.safe_load(TEXTS["prometheus/prometheus.example.yaml"])
    ports = {
        discovery["port"]
        for job in config["scrape_configs"]
        for discovery in job.get("dns_sd_configs", [])
    }

    assert {LabSettings().metrics_port} == {knobs.METRICS_PORT} == ports
    assert ["rules.yaml"] == config["rule_files"]


def test_what_nothing_generates_any_more_is_removed(tmp_path: Path) -> None:
    """A dashboard that was renamed leaves no second one behind, nor an empty folder."""
    write({"a/new.yaml": "1\n", "a/old.yaml": "1\n", "b/c/old.json": "1\n"}, tmp_path)

    write({"a/new.yaml": "2\n"}, tmp_path)
    remove_others({"a/new.yaml": "2\n"}, tmp_path)

    assert ["a", "a/new.yaml"] == sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")
    )
    assert "2\n" == (tmp_path / "a/new.yaml").read_text()
