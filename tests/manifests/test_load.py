"""The load test in the cluster: its Jobs as processes, against the manifests' services."""

import importlib.util
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.load_pods import MASTER, NAMESPACE, WORKERS, Ended, LoadPods, variables
from tests.support.manifests import KUBEADM, ROOT, Manifest, load
from tests.support.mesh_net import addresses, free_port, until
from tests.support.pod_process import PodProcess

LOCUST = load("locust")
SECONDS = 60.0
SHORT = {"LOCUST_USERS": "10", "LOCUST_SPAWN_RATE": "10", "LOCUST_RUN_TIME": "4s"}
OBJECTIVES = ["availability", "latency", "freshness", "correctness"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
processes = pytest.mark.slow


def template(service: str) -> Manifest:
    """Give a service's Pod."""
    found: Manifest = KUBEADM.named("Deployment", service)["spec"]["template"]
    return found


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The shop with a backend, as their manifests have them, showing live books; its URL."""
    backend_address, address = addresses(2)
    target = {"MARKETPLACE_RECOMMENDATIONS_TARGET": f"{backend_address}:50051"}
    with (
        PodProcess(template("recommendations"), backend_address) as backend,
        PodProcess(template("marketplace"), address, **target) as process,
    ):
        backend.becomes_ready(SECONDS)
        process.becomes_ready(SECONDS)
        where = f"{address}:{process.port('http')}"
        until(lambda: freshness(where) == "live", SECONDS)
        yield f"http://{where}"


def freshness(where: str) -> str | None:
    """Ask for the page; return where its books came from."""
    with urllib.request.urlopen(f"http://{where}/", timeout=5) as page:
        told: str | None = page.headers["X-Mesh-Freshness"]
        return told


def page(run: LoadPods) -> str:
    """Read the metrics as Prometheus would; nothing while there is no page."""
    port = variables(LOCUST, MASTER)["MESH_LOAD_METRICS_PORT"]
    try:
        with urllib.request.urlopen(f"http://{run.address}:{port}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""


def run_at(folder: Path, url: str) -> Ended:
    """Run the load test against a shop, and read its metrics meanwhile."""
    (address,) = addresses(1)
    with LoadPods(LOCUST, folder, address, LOCUST_HOST=url, **SHORT) as run:
        run.start_workers()
        until(lambda: 'locust_requests_total{method="GET",name="/"}' in page(run), SECONDS)
        return run.ends(SECONDS)


def verdicts(ended: Ended) -> dict[str, str]:
    """Give the word of each objective that the master's log has."""
    parts = [one.partition(": ") for one in ended.told]
    words = {name: rest.partition(":")[0] for name, _, rest in parts}
    return {name: word for name, word in words.items() if word in {"met", "BREACH"}}


@processes
def test_a_good_shop_completes_the_job(shop: str, tmp_path: Path) -> None:
    """All end with 0, every objective is met, and nothing is written to the one writable folder.

    A machine that stalls breaches latency without the shop's help: then we look again.
    """
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        ended = run_at(folder, shop)
        if "BREACH" != verdicts(ended)["latency"]:
            break

    assert dict.fromkeys(OBJECTIVES, "met") == verdicts(ended)
    assert (0, [0, 0]) == (ended.master, ended.workers)
    assert [] == [one for one in folder.glob("*/tmp/*") if not one.name.startswith(".")]


@processes
def test_a_wrong_host_fails_the_job(tmp_path: Path) -> None:
    """It says who did not answer and what to set, ends with 1, and leaves no worker behind."""
    address, nobody = addresses(2)
    host = f"http://{nobody}:{free_port(nobody)}"
    with LoadPods(LOCUST, tmp_path, address, LOCUST_HOST=host, **SHORT) as run:
        run.start_workers()
        ended = run.ends(SECONDS)

    assert (1, [0, 0]) == (ended.master, ended.workers)
    assert dict.fromkeys(OBJECTIVES, "BREACH") == verdicts(ended)
    assert any(f"to {host} got an answer but errors" in one for one in ended.told)


@processes
def test_a_master_without_workers_gives_up(tmp_path: Path) -> None:
    """It does not wait forever for Pods that never come; nothing was measured, so it fails."""
    (address,) = addresses(1)
    patience = {"LOCUST_EXPECT_WORKERS_MAX_WAIT": "1"}
    with LoadPods(LOCUST, tmp_path, address, **SHORT, **patience) as run:
        ended = run.ends(SECONDS)

    assert 1 == ended.master
    assert "Gave up waiting for workers to connect" in ended.log


@pytest.mark.parametrize("job", [MASTER, WORKERS])
def test_every_variable_is_an_option(job: str) -> None:
    """What run.env and the Jobs say is read by Locust or by the load test, and nothing misspelt."""
    spec = importlib.util.find_spec("locust")
    assert spec is not None
    assert spec.origin is not None
    options = [Path(spec.origin).with_name("argument_parser.py"), ROOT / "loadtest/_options.py"]
    read = "".join(one.read_text("utf-8") for one in options)

    assert {"HOME"} == {one for one in variables(LOCUST, job) if f'env_var="{one}"' not in read}


def test_the_master_waits_for_as_many_as_come() -> None:
    """Both Jobs name the same number of workers, and the workers the master's Service and port."""
    workers = LOCUST.named("Job", WORKERS, NAMESPACE)["spec"]
    told, asked = variables(LOCUST, MASTER), variables(LOCUST, WORKERS)
    service = LOCUST.named("Service", "locust-master", NAMESPACE)
    (port,) = (one for one in service["spec"]["ports"] if one["name"] == "workers")

    assert {told["LOCUST_EXPECT_WORKERS"]} == {
        str(workers[key]) for key in ("parallelism", "completions")
    }
    assert "locust-master.load.svc.cluster.local" == asked["LOCUST_MASTER_NODE_HOST"]
    assert {str(port["port"])} == {
        told["LOCUST_MASTER_BIND_PORT"],
        asked["LOCUST_MASTER_NODE_PORT"],
    }


def test_the_whole_load_test_is_in_the_cluster() -> None:
    """The ConfigMap has every file of loadtest/, as it is."""
    (files,) = (one for one in LOCUST.of("ConfigMap") if "locustfile.py" in one["data"])

    assert {
        path.name: path.read_text("utf-8") for path in (ROOT / "loadtest").glob("*.py")
    } == files["data"]


def test_it_asks_the_shop_by_the_name_of_its_service() -> None:
    """The host of run.env is a Service of the mesh that the load test is laid upon."""
    url = urlsplit(variables(LOCUST, MASTER)["LOCUST_HOST"])
    name, namespace, *rest = str(url.hostname).split(".")
    (port,) = KUBEADM.named("Service", name, namespace)["spec"]["ports"]

    assert (["svc", "cluster", "local"], 80) == (rest, port["port"])
    assert url.port is None
