"""What refers to something else refers to something that is there."""

from collections import Counter

import pytest
import yaml

from marketplace.settings import MarketplaceSettings
from meshdoctor.mesh import Target
from meshdoctor.telemetry.settings import TelemetrySettings
from recommendations.settings import RecommendationsSettings
from tests.support.manifests import KUBEADM, OVERLAYS, ROOT, Manifest, Overlay, pods, selects

SETTINGS: dict[str, type[TelemetrySettings]] = {
    "marketplace": MarketplaceSettings,
    "recommendations": RecommendationsSettings,
}
READ_BY_GRPC = {"GRPC_VERBOSITY"}
TELEMETRY_SECONDS = 3.0  # at most, to send what is left

everywhere = pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
each_service = pytest.mark.parametrize("service", SETTINGS)


def pod(service: str) -> Manifest:
    """Give a service's Pod template."""
    template: Manifest = KUBEADM.named("Deployment", service)["spec"]["template"]
    return template


def container(service: str) -> Manifest:
    """Give its one container."""
    (only,) = pod(service)["spec"]["containers"]
    found: Manifest = only
    return found


@everywhere
def test_every_selector_selects(overlay: Overlay) -> None:
    """Whatever makes Pods selects its own and no other's; Services and budgets select some."""
    labels = {name: one["metadata"]["labels"] for name, one in pods(overlay).items()}
    for one in (*overlay.of("Deployment"), *overlay.of("DaemonSet")):
        place = f"{one['kind']} {one['metadata']['namespace']}/{one['metadata']['name']}"
        chosen = [name for name in labels if selects(one["spec"]["selector"], labels[name])]
        assert [place] == chosen
    for name, pod in pods(overlay).items():
        for spread in pod["spec"].get("topologySpreadConstraints", ()):
            assert selects(spread["labelSelector"], labels[name])
    for one in overlay.of("PodDisruptionBudget"):
        assert any(selects(one["spec"]["selector"], each) for each in labels.values())


@everywhere
def test_every_port_of_a_service_is_a_port_of_its_pods(overlay: Overlay) -> None:
    """`targetPort` names a port that each selected container has, and the Service selects one."""
    for service in overlay.of("Service"):
        home = f" {service['metadata']['namespace']}/"
        chosen = [
            one
            for name, one in pods(overlay).items()
            if home in name
            and selects({"matchLabels": service["spec"]["selector"]}, one["metadata"]["labels"])
        ]
        assert 1 == len(chosen), service["metadata"]["name"]
        names = {
            port["name"] for one in chosen[0]["spec"]["containers"] for port in one.get("ports", ())
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names


@everywhere
def test_every_autoscaler_has_its_deployment(overlay: Overlay) -> None:
    """It scales a Deployment that is there, which leaves the number of its Pods to it."""
    for one in overlay.of("HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]
        deployment = overlay.named(target["kind"], target["name"], one["metadata"]["namespace"])
        assert "replicas" not in deployment["spec"]
        assert one["spec"]["minReplicas"] >= 2


@everywhere
def test_the_node_port_shows_the_shop_alone(overlay: Overlay) -> None:
    """One port of the nodes is open, the story's, and behind it is the shop, where there is one."""
    exposed = [
        (service["metadata"]["name"], port["targetPort"], port.get("nodePort"))
        for service in overlay.of("Service")
        if service["spec"].get("type", "ClusterIP") != "ClusterIP"
        for port in service["spec"]["ports"]
    ]

    shop = [("marketplace", "http", 30997)] if overlay.of("Deployment", "bookstore") else []
    assert shop == exposed


def test_monitors_select_the_services_metrics() -> None:
    """Each generated ServiceMonitor finds one Service with its port, whose label is the job."""
    path = ROOT / "observability/generated/kubernetes/servicemonitors.yaml"
    for monitor in yaml.safe_load_all(path.read_text("utf-8")):
        spec = monitor["spec"]
        (endpoint,) = spec["endpoints"]
        found = [
            (port["port"], service["metadata"]["labels"][spec["jobLabel"]])
            for namespace in spec["namespaceSelector"]["matchNames"]
            for service in KUBEADM.of("Service", namespace)
            if selects(spec["selector"], service["metadata"]["labels"])
            for port in service["spec"]["ports"]
            if port["name"] == endpoint["port"]
        ]
        assert [(9464, monitor["metadata"]["name"])] == found


@each_service
def test_every_variable_is_a_setting(service: str) -> None:
    """A variable is a setting that the service has, or is quoted by one, or is gRPC's own."""
    model = SETTINGS[service]
    prefix = str(model.model_config["env_prefix"])
    settings = {
        str(field.alias or f"{prefix}{name.upper()}") for name, field in model.model_fields.items()
    }
    variables = container(service)["env"]
    values = " ".join(one.get("value", "") for one in variables)
    strangers = {one["name"] for one in variables} - settings - READ_BY_GRPC

    assert max(Counter(one["name"] for one in variables).values()) == 1
    assert [] == [name for name in sorted(strangers) if f"$({name})" not in values]


def test_the_target_is_the_headless_service() -> None:
    """The marketplace calls the name and port of a Service without an address of its own."""
    value = {one["name"]: one.get("value") for one in container("marketplace")["env"]}
    target = Target.parse(str(value["MARKETPLACE_RECOMMENDATIONS_TARGET"]))
    name, namespace, *rest = target.host.split(".")
    service = KUBEADM.named("Service", name, namespace)["spec"]

    assert ["svc", "cluster", "local", ""] == rest
    assert "None" == service["clusterIP"]
    assert target.port in {port["port"] for port in service["ports"]}
    # Without an address in between nothing translates ports: both must be the container's.
    numbers = {one["name"]: one["containerPort"] for one in container(name)["ports"]}
    assert [numbers[one["targetPort"]] for one in service["ports"]] == [
        one["port"] for one in service["ports"]
    ]


def test_the_grace_fits_the_drain() -> None:
    """Drain, calls in flight and the last spans end before the kubelet kills."""
    settings = RecommendationsSettings()
    needed = settings.drain_seconds + settings.grace_seconds + TELEMETRY_SECONDS

    assert needed < pod("recommendations")["spec"]["terminationGracePeriodSeconds"]


@each_service
def test_limits_are_above_requests(service: str) -> None:
    """Both are said for CPU and memory, so that a Pod is neither first to go nor without bounds."""
    resources = container(service)["resources"]

    assert {"cpu", "memory"} == set(resources["requests"]) == set(resources["limits"])
