"""Prometheus and Alertmanager in their Pods, with the project's rules and routes.

Targets are files that the lab keeps, with the labels that service discovery would give: a Pod is
there while it has a container, ready or not, and in no other namespace than its own.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshdoctor.lab.cluster.container import CRASHING, Status
from meshdoctor.lab.cluster.plan import PAGER_PORT
from meshdoctor.lab.cluster.programs import STATES_PORT
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.net.network import HOME
from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.net.topology import VISITOR, Pod, Topology
from meshdoctor.lab.packages import locate
from meshdoctor.lab.processes import Program
from meshdoctor.lab.prometheus import alertmanager, scraping
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.watchers import GENERATED, read

NEEDS = ("prometheus", "alertmanager")
PROMETHEUS, ALERTMANAGER, STATES = "prometheus-1", "alertmanager-1", "kube-state-metrics-1"
PROMETHEUS_PORT, ALERTMANAGER_PORT = 9090, 9093
_METRICS = 9464
_JOBS = {"marketplace": "bookstore", "recommendations": "bookstore", "mesh-agent": "meshdoctor"}
_FOLDER = HOME / "monitoring"
_TARGETS = _FOLDER / "targets"


class InPod(Prometheus):
    """A Prometheus that is asked from the node of its Pod, past every policy."""

    def __init__(self, url: str, node: str) -> None:
        super().__init__(url)
        self._node = node

    def _ask(self, what: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        with within(self._node):
            return super()._ask(what, **parameters)


@dataclass(frozen=True, slots=True)
class Metering:
    """What is started for it.

    Attributes:
        topology: whom to ask.
        programs: by Pod.
    """

    topology: Topology
    programs: Mapping[str, Program]

    @classmethod
    def written(cls, topology: Topology, load: str) -> "Metering":
        """Write the configurations.

        Args:
            topology: of the cluster.
            load: `host:port` of the load's metrics page.

        Raises:
            LabError: Prometheus, Alertmanager or what the project generated for them is missing.
        """
        binaries = {name: _binary(name) for name in NEEDS}
        watchers = read(GENERATED, f"http://{VISITOR}:{PAGER_PORT}/")
        if watchers.notes:
            raise LabError("; ".join(watchers.notes))
        here, there = (topology.pod(name) for name in (PROMETHEUS, ALERTMANAGER))
        _TARGETS.mkdir(parents=True, exist_ok=True)
        address, alerts = (
            f"{here.address}:{PROMETHEUS_PORT}",
            f"{there.address}:{ALERTMANAGER_PORT}",
        )
        rules = watchers.rules
        scrapes = list(_scrapes(topology, load))
        own = scraping(binaries["prometheus"], _FOLDER, address, scrapes, alerts, rules)
        ringing = alertmanager(binaries["alertmanager"], _FOLDER, alerts, watchers.routes)
        found = cls(topology, {PROMETHEUS: _named(own, PROMETHEUS), ALERTMANAGER: ringing})
        found.tell({})
        return found

    def client(self) -> Prometheus:
        """Give a client of the Prometheus that runs."""
        pod = self.topology.pod(PROMETHEUS)
        return InPod(f"http://{pod.address}:{PROMETHEUS_PORT}", pod.node)

    def tell(self, states: Mapping[str, Status]) -> None:
        """Write whom Prometheus is to ask.

        Args:
            states: of containers by Pod; one that is not in there is to be asked.
        """
        for job, namespace in _JOBS.items():
            targets = [
                _target(pod)
                for pod in _pods(self.topology, job, namespace)
                if pod.name not in states or _has_container(states[pod.name])
            ]
            path = _TARGETS / f"{job}.json"
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(targets), "utf-8")
            partial.replace(path)


def _binary(name: str) -> Path:
    found = locate(name, LabSettings().cache.expanduser())
    if not found:
        raise LabError(f"the lab needs {name}, and it could not be fetched")
    return found


def _named(program: Program, name: str) -> Program:
    return Program(name, program.command, ready=program.ready, stop_seconds=program.stop_seconds)


def _scrapes(topology: Topology, load: str) -> Iterable[Mapping[str, Any]]:
    for job in _JOBS:
        yield {"job_name": job, "file_sd_configs": [{"files": [str(_TARGETS / f"{job}.json")]}]}
    yield _fixed("load", load, namespace="load", instance="locust-master")
    states = topology.pod(STATES)
    yield {
        **_fixed("kube-state-metrics", f"{states.address}:{STATES_PORT}"),
        "honor_labels": True,
    }


def _fixed(job: str, address: str, **labels: str) -> Mapping[str, Any]:
    return {"job_name": job, "static_configs": [{"targets": [address], "labels": labels}]}


def _pods(topology: Topology, job: str, namespace: str) -> Iterable[Pod]:
    for pod in topology.pods:
        if (pod.namespace, pod.labels.get("app.kubernetes.io/name")) == (namespace, job):
            yield pod


def _target(pod: Pod) -> Mapping[str, Any]:
    labels = {"namespace": pod.namespace, "node": pod.node, "instance": pod.name, "pod": pod.name}
    return {"targets": [f"{pod.address}:{_METRICS}"], "labels": labels}


def _has_container(status: Status) -> bool:
    return status.waiting is None or status.waiting.reason == CRASHING
