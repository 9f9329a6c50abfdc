"""The agent of each node in the cluster: what it may, where it runs, what it is told."""

from collections import Counter
from typing import Final

import pytest

from meshdoctor.agent.knowledge import AGENT_PORT
from meshdoctor.agent.rights import Right, rights
from meshdoctor.agent.settings import AgentSettings
from meshdoctor.probes.mesh.files import LABELS, NAMESPACE
from tests.support.manifests import KUBEADM, OVERLAYS, Manifest, Overlay, selects

NAME: Final = "mesh-agent"
READ_BY_GRPC: Final = {"GRPC_VERBOSITY"}
WITH_AGENT: Final = [one for one in OVERLAYS if one.of("DaemonSet")]

everywhere = pytest.mark.parametrize("overlay", WITH_AGENT, ids=lambda one: one.name)


def daemon_set(overlay: Overlay = KUBEADM) -> Manifest:
    """Give what makes the agents."""
    return overlay.named("DaemonSet", NAME, NAMESPACE)


def container() -> Manifest:
    """Give the agent's one container."""
    (only,) = daemon_set()["spec"]["template"]["spec"]["containers"]
    found: Manifest = only
    return found


def bound(overlay: Overlay) -> list[tuple[str, Manifest]]:
    """Give the rules of each role that is the agent's, with the namespace that they are for."""
    account = {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
    found = []
    for kind in ("Role", "ClusterRole"):
        for one in overlay.of(f"{kind}Binding"):
            if account in one["subjects"]:
                where = one["metadata"].get("namespace", "")
                role = next(
                    role
                    for role in overlay.of(kind)
                    if role["metadata"].get("namespace", "") == where
                    and role["metadata"]["name"] == one["roleRef"]["name"]
                )
                found += [(where, rule) for rule in role["rules"]]
    return found


def test_every_overlay_with_services_of_ours_has_the_agent() -> None:
    """But for the load test's, which comes on top of another."""
    expected = [one.name for one in OVERLAYS if one.of("Deployment", "bookstore")]

    assert expected == [one.name for one in WITH_AGENT]


@everywhere
def test_it_may_what_it_asks_and_nothing_more(overlay: Overlay) -> None:
    """Its roles are what the code says that it asks for.

    In `default` nobody gets a role; a right on one object by its name, in whatever namespace, is
    none on another object there.
    """
    granted = {
        Right(where or ("default" if name else ""), group, resource, verb, name)
        for where, rule in bound(overlay)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }

    assert rights("bookstore", NAMESPACE) == granted


def test_it_runs_on_every_node() -> None:
    """It tolerates every taint, and picks no node."""
    spec = daemon_set()["spec"]["template"]["spec"]

    assert [{"operator": "Exists"}] == spec["tolerations"]
    assert not {"nodeSelector", "affinity", "nodeName", "hostNetwork"} & set(spec)


def test_it_displaces_nobody() -> None:
    """It has no priority over the Pods that it watches."""
    assert "priorityClassName" not in daemon_set()["spec"]["template"]["spec"]


def test_its_ports_are_those_of_the_code() -> None:
    """Neighbours ask over both protocols, the Service leads to one of them and to the metrics."""
    ports = {
        (one["name"], one.get("protocol", "TCP"), one["containerPort"])
        for one in container()["ports"]
    }
    service = KUBEADM.named("Service", NAME, NAMESPACE)["spec"]
    metrics = AgentSettings.model_fields["metrics_port"].default

    assert {
        ("agent", "TCP", AGENT_PORT),
        ("agent-udp", "UDP", AGENT_PORT),
        ("metrics", "TCP", metrics),
    } == ports
    assert "clusterIP" not in service
    assert {("agent", AGENT_PORT), ("metrics", metrics)} == {
        (one["targetPort"], one["port"]) for one in service["ports"]
    }
    assert selects(
        {"matchLabels": service["selector"]}, daemon_set()["spec"]["template"]["metadata"]["labels"]
    )


def test_every_variable_is_a_setting() -> None:
    """Each is one that the agent reads, or gRPC's own; and they make settings that hold."""
    fields = AgentSettings.model_fields
    settings = {str(one.alias or f"MESH_AGENT_{name.upper()}") for name, one in fields.items()}
    variables = container()["env"]

    assert max(Counter(one["name"] for one in variables).values()) == 1
    assert set() == {one["name"] for one in variables} - settings - READ_BY_GRPC


def test_what_it_asks_for_is_there() -> None:
    """The name that it asks DNS for is a Service of ours, in the namespace that it looks at."""
    told = {one["name"]: one.get("value", "") for one in container()["env"]}
    name, namespace, *rest = told["MESH_AGENT_DNS_NAME"].split(".")

    assert ["svc", "cluster", "local", ""] == rest
    assert namespace == told["MESH_AGENT_SERVICES_NAMESPACE"]
    assert KUBEADM.named("Service", name, namespace)


def test_its_memory_is_where_it_may_write() -> None:
    """On a volume of its own with a bound: the rest of its file system is read-only."""
    told = {one["name"]: one.get("value", "") for one in container()["env"]}
    volumes = {one["name"]: one for one in daemon_set()["spec"]["template"]["spec"]["volumes"]}
    (mount,) = (
        one
        for one in container()["volumeMounts"]
        if told["MESH_AGENT_MEMORY"].startswith(f"{one['mountPath']}/")
    )

    assert "readOnly" not in mount
    assert "sizeLimit" in volumes[mount["name"]]["emptyDir"]


def test_its_pods_are_called_as_its_reports() -> None:
    """One pair of labels finds all that is the agent's."""
    assert LABELS.items() <= daemon_set()["spec"]["template"]["metadata"]["labels"].items()
