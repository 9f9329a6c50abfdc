"""What Prometheus collects in the cluster is what rules and dashboards read."""

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

from meshdoctor.telemetry.catalogue import AGENT, CATALOGUE, LOAD, Kind
from observability import foreign, knobs
from observability.foreign import Source
from observability.rules import GROUPS
from tests.support.discovered import MONITORING, Found
from tests.support.manifests import KUBEADM, pods
from tests.support.panels import QUERIES, filled, groupings
from tests.support.prometheus_pod import config_map, configuration, container
from tests.support.promql import selectors
from tests.support.rights import Right, rights
from tests.support.trixie import trixie

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

TARGET_LABELS: Final = {"namespace", "job", "instance", "pod", "node"}
CONFIG: Final = configuration(KUBEADM)
JOBS: Final = {one["job_name"]: one for one in CONFIG["scrape_configs"]}
PROBES: Final = [name for name in JOBS if name.startswith("probe-")]
EXPRESSIONS: Final = (
    *(rule.expression for group in GROUPS for rule in group.rules),
    *(filled(query.expression) for _panel, query in QUERIES),
)

OWN: Final = {
    "kube_": {"namespace", "pod"},
    "container_": {"namespace", "pod"},
}
"""Labels of a target's kind that a series brings along, by the beginning of its name."""

MADE_BY: Final = {
    "kube_": ("kube-state-metrics",),
    "container_": ("cadvisor",),
    "kubelet_": ("kubelet",),
    "coredns_": ("coredns",),
    "probe_": tuple(PROBES),
    "prometheus_": ("prometheus",),
    "alertmanager_": ("alertmanager",),
}
SERVICES: Final = (knobs.MARKETPLACE, knobs.RECOMMENDATIONS)


def makers(name: str) -> tuple[str, ...]:
    """Give the jobs of whose targets a series comes; none of what rules make."""
    for metrics, jobs in ((CATALOGUE, SERVICES), (LOAD, (knobs.LOAD,)), (AGENT, (knobs.AGENT,))):
        for metric in metrics:
            ends = ("_bucket", "_count", "_sum") if metric.kind is Kind.HISTOGRAM else ("",)
            if name in {f"{metric.name}{end}" for end in ends}:
                return jobs
    if foreign.SOURCES.get(name) is Source.SERVICES:
        return SERVICES
    return next((jobs for begin, jobs in MADE_BY.items() if name.startswith(begin)), ())


def asked_labels() -> dict[str, set[str]]:
    """Give the target labels that rules and panels read of each series, by its name."""
    asked: dict[str, set[str]] = defaultdict(set)
    for text in EXPRESSIONS:
        for one in selectors(text):
            matched = {label for label, _sign, value in one.matchers if value != ".*"}
            asked[one.name] |= (matched | groupings(text)) & TARGET_LABELS
    return asked


ASKED: Final = asked_labels()


@pytest.mark.parametrize("name", [name for name in ASKED if makers(name)])
def test_every_label_that_is_read_exists(found: Found, name: str) -> None:
    """What rules and panels match or group a series by, all of its targets have."""
    own = {label for begin, labels in OWN.items() if name.startswith(begin) for label in labels}

    for job in makers(name):
        for labels in found.of(job):
            assert set() == ASKED[name] - own - set(labels), (job, labels)


def test_up_is_known_by_every_job_that_somebody_asks_for(found: Found) -> None:
    """Each job that rules or panels name is one of the targets' jobs."""
    named = {
        job
        for text in EXPRESSIONS
        for one in selectors(text)
        for label, _sign, value in one.matchers
        if label == "job"
        for job in value.split("|")
    }

    assert set() == named - {one["labels"]["job"] for one in found.targets}


def kept(job: dict[str, Any]) -> set[str]:
    """Give the names of the series that a job keeps; nothing when it keeps all."""
    rules = [one for one in job.get("metric_relabel_configs", ()) if one["action"] == "keep"]
    words = {word for one in rules for word in re.findall(r"[a-z_]{6,}", one["regex"])}
    return words - {"pull_image"}


