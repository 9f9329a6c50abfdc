"""Manifests as text: what is kept of them, and what is no manifests."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshdoctor.doctor.checks.preflight.asked import Asked
from meshdoctor.doctor.checks.preflight.every import judge_manifests
from meshdoctor.doctor.checks.preflight.quotas import QuantityError, quantity
from meshdoctor.probes.manifests.evidence import Need
from meshdoctor.probes.manifests.reading import ManifestError, read
from tests.support.overlays import cut

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "namespace": "town"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "shop"}},
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {
                "containers": [
                    {
                        "name": "shop",
                        "image": "shop:1",
                        "envFrom": [{"secretRef": {"name": "one"}}],
                        "env": [{"name": "A", "value": "b"}],
                    }
                ],
                "imagePullSecrets": [{"name": "two"}],
                "volumes": [
                    {"name": "a", "secret": {"secretName": "three"}},
                    {"name": "b", "secret": {"secretName": "four", "optional": True}},
                    {
                        "name": "c",
                        "projected": {
                            "sources": [{"secret": {"name": "five", "items": [{"key": "k"}]}}]
                        },
                    },
                ],
            },
        },
    },
}


def test_everything_that_a_pod_needs_is_found() -> None:
    """Variables, pull secrets, volumes and what is projected into one; not what is optional."""
    (workload,) = read(json.dumps(DEPLOYMENT), "text").workloads

    assert {
        Need("Secret", "one"),
        Need("Secret", "two"),
        Need("Secret", "three"),
        Need("Secret", "five", frozenset({"k"})),
    } == set(workload.needs)
    assert 2 == workload.count


def test_a_list_is_its_objects() -> None:
    """What `kubectl get -o yaml` prints is read as well."""
    told = {"apiVersion": "v1", "kind": "List", "items": [DEPLOYMENT, DEPLOYMENT]}

    assert 2 == len(read(json.dumps(told), "text").things)


def test_a_secret_of_cert_manager_is_made() -> None:
    """A Certificate stands for the Secret that it names."""
    assert ("Secret", "bookstore", "marketplace-tls") in cut("kubeadm-mtls").stores


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no object"),
        ("a: [", "is no YAML"),
        ("- 1", "has no kind"),
        ("kind: Service", "a Service has no name"),
        ("kind: Service\nmetadata: {name: x}", "Service x lacks a field"),
        ("kind: Deployment\nmetadata: {name: x}\nspec: 7", "Deployment x lacks a field"),
        ("kind: Service\nmetadata: {name: x}\nspec: {ports: [{port: a}]}", "Service x"),
    ],
)
def test_what_is_no_manifest_is_said(text: str, said: str) -> None:
    """One sentence, which names the text and the object."""
    with pytest.raises(ManifestError, match=f"^text.*{said}"):
        read(text, "text")


FIELDS = (
    *("name", "labels", "spec", "ports", "port", "containers", "matchLabels", "template"),
    *("selector", "hard", "limits", "max", "type", "podSelector", "ingress", "from", "ipBlock"),
    *("cidr", "endPort", "cpu", "metadata", "matchExpressions", "values", "key", "operator"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "labels", "spec", "ports", "port", "containers", "matchLabels"]
            )
            | st.text(max_size=4),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
KINDS = ("Service", "Deployment", "NetworkPolicy", "ResourceQuota", "LimitRange", "ConfigMap")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KINDS), JSON, JSON)
def test_nothing_that_is_read_makes_it_stumble(kind: str, spec: object, more: object) -> None:
    """Whatever stands in an object, it is judged or refused in words."""
    one = {"kind": kind, "metadata": {"name": "x", "namespace": "town"}, "spec": spec, "data": more}
    with suppress(ManifestError):
        verdicts = judge_manifests(Asked(read(json.dumps(one), "text")))
        assert all(each.sentence for each in verdicts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100m", "0.1"), ("64Mi", "67108864"), ("1e3", "1000"), ("2", "2"), ("1.5k", "1500")],
)
def test_an_amount_is_read(text: str, expected: str) -> None:
    """In each of Kubernetes' ways to write it."""
    assert quantity(expected) == quantity(text)


@pytest.mark.parametrize("text", ["", "m", "64 MB", "1Zi", "ten", "NaN"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """It is named."""
    with pytest.raises(QuantityError, match="is no amount"):
        quantity(text)
