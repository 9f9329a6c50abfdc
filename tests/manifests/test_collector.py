"""The collector's and Jaeger's configuration: no binary of either is at hand to judge it."""

from collections.abc import Iterator
from itertools import chain

import pytest
import yaml

from meshdoctor.telemetry import otlp
from meshdoctor.telemetry.settings import TelemetrySettings
from tests.support.manifests import KUBEADM, ROOT, Manifest
from tests.support.mounts import arrival, files, ports
from tests.support.tail_sampling import policies_of

NAMESPACE = "monitoring"
COLLECTOR, JAEGER = "opentelemetry-collector", "jaeger"
PARTS = ("receivers", "processors", "exporters", "connectors")
MEBI = 2**20
PAGE_SECONDS = 0.00085  # of CPU, measured: k8s/base/marketplace/deployment.yaml
HEALTH_PATHS = {"health_check": "/", "healthcheckv2": "/status"}  # their documented defaults

LOOKED_UP = {COLLECTOR: "0.162.0", JAEGER: "2.22.0"}
"""The versions in whose documentation the words below were found; later ones may rename them."""

WORDS = {
    "health_check": {"endpoint"},
    "healthcheckv2": {"use_v2", "http.endpoint"},
    "jaeger_storage": {"backends.memory.memory.max_traces"},
    "jaeger_query": {"storage.traces", "http.endpoint"},
    "otlp": {"protocols.grpc.endpoint"},
    "memory_limiter": {"check_interval", "limit_mib", "spike_limit_mib"},
    "tail_sampling": {"decision_wait", "num_traces", "policies"},
    "otlp_grpc": {
        "endpoint",
        "tls.insecure",
        "sending_queue.enabled",
        "sending_queue.sizer",
        "sending_queue.queue_size",
        "sending_queue.batch.flush_timeout",
        "sending_queue.batch.min_size",
        "sending_queue.batch.max_size",
    },
    "jaeger_storage_exporter": {"trace_storage"},
    "telemetry": {"logs.encoding", "metrics.readers"},
}

each = pytest.mark.parametrize("name", LOOKED_UP)


def pod(name: str) -> Manifest:
    """Give a Pod template."""
    template: Manifest = KUBEADM.named("Deployment", name, NAMESPACE)["spec"]["template"]
    return template


def container(name: str) -> Manifest:
    """Give its one container."""
    (only,) = pod(name)["spec"]["containers"]
    found: Manifest = only
    return found


def config(name: str) -> Manifest:
    """Give the configuration that the container's argument names, out of what is mounted there."""
    (path,) = (argument.removeprefix("--config=") for argument in container(name)["args"])
    found: Manifest = yaml.safe_load(files(KUBEADM, NAMESPACE, pod(name))[path])
    return found


def leaves(content: Manifest, above: str = "") -> Iterator[str]:
    """Give the paths of all settings, dots between their keys; a list is one setting."""
    for key, value in content.items():
        path = f"{above}{key}"
        yield from leaves(value, f"{path}.") if isinstance(value, dict) else (path,)


@each
def test_the_words_are_those_of_the_image(name: str) -> None:
    """The tag is the one whose documentation was read; for another one, read, then change this.

    An unknown setting or component ends both programs at their start.
    """
    images = yaml.safe_load((ROOT / "k8s/images/kustomization.yaml").read_text("utf-8"))["images"]
    (tag,) = (image["newTag"] for image in images if image["name"] == name)

    assert LOOKED_UP[name] == tag


@each
def test_every_setting_is_a_known_word(name: str) -> None:
    """Each component has documented settings only, and all that it must have."""
    content = config(name)
    components = chain.from_iterable(content[part].items() for part in content if part != "service")

    for one, settings in components:
        assert WORDS[one.partition("/")[0]] == set(leaves(settings)), one
    assert WORDS["telemetry"] == set(leaves(content["service"]["telemetry"]))


@each
def test_what_is_defined_is_used_and_what_is_used_is_defined(name: str) -> None:
    """Pipelines and the list of extensions name every component, and none that is not there."""
    content = config(name)
    (pipeline,) = content["service"]["pipelines"].values()

    assert {"traces"} == set(content["service"]["pipelines"])
    for part in PARTS:
        assert sorted(content.get(part, {})) == sorted(pipeline.get(part, [])), part
    assert sorted(content["extensions"]) == sorted(content["service"]["extensions"])


def listening(name: str) -> dict[str, int]:
    """Give the ports that a configuration opens, by the names that a Pod gives them."""
    content = config(name)
    (health,) = (one for one in content["extensions"] if one in HEALTH_PATHS)
    extension = content["extensions"][health]
    (reader,) = content["service"]["telemetry"]["metrics"]["readers"]
    opened = {
        "otlp": content["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"],
        "health": extension.get("http", extension)["endpoint"],
        "metrics": "{host}:{port}".format_map(reader["pull"]["exporter"]["prometheus"]),
    }
    if query := content["extensions"].get("jaeger_query"):
        opened["http"] = query["http"]["endpoint"]
    hosts = {one.rpartition(":")[0] for one in opened.values()}
    assert {"0.0.0.0"} == hosts  # noqa: S104 - all addresses of a Pod, which has policies
    return {key: int(value.rpartition(":")[2]) for key, value in opened.items()}


