"""Are the ports of the nodes in range, and free?"""

from typing import Final

from meshdoctor.doctor.checks.preflight.asked import NO_NAME, Answer, Asked
from meshdoctor.doctor.model import Verdict
from meshdoctor.probes.manifests.evidence import Service

RANGE: Final = range(30_000, 32_768)
"""What an API server gives out unless --service-node-port-range says otherwise."""


def judge(asked: Asked) -> Verdict:
    """Judge the ports that Services want on every node."""
    answer = Answer.none()
    wanted: dict[tuple[int, str], Service] = {}
    for service in asked.manifests.services:
        for port in service.ports:
            if port.node_port:
                _in_range(answer, service, port.node_port)
                _free(answer, asked, service, port.node_port)
                key = (port.node_port, port.protocol)
                _once(answer, service, wanted.setdefault(key, service), port.node_port)
    shown = ", ".join(f"{number} {one.thing}" for (number, _protocol), one in wanted.items())
    if wanted and asked.cluster is None:
        answer.limits.append("whether another Service of the cluster has one of these ports")
    good = f"the ports of the nodes are in range and taken once: {shown}"
    return answer.verdict("node ports", good if wanted else "no Service wants a port of the nodes")


def _in_range(answer: Answer, service: Service, number: int) -> None:
    if number not in RANGE:
        answer.broken(
            NO_NAME,
            f"{service.thing} would be refused: nodePort {number} is out of range",
            (f"nodePort: {number}", f"an API server gives out {RANGE[0]} to {RANGE[-1]}"),
            "take a port of that range; an API server with another one has it in"
            " --service-node-port-range",
        )


def _once(answer: Answer, service: Service, first: Service, number: int) -> None:
    if service is not first:
        answer.broken(
            NO_NAME,
            f"{service.thing} would be refused: {first.thing} has nodePort {number}, too",
            (f"nodePort: {number}, twice in here",),
            "give one of them another port",
        )


def _free(answer: Answer, asked: Asked, service: Service, number: int) -> None:
    owner = asked.cluster.node_ports.get(number) if asked.cluster else None
    if owner and owner != (service.thing.namespace, service.thing.name):
        answer.broken(
            NO_NAME,
            f"{service.thing} would be refused: nodePort {number} is taken in the cluster",
            (f"Service {'/'.join(owner)} has it",),
            "give one of them another port",
        )
