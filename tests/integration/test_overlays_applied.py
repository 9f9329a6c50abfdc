"""The overlays as kubectl applies and deletes them: whole, again, and after a failure."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshdoctor.lab.kubeapi import KubeApi, kube_api
from tests.support.kubectl import Kubectl
from tests.support.manifests import OVERLAYS, Overlay, load
from tests.support.runbook import RUNBOOK, tables

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
KUBEADM = "k8s/overlays/kubeadm"
DEFINED_ELSEWHERE = {"ServiceMonitor", "PrometheusRule", "Certificate", "Issuer", "ClusterIssuer"}
COMPLETE = [
    overlay.name
    for overlay in OVERLAYS
    if not DEFINED_ELSEWHERE & {one["kind"] for one in overlay.objects}
]


@pytest.fixture
def api() -> Iterator[KubeApi]:
    """Give an API in which nothing of ours is."""
    with kube_api() as running:
        yield running


@pytest.fixture
def kubectl(api: KubeApi, tmp_path: Path) -> Kubectl:
    """Give a kubectl for it."""
    return Kubectl.towards(api.url, tmp_path)


def versions(api: KubeApi) -> dict[str, str]:
    """Give the resource version of everything."""
    return {
        f"{each.kind} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}": one[
            "metadata"
        ]["resourceVersion"]
        for each in api.store.resources()
        for one in api.store.all(each)
    }


def quoted(start: str) -> str:
    """Give the words that the runbook quotes of kubectl, by how they begin."""
    rows = tables(RUNBOOK.read_text("utf-8").partition("\n### When kubectl says no\n")[2])
    codes: list[str] = [code for row in rows for code in re.findall(r"`([^`]+)`", row[0])]
    return next(code for code in codes if code.startswith(start))


def rendered(name: str) -> set[str]:
    """Give the names of what an overlay has."""
    return {
        f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"
        for one in load(name).objects
    }


@pytest.mark.parametrize("name", COMPLETE)
def test_an_overlay_comes_whole_and_goes_whole(api: KubeApi, kubectl: Kubectl, name: str) -> None:
    """One apply creates all of it, the second changes nothing, and deleting leaves nothing behind.

    That a PodDisruptionBudget is `configured` each time is kubectl's way of sending its selector;
    the object stays as it was.
    """
    before = set(api.objects())
    first = kubectl.said("apply", "-k", f"k8s/overlays/{name}").splitlines()
    standing = versions(api)
    again = kubectl.said("apply", "-k", f"k8s/overlays/{name}").splitlines()
    after = versions(api)
    kubectl.said("delete", "-k", f"k8s/overlays/{name}", "--ignore-not-found")

    assert rendered(name) == set(standing) - before
    assert [] == [line for line in first if not line.endswith(" created")]
    assert [] == [
        line
        for line in again
        if not line.endswith(" unchanged") and not line.startswith("poddisruptionbudget.policy/")
    ]
    assert standing == after
    assert before == set(api.objects())


def test_deleting_without_a_word_about_what_is_gone_fails_and_deletes_all_the_same(
    api: KubeApi, kubectl: Kubectl
) -> None:
    """A namespace takes its objects along; kubectl asks for each of them after that."""
    before = set(api.objects())
    kubectl.said("apply", "-k", KUBEADM)
    done = kubectl.run("delete", "-k", KUBEADM)

    assert 1 == done.returncode
    assert 'deployments.apps "marketplace" not found' in done.stderr
    assert before == set(api.objects())


def test_what_stopped_half_way_is_completed_by_the_same_command(
    api: KubeApi, kubectl: Kubectl
) -> None:
    """A port that is taken stops the one Service; all else stands, and the next apply adds it."""
    squatter = {"port": 80, "nodePort": 30997}
    api.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "squatter", "namespace": "default"},
            "spec": {"type": "NodePort", "ports": [squatter]},
        }
    )
    before = set(api.objects())
    first = kubectl.run("apply", "-k", KUBEADM)
    half = set(api.objects()) - before
    kubectl.said("-n", "default", "delete", "service", "squatter")
    second = kubectl.said("apply", "-k", KUBEADM).splitlines()

    assert 1 == first.returncode
    assert quoted("The Service") in first.stderr
    assert {"Service bookstore/marketplace"} == rendered("kubeadm") - half
    assert ["service/marketplace created"] == [one for one in second if one.endswith("created")]


def test_a_namespace_that_is_going_is_waited_for(api: KubeApi, kubectl: Kubectl) -> None:
    """Applied too early, what belongs into it is refused; the same command completes it later."""
    kubectl.said("apply", "-k", KUBEADM)
    held = kubectl.json("-n", "bookstore", "get", "serviceaccount", "marketplace")
    held["metadata"]["finalizers"] = ["example.org/held"]
    api.put(held)
    kubectl.said("delete", "namespace", "bookstore", "--wait=false")
    early = kubectl.run("apply", "-k", KUBEADM)
    release = '{"metadata":{"finalizers":null}}'
    where = ("-n", "bookstore", "patch", "serviceaccount", "marketplace")
    kubectl.said(*where, "--type=merge", "-p", release)
    kubectl.said("wait", "--for=delete", "namespace/bookstore", "--timeout=5m")
    kubectl.said("apply", "-k", KUBEADM)

    assert quoted("unable to create") in early.stderr
    assert set() == rendered("kubeadm") - set(api.objects())


def test_definitions_that_are_missing_stop_only_what_needs_them(
    api: KubeApi, kubectl: Kubectl
) -> None:
    """Without the definitions of the Prometheus Operator the services stand all the same."""
    done = kubectl.run("apply", "-k", "k8s/overlays/prometheus-operator")
    missing = rendered("prometheus-operator") - set(api.objects())

    assert 1 == done.returncode
    assert quoted("no matches for kind") in done.stderr
    assert quoted("ensure CRDs") in done.stderr
    assert {"ServiceMonitor", "PrometheusRule"} == {name.partition(" ")[0] for name in missing}


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
def test_a_namespace_comes_before_what_lives_in_it(overlay: Overlay) -> None:
    """Whoever applies the rendered file needs no second go, either."""
    seen: set[str] = set()
    homeless = []
    for one in overlay.objects:
        if one["kind"] == "Namespace":
            seen.add(one["metadata"]["name"])
        elif (where := one["metadata"].get("namespace")) and where not in seen:
            homeless.append((one["kind"], where))
    assert [] == [one for one in homeless if one[1] in seen]
