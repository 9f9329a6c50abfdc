"""The programs of Pods, as the manifests start them."""

import shutil
import sys
from collections.abc import Mapping

from meshdoctor.lab.cluster.certificates import leading_elsewhere
from meshdoctor.lab.cluster.environment import API, environment
from meshdoctor.lab.cluster.plan import Plan
from meshdoctor.lab.net.network import HOME
from meshdoctor.lab.net.topology import Manifest, Pod
from meshdoctor.lab.processes import Program

STATES_PORT = 8080
STATES_PROBE = {"httpGet": {"path": "/metrics", "port": STATES_PORT}, "periodSeconds": 5}
SERVICES = ("recommendations", "marketplace")
AGENT = "mesh-agent"
_STOP_SECONDS = 12.0  # the services' own bounds: a drain, running calls, last lines
_LAB = {
    # Nobody collects traces here.
    "OTEL_EXPORTER_OTLP_ENDPOINT": "",
    "OTEL_TRACES_SAMPLER_ARG": "0.1",
    "PYTHONUNBUFFERED": "1",
}


def of_service(pod: Pod, plan: Plan) -> Program:
    """Give the program of a Pod of the mesh.

    Args:
        pod: which.
        plan: where its container is told.
    """
    container = the_container(pod, plan)
    return Program(
        name=pod.name,
        command=(sys.executable, "-m", container["name"]),
        env=_variables(container, pod, plan),
        stop_seconds=_STOP_SECONDS,
    )


def of_agent(pod: Pod, plan: Plan) -> Program:
    """Give the program of a node's agent; as `of_service`."""
    folder = HOME / "memory" / pod.name
    # A new Pod begins with an empty one, whatever that of the cluster before it remembered.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Program(
        name=pod.name,
        command=(sys.executable, "-m", "meshdoctor.agent"),  # what `meshdoctor agent` becomes
        env={
            "MESH_AGENT_ANSWER_HOST": pod.address,
            "MESH_AGENT_METRICS_HOST": pod.address,
            **_variables(the_container(pod, plan), pod, plan),
            "MESH_AGENT_MEMORY": str(folder / "memory.json"),
        },
        stop_seconds=_STOP_SECONDS,
    )


def of_states(pod: Pod) -> Program:
    """Give the program that stands in for kube-state-metrics."""
    address = f"{pod.address}:{STATES_PORT}"
    command = (sys.executable, "-m", "meshdoctor.lab.cluster.states", address)
    return Program(pod.name, command, env=API)


def the_container(pod: Pod, plan: Plan) -> Manifest:
    """Give the container of a Pod that the lab runs: the first."""
    found: Manifest = plan.template(pod)["spec"]["containers"][0]
    return found


def _variables(container: Manifest, pod: Pod, plan: Plan) -> Mapping[str, str]:
    address = plan.seed.topology.node(pod.node).address
    env = environment(container, pod, address)
    return {
        **env,
        **leading_elsewhere(env, container, plan.owners[pod.name]["metadata"]["name"]),
        **_LAB,
    }
