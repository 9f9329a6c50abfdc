"""Prometheus' configuration in the cluster: whom it finds, by what labels, with which rights.

The real Prometheus of Debian trixie discovers, from a Kubernetes API on loopback.
"""

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.discovered import MONITORING, NAME, TARGETS, Found
from tests.support.manifests import KUBEADM, ROOT
from tests.support.prometheus_pod import configuration
from tests.support.rights import Right, rights

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PROBES: Final = [
    one["job_name"]
    for one in configuration(KUBEADM)["scrape_configs"]
    if one["job_name"].startswith("probe-")
]


def test_it_finds_everything_that_runs_and_nothing_else(found: Found) -> None:
    """A Pod that is not ready is found; one without containers, and a stranger, are not."""
    jobs = {one["labels"]["job"] for one in found.targets}

    assert TARGETS == {job: found.instances(job) for job in sorted(jobs, key=list(TARGETS).index)}


def test_a_target_says_where_it_runs(found: Found) -> None:
    """Namespace, Pod and node are those of the object; the instance is the Pod's name."""
    places = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one["spec"]["nodeName"]
        for one in found.objects
        if one["kind"] == "Pod"
    }
    of_pods = [one["labels"] for one in found.targets if "pod" in one["labels"]]

    assert len(of_pods) >= len(TARGETS)
    for labels in of_pods:
        assert labels["instance"] == labels["pod"]
        assert places[labels["namespace"], labels["pod"]] == labels["node"]


def test_alerts_go_to_an_address(found: Found) -> None:
    """Alertmanager is its Pod: a page about DNS needs no DNS."""
    (address,) = (
        one["status"]["podIP"]
        for one in found.objects
        if one["metadata"]["name"] == "alertmanager-0"
    )

    assert [f"http://{address}:9093/api/v2/alerts"] == found.alertmanagers


def test_probes_go_to_addresses(found: Found) -> None:
    """The page by its Service, each backend by its Pod, DNS at each server and at the Service."""
    probed = {
        job: {one["scrapeUrl"] for one in found.targets if one["scrapePool"] == job}
        for job in PROBES
    }
    names = [target for urls in probed.values() for url in urls for target in asked_for(url)]

    assert {"page", "grpc-health", "dns-udp", "dns-tcp"} == {
        module for urls in probed.values() for url in urls for module in module_of(url)
    }
    assert all(re.fullmatch(r"(http://)?127\.[\d.]+(:\d+/?)?", name) for name in names), names
    assert ["http://127.96.9"] == [name.rpartition(".")[0] for name in names if "http" in name]
    assert {name for name in names if name.startswith("127.96.0.10")} == {"127.96.0.10"}


def asked_for(url: str) -> list[str]:
    """Give the target of a probe's URL."""
    return parse_qs(urlsplit(url).query)["target"]


def module_of(url: str) -> list[str]:
    """Give the module of a probe's URL."""
    return parse_qs(urlsplit(url).query)["module"]


def test_it_may_what_it_asks_and_nothing_more(found: Found) -> None:
    """Every right is used, and none was missing; kubelets ask for the last one themselves."""
    granted = rights(KUBEADM, "prometheus", MONITORING)

    assert {Right("", "nodes/metrics", "get")} == granted - found.asked
    assert set() == found.asked - granted


ROAD: Final = re.compile(r"^\| prometheus \| (.+?) \| (\d+) \| TCP \|", re.MULTILINE)
EACH: Final = {"any Pod of `bookstore`": ("marketplace", "recommendations")}


def test_it_reaches_what_it_scrapes_and_nothing_else(found: Found) -> None:
    """Its rows in docs/network.md, which are its policies, are its targets and the API.

    Everybody's row to DNS is not Prometheus' own.
    """
    rows = ROAD.findall((ROOT / "docs/network.md").read_text("utf-8"))
    roads = {(name, int(port)) for to, port in rows for name in EACH.get(to, (to,))}
    scraped = {
        (program(found, one), urlsplit(one["scrapeUrl"]).port)
        for one in found.targets
        if one["scrapePool"] not in PROBES
    }
    itself = ("prometheus", 9090)
    probed = {("marketplace", 8080), ("recommendations", 50051), ("recommendations", 50052)}

    assert roads == (scraped | probed | {("alertmanager", 9093), ("node", 6443)}) - {itself}


def program(found: Found, target: dict[str, Any]) -> str:
    """Give the name under which docs/network.md has a target."""
    if target["scrapePool"] == "load":
        return "locust-master"
    if "pod" not in target["labels"] and target["scrapePool"] != "kube-state-metrics":
        return "node"
    (labels,) = (
        one["metadata"]["labels"]
        for one in found.objects
        if one["kind"] == "Pod" and one["metadata"]["name"] == target["labels"]["instance"]
    )
    return str(labels.get(NAME) or labels["k8s-app"])
