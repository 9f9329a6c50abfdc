"""The loopback Kubernetes API, as the real kubectl meets it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshdoctor.lab.kubeapi import KubeApi, kube_api, settle
from tests.support.kubectl import Kubectl

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]  # kubectl may be fetched


@pytest.fixture
def api() -> Iterator[KubeApi]:
    """Give an API with the namespace `shop`."""
    with kube_api("shop") as running:
        yield running


@pytest.fixture
def kubectl(api: KubeApi, tmp_path: Path) -> Kubectl:
    """Give a kubectl for it."""
    return Kubectl.towards(api.url, tmp_path)


def written(folder: Path, *objects: dict[str, Any]) -> str:
    """Write objects to a file, and give its path."""
    path = folder / "objects.yaml"
    path.write_text(yaml.safe_dump_all(objects), "utf-8")
    return str(path)


def service(name: str, **port: int) -> dict[str, Any]:
    """Give a Service of one port, on each node."""
    spec = {"type": "NodePort", "ports": [{"port": 80, **port}]}
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


def deployment(name: str, image: str = "shop:1", **labels: str) -> dict[str, Any]:
    """Give a Deployment of two containers."""
    labels = labels or {"app": name}
    containers = [{"name": "shop", "image": image}, {"name": "helper", "image": "helper:1"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


def pod(name: str, **labels: str) -> dict[str, Any]:
    """Give a Pod."""
    meta = {"name": name, "namespace": "shop", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": []}}


def test_what_is_applied_is_created_changed_and_then_left_alone(
    kubectl: Kubectl, tmp_path: Path
) -> None:
    """A change of one container's image leaves the other container, and raises the generation."""
    command = ("apply", "-f", written(tmp_path, deployment("till")))
    first, again = kubectl.said(*command), kubectl.said(*command)
    written(tmp_path, deployment("till", image="shop:2"))
    changed = kubectl.said(*command)

    assert ["created", "unchanged", "configured"] == [
        said.split()[-1] for said in (first, again, changed)
    ]
    found = kubectl.json("-n", "shop", "get", "deployment", "till")
    images = [one["image"] for one in found["spec"]["template"]["spec"]["containers"]]
    assert (["shop:2", "helper:1"], 2) == (images, found["metadata"]["generation"])


def test_what_the_server_applies_needs_no_annotation(kubectl: Kubectl, tmp_path: Path) -> None:
    """`--server-side` creates and changes."""
    command = ("apply", "--server-side", "-f", written(tmp_path, deployment("till")))

    assert "deployment.apps/till serverside-applied\n" == kubectl.said(*command)
    assert kubectl.said(*command) == kubectl.said(*command)
    found = kubectl.json("-n", "shop", "get", "deployment", "till")
    assert "annotations" not in found["metadata"]


def test_a_namespace_that_is_not_there_takes_nothing(kubectl: Kubectl) -> None:
    """The refusal names it."""
    done = kubectl.run("-n", "nowhere", "create", "secret", "generic", "one", "--from-literal=a=b")

    assert 'namespaces "nowhere" not found\n' in done.stderr


def test_a_kind_that_nobody_defined_is_told_before_anything_is_sent(
    api: KubeApi, kubectl: Kubectl, tmp_path: Path
) -> None:
    """Once its definition is there it can be created."""
    group, kind = "monitoring.coreos.com", "ServiceMonitor"
    monitor = {
        "apiVersion": f"{group}/v1",
        "kind": kind,
        "metadata": {"name": "books", "namespace": "shop"},
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"servicemonitors.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "servicemonitors", "kind": kind},
            "versions": [{"name": "v1", "served": True}],
        },
    }
    refused = kubectl.run("apply", "-f", written(tmp_path, monitor))
    api.put(definition)
    taken = kubectl.run("apply", "-f", written(tmp_path, monitor))

    assert f'no matches for kind "{kind}" in version "{group}/v1"' in refused.stderr
    assert "ensure CRDs are installed first" in refused.stderr
    assert f"servicemonitor.{group}/books created\n" == taken.stdout


def test_a_port_of_the_nodes_is_given_once(kubectl: Kubectl, tmp_path: Path) -> None:
    """The second Service that asks for it is refused; the first may be applied again."""
    first = ("apply", "-f", written(tmp_path, service("first", nodePort=30997)))
    kubectl.said(*first)
    again = kubectl.said(*first)
    refused = kubectl.run("apply", "-f", written(tmp_path, service("second", nodePort=30997)))

    assert "service/first unchanged\n" == again
    assert 'The Service "second" is invalid: spec.ports[0].nodePort: Invalid value: 30997: ' in (
        refused.stderr
    )
    assert "provided port is already allocated" in refused.stderr


def test_a_port_out_of_range_is_refused(kubectl: Kubectl, tmp_path: Path) -> None:
    """The refusal names the range."""
    refused = kubectl.run("apply", "-f", written(tmp_path, service("first", nodePort=8080)))

    assert "The range of valid ports is 30000-32767" in refused.stderr


