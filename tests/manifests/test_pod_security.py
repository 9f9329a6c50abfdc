"""Every Pod is as `restricted` asks, and the evaluator that says so finds what is not."""

from copy import deepcopy
from typing import Any

import pytest

from tests.support.manifests import KUBEADM, OVERLAYS, Manifest, Overlay, pods
from tests.support.pod_security import violations


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda one: one.name)
def test_no_pod_breaks_the_rules(overlay: Overlay) -> None:
    """Every namespace enforces `restricted`, so a Pod that breaks it would never start."""
    enforced = {
        one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for one in overlay.of("Namespace")
    }
    everybody = pods(overlay)

    assert {"restricted"} == enforced
    assert everybody
    assert {} == {name: found for name, pod in everybody.items() if (found := violations(pod))}


def good() -> Manifest:
    """Give a Pod without a fault."""
    template: Manifest = KUBEADM.named("Deployment", "marketplace")["spec"]["template"]
    return deepcopy(template)


POD: tuple[str, ...] = ()
CONTEXT = ("securityContext",)
CONTAINER = ("containers", "0")
INSIDE = (*CONTAINER, "securityContext")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ((*POD, "hostNetwork"), True, "hostNetwork is true"),
        ((*POD, "hostPID"), True, "hostPID is true"),
        ((*POD, "volumes"), [{"name": "x", "hostPath": {"path": "/"}}], "volume of type hostPath"),
        ((*CONTEXT, "runAsUser"), 0, "runAsUser is 0"),
        ((*CONTEXT, "runAsNonRoot"), False, "marketplace: runAsNonRoot is not true"),
        ((*CONTEXT, "sysctls"), [{"name": "kernel.msgmax"}], "sysctl kernel.msgmax"),
        ((*CONTEXT, "seccompProfile"), {"type": "Unconfined"}, "seccompProfile is Unconfined"),
        ((*CONTEXT, "seLinuxOptions"), {"type": "spc_t"}, "seLinuxOptions"),
        ((*INSIDE, "runAsNonRoot"), False, "marketplace: runAsNonRoot is not true"),
        ((*INSIDE, "privileged"), True, "marketplace: privileged"),
        ((*INSIDE, "procMount"), "Unmasked", "marketplace: procMount is not Default"),
        ((*INSIDE, "allowPrivilegeEscalation"), None, "allowPrivilegeEscalation is not false"),
        ((*INSIDE, "capabilities"), {"drop": ["CHOWN"]}, "ALL is not dropped"),
        (
            (*INSIDE, "capabilities"),
            {"drop": ["ALL"], "add": ["NET_RAW", "NET_BIND_SERVICE"]},
            "marketplace: capabilities: NET_RAW added",
        ),
        ((*CONTAINER, "ports"), [{"containerPort": 1, "hostPort": 1}], "marketplace: hostPort"),
        (
            (*CONTAINER, "readinessProbe"),
            {"httpGet": {"host": "10.0.0.1", "port": 80}},
            "marketplace: httpGet names a host",
        ),
        (("initContainers",), [{"name": "first"}], "first: runAsNonRoot"),
    ],
)
def test_a_violation_is_found(path: tuple[str, ...], value: object, said: str) -> None:
    """One change to a good Pod, and the evaluator names it; the Pod without it has no fault."""
    pod = good()
    assert [] == violations(pod)
    place: Any = pod["spec"]
    for step in path[:-1]:
        place = place[int(step)] if step.isdigit() else place[step]
    place[path[-1]] = value
    if path == ("initContainers",):
        pod["spec"]["securityContext"]["runAsNonRoot"] = None

    assert any(said in one for one in violations(pod))
