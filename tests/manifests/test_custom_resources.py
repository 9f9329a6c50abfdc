"""Objects of kinds that a cluster must be taught first, and of which its schemas say nothing."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.support.custom_resources import faults, is_custom
from tests.support.manifests import OVERLAYS, Manifest, Overlay, load

OPERATOR = load("prometheus-operator")
MTLS = load("kubeadm-mtls")


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
def test_every_custom_resource_has_known_fields_alone(overlay: Overlay) -> None:
    """A misspelt field would be refused by a cluster, or worse, dropped without a word."""
    custom = [one for one in overlay.objects if is_custom(one)]

    assert {} == {one["metadata"]["name"]: said for one in custom if (said := faults(one))}


def test_only_the_operators_overlay_needs_the_operator() -> None:
    """Whoever has not taught the cluster these kinds can apply every other overlay."""
    kinds = {"PrometheusRule", "ServiceMonitor", "PodMonitor", "Probe", "Prometheus"}

    assert {"prometheus-operator"} == {
        overlay.name for overlay in OVERLAYS if any(overlay.of(kind) for kind in kinds)
    }


def rule(one: Manifest) -> Any:  # noqa: ANN401 - plain data
    """Give the first alerting rule."""
    return next(
        each for group in one["spec"]["groups"] for each in group["rules"] if "alert" in each
    )


def spec(one: Manifest) -> Any:  # noqa: ANN401 - plain data
    """Give what is asked for."""
    return one["spec"]


def endpoint(one: Manifest) -> Any:  # noqa: ANN401 - plain data
    """Give the first endpoint."""
    return one["spec"]["endpoints"][0]


@pytest.mark.parametrize(
    ("kind", "where", "key", "value"),
    [
        ("PrometheusRule", rule, "annotation", {}),
        ("PrometheusRule", rule, "for", "1 minute"),
        ("PrometheusRule", rule, "expr", ""),
        ("PrometheusRule", rule, "labels", {"severity": 1}),
        ("ServiceMonitor", endpoint, "scrapeInterval", "5s"),
        ("ServiceMonitor", endpoint, "interval", 5),
        ("ServiceMonitor", endpoint, "port", 9464),
        ("ServiceMonitor", spec, "joblabel", "x"),
        ("Certificate", spec, "secret", "x"),
        ("Certificate", spec, "duration", "1d"),
        ("Certificate", spec, "usages", ["server authentication"]),
        ("Certificate", spec, "dnsName", ["x"]),
        ("Certificate", lambda one: one["spec"]["privateKey"], "rotationPolicy", "always"),
        ("Issuer", spec, "CA", {"secretName": "x"}),
    ],
)
def test_what_is_wrong_is_found(
    kind: str, where: Callable[[Manifest], Any], key: str, value: object
) -> None:
    """A field that there is not, and a value of another form."""
    (broken, *_others) = deepcopy([*OPERATOR.of(kind), *MTLS.of(kind)])
    where(broken)[key] = value

    assert any(key in said for said in faults(broken))


def test_no_scrape_takes_longer_than_the_time_between_two() -> None:
    """The operator leaves out a monitor whose timeout is above its interval."""
    for monitor in OPERATOR.of("ServiceMonitor"):
        (only,) = monitor["spec"]["endpoints"]
        timeout, interval = (only[key].removesuffix("s") for key in ("scrapeTimeout", "interval"))
        assert int(timeout) < int(interval)