@each
def test_every_port_that_opens_is_the_containers(name: str) -> None:
    """The container names each port that the configuration opens, and no other."""
    assert listening(name) == ports(pod(name))


@each
def test_the_probes_ask_the_health_extension(name: str) -> None:
    """All three ask its port, for the path that it answers."""
    (path,) = (HEALTH_PATHS[one] for one in config(name)["extensions"] if one in HEALTH_PATHS)
    asked = [container(name)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness")]
    asked.append(container(name)["livenessProbe"]["httpGet"])

    assert [{"path": path, "port": "health"}] * 3 == asked


def test_the_spans_go_from_the_services_to_jaeger() -> None:
    """Each address is the whole name of a Service, and leads to the port where OTLP is taken."""
    sent_to = {
        one["value"]
        for service in ("marketplace", "recommendations")
        for one in KUBEADM.named("Deployment", service)["spec"]["template"]["spec"]["containers"][
            0
        ]["env"]
        if one["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT"
    }
    (endpoint,) = sent_to
    onward = config(COLLECTOR)["exporters"]["otlp_grpc/jaeger"]["endpoint"]

    for address, name in ((endpoint, COLLECTOR), (onward, JAEGER)):
        found = arrival(KUBEADM, address)
        assert (pod(name), ports(pod(name))["otlp"]) == (found.pod, found.port)


def test_one_collector_sees_the_whole_trace() -> None:
    """Never two of them, not even while one replaces the other."""
    spec = KUBEADM.named("Deployment", COLLECTOR, NAMESPACE)["spec"]

    assert (1, "Recreate") == (spec["replicas"], spec["strategy"]["type"])
    assert [] == KUBEADM.of("HorizontalPodAutoscaler", NAMESPACE)


def test_what_is_kept_is_what_the_services_call_slow_and_sample_by_themselves() -> None:
    """Slow is what they log as slow, the share of the rest is the one that they default to."""
    settings = TelemetrySettings()
    errors, slow, rest = policies_of(config(COLLECTOR))

    assert ["ERROR"] == errors["status_code"]["status_codes"]
    assert settings.slow_seconds * 1000 == slow["latency"]["threshold_ms"]
    assert settings.sampler_ratio * 100 == rest["probabilistic"]["sampling_percentage"]


def test_a_decision_waits_for_all_spans() -> None:
    """Longer than the exporters need: they send at intervals, and give each batch a while."""
    wait = seconds(config(COLLECTOR)["processors"]["tail_sampling"]["decision_wait"])

    assert wait > otlp.EVERY_SECONDS + otlp.TIMEOUT_SECONDS


def test_there_is_room_for_all_traces_that_wait() -> None:
    """For as many as all shops together can make in that time, at their limit of CPU."""
    sampling = config(COLLECTOR)["processors"]["tail_sampling"]
    shops = KUBEADM.named("HorizontalPodAutoscaler", "marketplace")["spec"]["maxReplicas"]
    (shop,) = KUBEADM.named("Deployment", "marketplace")["spec"]["template"]["spec"]["containers"]
    pages = shops * int(shop["resources"]["limits"]["cpu"]) / PAGE_SECONDS

    assert sampling["num_traces"] > pages * seconds(sampling["decision_wait"])


@each
def test_memory_is_bounded_below_the_limit(name: str) -> None:
    """Go collects garbage at 80 % of the limit, and the collector turns spans away before it."""
    limit = int(container(name)["resources"]["limits"]["memory"].removesuffix("Mi"))
    (told,) = (one["value"] for one in container(name)["env"] if one["name"] == "GOMEMLIMIT")

    assert f"{limit * 80 // 100}MiB" == told
    if limiter := config(name).get("processors", {}).get("memory_limiter"):
        assert limiter["limit_mib"] + 50 < limit  # what a process needs beside its heap
        assert limiter["spike_limit_mib"] * 5 == limiter["limit_mib"]
        assert "memory_limiter" == config(name)["service"]["pipelines"]["traces"]["processors"][0]


def test_jaegers_traces_are_where_it_looks_for_them() -> None:
    """What stores and what shows name the one storage that is defined."""
    content = config(JAEGER)
    (storage,) = content["extensions"]["jaeger_storage"]["backends"]

    assert storage == content["exporters"]["jaeger_storage_exporter"]["trace_storage"]
    assert storage == content["extensions"]["jaeger_query"]["storage"]["traces"]


def seconds(text: str) -> float:
    """Read a duration of whole seconds, as Go writes it."""
    return float(text.removesuffix("s"))
