"""The watchers of the manifests at work, as processes: what they are told they do."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshdoctor.lab.kubeapi import kube_api
from tests.support.guarded import guarded
from tests.support.manifests import KUBEADM, Manifest
from tests.support.mesh_dns import DnsServer
from tests.support.mesh_net import addresses, until
from tests.support.pod_process import PodProcess
from tests.support.prometheus_pod import PrometheusPod, prometheus_pod
from tests.support.rights import rights
from tests.support.standing import pod, standing
from tests.support.watching import Watcher, alertmanager, blackbox

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

SECONDS = 60.0
NOWHERE = "http://127.0.0.1:1"
TARGET = "MARKETPLACE_RECOMMENDATIONS_TARGET"
SPANS = "OTEL_EXPORTER_OTLP_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Watched:
    """A mesh that is watched.

    Attributes:
        prometheus: of the manifests.
        alertmanager: of the manifests.
        backend: a Pod of recommendations.
    """

    prometheus: PrometheusPod
    alertmanager: Watcher
    backend: PodProcess


def template(name: str) -> Manifest:
    """Give a service's Pod."""
    found: Manifest = KUBEADM.named("Deployment", name)["spec"]["template"]
    return found


def cluster(shop: PodProcess, backend: PodProcess, watchers: dict[str, str]) -> list[Manifest]:
    """Give a cluster with those Pods that run here, and a Service that leads to the shop."""
    places = {"marketplace": shop.address, "recommendations": backend.address, **watchers}
    objects = standing(KUBEADM)
    pods = [
        pod(one, one["metadata"]["name"], podIP=places[name])
        for one in objects
        for name in places
        if one["metadata"]["name"] == f"{name}-0" and one["kind"] == "Pod"
    ]
    (service,) = (
        one
        for one in objects
        if (one["kind"], one["metadata"]["name"]) == ("Service", "marketplace")
    )
    # What kube-proxy does, which is not here: behind the Service's address is the shop.
    service["spec"] |= {
        "clusterIP": shop.address,
        "ports": [{"name": "http", "port": shop.port("http"), "targetPort": "http"}],
    }
    return [service, *pods]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A shop, a backend, and who watches them."""
    here = addresses(4)
    with ExitStack() as stack:
        backend = stack.enter_context(
            PodProcess(template("recommendations"), here[0], **{SPANS: NOWHERE})
        )
        target = f"{backend.address}:{backend.port('grpc')}"
        shop = stack.enter_context(
            PodProcess(template("marketplace"), here[1], **{SPANS: NOWHERE, TARGET: target})
        )
        for process in (backend, shop):
            process.becomes_ready(SECONDS)
        pager = stack.enter_context(alertmanager(KUBEADM, folder(tmp_path_factory), here[2]))
        prober = stack.enter_context(blackbox(KUBEADM, folder(tmp_path_factory)))
        api = stack.enter_context(kube_api("bookstore", "monitoring"))
        for one in cluster(shop, backend, {"alertmanager": here[2], "prometheus": here[3]}):
            api.put(one)
        guard = stack.enter_context(guarded(api.url, rights(KUBEADM, "prometheus", "monitoring")))
        prometheus = stack.enter_context(
            prometheus_pod(
                KUBEADM,
                folder(tmp_path_factory),
                guard.url,
                blackbox=prober.place,
                address=here[3],
            )
        )
        yield Watched(prometheus, pager, backend)


def folder(factory: pytest.TempPathFactory) -> Path:
    """Give a folder of its own."""
    return factory.mktemp("watcher")


def is_so(watched: Watched, expression: str, expected: dict[str, float]) -> None:
    """Assert that an expression comes to have these values, by instance."""
    try:
        until(lambda: watched.prometheus.value(expression) == expected, SECONDS)
    except TimeoutError:
        assert expected == watched.prometheus.value(expression)


@pytest.mark.parametrize("job", ["marketplace", "alertmanager", "prometheus"])
def test_what_runs_is_scraped(watched: Watched, job: str) -> None:
    """The Pod's metrics page answers at the port that its manifest names."""
    is_so(watched, f'up{{job="{job}"}}', {f"{job}-0": 1.0})


def test_the_page_is_probed(watched: Watched) -> None:
    """It answers through its Service."""
    is_so(watched, 'probe_success{job="probe-page"}', {"marketplace": 1.0})


def test_a_backend_is_seen_to_end(watched: Watched) -> None:
    """It is up and its health answers; killed, it is down and its probe fails."""
    is_so(watched, 'up{job="recommendations"}', {"recommendations-0": 1.0})
    is_so(watched, 'probe_success{job="probe-grpc-health"}', {"recommendations-0": 1.0})

    watched.backend.process.kill()

    is_so(watched, 'up{job="recommendations"}', {"recommendations-0": 0.0})
    is_so(watched, 'probe_success{job="probe-grpc-health"}', {"recommendations-0": 0.0})


def test_exemplars_are_stored(watched: Watched) -> None:
    """A slow point of the page leads to its trace."""
    asked = "query_exemplars?query=http_server_request_duration_seconds_bucket&start=0&end=9e9"
    until(lambda: bool(watched.prometheus.ask(asked)), SECONDS)
    (first, *_others) = watched.prometheus.ask(asked)

    assert "trace_id" in first["exemplars"][0]["labels"]


def test_an_alert_arrives(watched: Watched) -> None:
    """Watchdog goes from the rules to Alertmanager, which nobody told of by name."""
    until(lambda: "Watchdog" in watched.alertmanager.alerts(), 2 * SECONDS)


@pytest.mark.parametrize("module", ["dns-udp", "dns-tcp"])
@pytest.mark.parametrize(
    ("behaviour", "expected"), [("answer", 1.0), ("servfail", 0.0), ("refused", 0.0)]
)
def test_dns_is_probed(tmp_path: Path, module: str, behaviour: str, expected: float) -> None:
    """A server that knows the cluster's own name answers; one that fails does not."""
    name = "kubernetes.default.svc.cluster.local."
    with (
        DnsServer("10.96.0.1", name=name, behaviour=behaviour) as server,
        blackbox(KUBEADM, tmp_path) as prober,
    ):
        assert expected == prober.probe(module, f"{server.host}:{server.port}")