def test_a_selector_stays(kubectl: Kubectl, tmp_path: Path) -> None:
    """A Deployment cannot be told to care for other Pods."""
    kubectl.said("apply", "-f", written(tmp_path, deployment("till")))
    other = written(tmp_path, deployment("till", app="till", tier="front"))
    refused = kubectl.run("apply", "-f", other)

    assert 'The Deployment "till" is invalid: spec.selector: Invalid value' in refused.stderr
    assert "field is immutable" in refused.stderr


def test_a_namespace_takes_its_objects_along(api: KubeApi, kubectl: Kubectl) -> None:
    """And kubectl waits until they are gone."""
    api.put(pod("one"))
    kubectl.said("delete", "namespace", "shop")

    assert [] == [name for name in api.objects() if "shop" in name]


def test_a_namespace_waits_for_what_cannot_go(api: KubeApi, kubectl: Kubectl) -> None:
    """Until then it is Terminating and takes nothing new."""
    held = pod("one")
    held["metadata"]["finalizers"] = ["example.org/held"]
    api.put(held)
    kubectl.said("delete", "namespace", "shop", "--wait=false")
    phase = kubectl.said("get", "namespace", "shop", "-o", "jsonpath={.status.phase}")
    refused = kubectl.run("-n", "shop", "create", "secret", "generic", "new", "--from-literal=a=b")
    release = '{"metadata":{"finalizers":null}}'
    kubectl.said("-n", "shop", "patch", "pod", "one", "--type=merge", "-p", release)

    assert "Terminating" == phase
    assert (
        'secrets "new" is forbidden: unable to create new content in namespace shop because it is '
        "being terminated"
    ) in refused.stderr
    assert [] == [name for name in api.objects() if "shop" in name]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("app=till", ["one", "two"]),
        ("app=till,tier!=back", ["one"]),
        ("app in (till, desk),tier", ["one", "two", "three"]),
        ("!app", ["four"]),
        ("tier notin (front)", ["two", "three", "four"]),
    ],
)
def test_labels_select(api: KubeApi, kubectl: Kubectl, selector: str, found: list[str]) -> None:
    """Each way to write a selector finds what it finds in a cluster."""
    api.put(pod("one", app="till", tier="front"))
    api.put(pod("two", app="till", tier="back"))
    api.put(pod("three", app="desk", tier="back"))
    api.put(pod("four"))
    names = kubectl.said("-n", "shop", "get", "pods", "-l", selector, "-o", "name")

    assert [f"pod/{name}" for name in found] == names.split()


def test_who_watches_is_told(api: KubeApi, kubectl: Kubectl) -> None:
    """`kubectl wait` ends when the Pod becomes Ready, long after it looked first."""
    api.put(pod("one"))
    command = (str(kubectl.program), "-n", "shop", "get", "pods", "--watch", "-o", "name")
    with subprocess.Popen(
        command, env=kubectl.environment, stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout
        first = watching.stdout.readline()
        api.put(pod("two"))
        second = watching.stdout.readline()
        watching.kill()

    assert ("pod/one\n", "pod/two\n") == (first, second)


def test_deployments_come_to_stand_when_a_test_says_so(
    api: KubeApi, kubectl: Kubectl, tmp_path: Path
) -> None:
    """`kubectl rollout status` waits until then."""
    kubectl.said("apply", "-f", written(tmp_path, deployment("till")))
    status = ("-n", "shop", "rollout", "status", "deployment/till")
    before = kubectl.run(*status, "--timeout=1s")
    settle(api.store)

    assert "timed out waiting for the condition" in before.stderr
    assert 'deployment "till" successfully rolled out\n' == kubectl.said(*status)


def test_a_deployment_is_scaled(kubectl: Kubectl, tmp_path: Path) -> None:
    """Through its subresource, as the autoscaler does it."""
    kubectl.said("apply", "-f", written(tmp_path, deployment("till")))
    kubectl.said("-n", "shop", "scale", "deployment/till", "--replicas=5")

    found = kubectl.json("-n", "shop", "get", "deployment", "till")
    assert 5 == found["spec"]["replicas"]


def test_a_try_changes_nothing(kubectl: Kubectl, tmp_path: Path) -> None:
    """With `--dry-run=server` the answer is the server's and nothing is stored."""
    path = written(tmp_path, service("first", nodePort=30997))
    tried = kubectl.said("apply", "--dry-run=server", "-f", path)

    assert "service/first created (server dry run)\n" == tried
    assert "" == kubectl.said("-n", "shop", "get", "services", "-o", "name")


@pytest.mark.parametrize("name", ["captured.json", "rendered.yaml"])
def test_objects_are_taken_in_as_a_file_has_them(
    api: KubeApi, kubectl: Kubectl, tmp_path: Path, name: str
) -> None:
    """A List that `kubectl get -o json` printed, or documents of YAML; their status too."""
    running = {**pod("one"), "status": {"phase": "Running"}}
    listed = {"apiVersion": "v1", "kind": "List", "items": [running]}
    texts = {"captured.json": json.dumps(listed), "rendered.yaml": yaml.safe_dump_all([running])}
    (tmp_path / name).write_text(texts[name], "utf-8")
    api.load(tmp_path / name)

    assert "Running" == kubectl.json("-n", "shop", "get", "pod", "one")["status"]["phase"]