def test_nothing_is_collected_that_nobody_reads() -> None:
    """What the cluster's own programs tell is kept if a rule or a panel reads it, and only then."""
    told = {
        name
        for name, source in foreign.SOURCES.items()
        if source is Source.CLUSTER or name.startswith("prometheus_")
    }
    read = set(ASKED)
    arguments = dict(one.split("=", 1) for one in container(KUBEADM, "kube-state-metrics")["args"])
    collected = set().union(*map(kept, JOBS.values()))
    collected |= set(arguments["--metric-allowlist"].split(","))

    assert told == collected
    assert set() == collected - read
    assert {*SERVICES, knobs.AGENT, knobs.LOAD, "kube-state-metrics"} == {
        name for name, job in JOBS.items() if not kept(job)
    }


def test_kube_state_metrics_may_what_it_is_told() -> None:
    """Its roles are its namespaces and its resources."""
    arguments = dict(one.split("=", 1) for one in container(KUBEADM, "kube-state-metrics")["args"])

    assert {
        Right(namespace, resource, verb)
        for namespace in arguments["--namespaces"].split(",")
        for resource in arguments["--resources"].split(",")
        for verb in ("list", "watch")
    } == rights(KUBEADM, "kube-state-metrics", MONITORING)


def test_nobody_else_may_anything() -> None:
    """Three accounts are bound to roles, and their Pods alone mount a token."""
    bound = {
        (one["namespace"], one["name"])
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for binding in KUBEADM.of(kind)
        for one in binding["subjects"]
    }
    mounting = {
        (name.split(" ")[1].partition("/")[0], pod["spec"]["serviceAccountName"])
        for name, pod in pods(KUBEADM).items()
        if "serviceAccountToken" in str(pod["spec"].get("volumes"))
        or pod["spec"].get("automountServiceAccountToken") is not False
    }
    watchers = {(MONITORING, "prometheus"), (MONITORING, "kube-state-metrics")}

    assert {*watchers, (knobs.AGENT_NAMESPACE, knobs.AGENT)} == bound == mounting


def test_numbers_are_the_knobs() -> None:
    """Seconds and bounds are those by which rules and panels reckon."""
    overall = CONFIG["global"]
    slow = {job.get("scrape_interval") for job in JOBS.values()} - {None}
    flags = container(KUBEADM, "prometheus")["args"]

    assert f"{knobs.SCRAPE_SECONDS}s" == overall["scrape_interval"]
    assert f"{knobs.SCRAPE_TIMEOUT_SECONDS}s" == overall["scrape_timeout"]
    assert f"{knobs.EVALUATE_SECONDS}s" == overall["evaluation_interval"]
    assert knobs.SAMPLE_LIMIT == overall["sample_limit"]
    assert {f"{knobs.SLOW_SCRAPE_SECONDS}s"} == slow
    assert f"--storage.tsdb.retention.time={knobs.BUDGET_DAYS}d" in flags
    assert overall["scrape_protocols"][0].startswith("OpenMetrics")


def test_it_has_no_way_to_be_changed_over_its_port() -> None:
    """Neither the admin API nor the lifecycle API nor a receiver is on."""
    flags = " ".join(container(KUBEADM, "prometheus")["args"])

    assert not re.search(r"--web\.enable|remote-write-receiver|otlp", flags)
    assert re.search(r"--enable-feature=\S*exemplar-storage", flags)


def test_a_changed_file_needs_no_new_pod() -> None:
    """Its ConfigMaps have no hash in their names: a new Pod would have forgotten everything."""
    spec = KUBEADM.named("Deployment", "prometheus", MONITORING)["spec"]["template"]["spec"]
    maps = {one["configMap"]["name"] for one in spec["volumes"] if "configMap" in one}

    assert {"prometheus", "prometheus-rules", "blackbox-exporter"} == maps


def test_promtool_finds_nothing(tmp_path: Path) -> None:
    """The configuration as it is rendered is valid, with the rules where it has them."""
    text = config_map(KUBEADM, "prometheus")
    for theirs in ("/etc/prometheus/rules", "/var/run/secrets/kubernetes.io/serviceaccount"):
        text = text.replace(theirs, str(tmp_path))
    (tmp_path / "prometheus.yaml").write_text(text, "utf-8")
    (tmp_path / "rules.yaml").write_text(config_map(KUBEADM, "prometheus-rules"), "utf-8")
    (tmp_path / "token").write_text("t", "utf-8")
    done = subprocess.run(
        (trixie("promtool"), "check", "config", tmp_path / "prometheus.yaml"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "SUCCESS: 1 rule files found" in done.stdout
    assert not {"FAILED", "WARNING"} & set(done.stdout.split())
