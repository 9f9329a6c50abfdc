"""Services: does each send to a port that its Pods have?"""

from typing import Final

from meshdoctor.doctor.checks.cluster import subjects
from meshdoctor.doctor.checks.cluster.subjects import ServiceView
from meshdoctor.doctor.graph import Check
from meshdoctor.doctor.model import Doubt, Finding
from meshdoctor.probes.kubernetes.evidence import Kind, KubernetesEvidence, Port, ServicePort

_CODE: Final = "routing-wrong-target-port"


def _look(_evidence: KubernetesEvidence, view: ServiceView) -> Finding | Doubt | None:
    ports = {port for pod in view.pods for one in pod.containers for port in one.ports}
    for asked in view.service.ports:
        if said := _judge(view, asked, ports):
            return said
    return None


def _judge(view: ServiceView, asked: ServicePort, ports: set[Port]) -> Finding | Doubt | None:
    if isinstance(asked.target, str):
        named = asked.target in {port.name for port in ports}
        return None if named else _finding(view, asked, ports)
    # What a container declares is a note that nothing enforces: without one nothing can be said.
    if not ports or asked.target in {port.number for port in ports}:
        return None
    if any(_is_meant(asked, port) for port in ports):
        return _finding(view, asked, ports)
    return Doubt(
        f"Service {view.service.name} sends to port {asked.target}, which its Pods do not declare"
        f" ({_shown(ports)}); they may listen there all the same",
        f"a connection to port {asked.target} of one of its Pods",
    )


def _is_meant(asked: ServicePort, port: Port) -> bool:
    """Tell whether a container declares the port that the Service is there for."""
    return port.number == asked.number or bool(asked.name and asked.name == port.name)


def _finding(view: ServiceView, asked: ServicePort, ports: set[Port]) -> Finding:
    one = view.service
    return Finding(
        _CODE,
        f"Service {one.name} sends port {asked.number} to {asked.target!r}, which its Pods lack",
        (f"targetPort: {asked.target}", f"its Pods declare: {_shown(ports)}"),
        (f"the selector: it selects {len(view.pods)} Pods",),
        f"kubectl -n {one.namespace} edit service {one.name}: set targetPort to the Pods' port",
    )


def _shown(ports: set[Port]) -> str:
    shown = sorted(f"{port.number} {port.name}".strip() for port in ports)
    return ", ".join(shown) or "no port"


SERVICE_PORT: Final = Check(
    "service.port",
    "every Service sends to a port that its Pods have",
    subjects.services,
    _look,
    reads=(Kind.SERVICES, Kind.PODS),
    needs=("service.selects",),
    faults=(_CODE,),
)
