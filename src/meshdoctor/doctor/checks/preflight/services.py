"""Does each Service lead to a Pod, and each target that a Pod is told to a Service?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meshdoctor.doctor.checks.preflight.asked import ALWAYS_THERE, NO_NAME, Answer, Asked
from meshdoctor.doctor.model import Verdict
from meshdoctor.probes.manifests.evidence import (
    Container,
    Port,
    Service,
    ServicePort,
    Workload,
)

_NO_POD: Final = "routing-no-endpoints"
_NO_PORT: Final = "routing-wrong-target-port"
_HOST: Final = "HOST"
_PART = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_TARGET: Final = re.compile(
    rf"(?<![\w.-])({_PART})\.({_PART})\.svc(?:\.{_PART})*\.?(?::(\d{{1,5}}))?(?![\w-])"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A Service that a Pod is told of.

    Attributes:
        caller: who is told.
        where: which variable or argument says it.
        namespace: of the Service.
        name: of it.
        port: of it; 0 when none is said, so it may be a name and nothing to call.
    """

    caller: Workload
    where: str
    namespace: str
    name: str
    port: int = 0

    def __str__(self) -> str:
        """Write the Service as people look for it."""
        return f"Service {self.namespace}/{self.name}"


def targets(asked: Asked) -> Iterator[Target]:
    """Give every Service that variables and arguments name in full, `NAME.NAMESPACE.svc`.

    Args:
        asked: with the workloads.
    """
    for workload in asked.manifests.workloads:
        yield from (
            Target(workload, *one)
            for one in dict.fromkeys(
                (where, each[2], each[1], int(each[3] or _port_beside(where, container)))
                for container in workload.containers
                for where, text in container.texts
                for each in _TARGET.finditer(text)
            )
        )


def _port_beside(where: str, container: Container) -> int:
    """Give the port that stands in a variable of its own: X_PORT beside X_HOST."""
    if not where.endswith(_HOST):
        return 0
    told = dict(container.texts).get(f"{where.removesuffix(_HOST)}PORT", "")
    return int(told) if told.isdecimal() else 0


def selected(asked: Asked, service: Service) -> tuple[Workload, ...]:
    """Give the workloads whose Pods a Service selects.

    Args:
        asked: with the workloads.
        service: with a selector.
    """
    wanted = service.selector.items()
    return tuple(one for one in asked.of(service.thing.namespace) if wanted <= one.labels.items())


def numbers(service: Service, port: ServicePort, workload: Workload) -> frozenset[int]:
    """Give the Pods' ports that a port of a Service leads to.

    Args:
        service: a headless one translates nothing.
        port: of it.
        workload: that it selects.
    """
    if service.headless:
        return frozenset({port.number})
    if isinstance(port.target, int):
        return frozenset({port.target})
    return frozenset(one.number for one in _ports(workload) if one.name == port.target)


def judge(asked: Asked) -> Verdict:
    """Judge Services, and what Pods are told of Services."""
    answer = Answer.none()
    for service in asked.manifests.services:
        if service.selector:
            _selector(answer, asked, service)
    known = {(one.thing.namespace, one.thing.name): one for one in asked.manifests.services}
    told = list(targets(asked))
    for target in told:
        there = known.get((target.namespace, target.name))
        if there is None:
            _gone(answer, asked, target)
        elif target.port:
            _port_of_target(answer, asked, target, there)
    if told:
        names = dict.fromkeys(f"{one.namespace}/{one.name}" for one in told)
        answer.seen.append(f"Pods are told of: {', '.join(names)}")
    count = len(asked.manifests.services)
    return answer.verdict(
        "services", f"all {count} Services lead to ports of Pods, and whoever is called is there"
    )


def _selector(answer: Answer, asked: Asked, service: Service) -> None:
    chosen = selected(asked, service)
    if not chosen:
        told = ", ".join(f"{key}={value}" for key, value in service.selector.items())
        if asked.makes(service.thing.namespace) or asked.of(service.thing.namespace):
            answer.broken(
                _NO_POD,
                f"{service.thing} would select no Pod",
                (f"its selector: {told}", *_differing(asked, service)),
                "make the selector match the labels of a Pod template",
            )
        else:
            answer.unsure(
                f"{service.thing} selects Pods that are not in here",
                f"kubectl -n {service.thing.namespace} get pods -l {told.replace(' ', '')}",
            )
    for workload in chosen:
        for port in service.ports:
            _target_port(answer, service, port, workload)


def _differing(asked: Asked, service: Service) -> Iterator[str]:
    for key, value in service.selector.items():
        values = {one.labels[key] for one in asked.of(service.thing.namespace) if key in one.labels}
        if value not in values:
            yield f"Pods here have {key}: {', '.join(sorted(values)) or 'not at all'}"


def _target_port(answer: Answer, service: Service, port: ServicePort, workload: Workload) -> None:
    ports = _ports(workload)
    if isinstance(port.target, str):
        fits = port.target in {one.name for one in ports}
    else:
        fits = not ports or port.target in {one.number for one in ports}
    if fits:
        return
    shown = ", ".join(f"{one.number} {one.name}".strip() for one in ports) or "no port"
    # A number that no container declares may be served all the same.
    if isinstance(port.target, str) or port.number in {one.number for one in ports}:
        answer.broken(
            _NO_PORT,
            f"{service.thing} would send port {port.number} to {port.target!r}, which the Pods of"
            f" {workload.thing} lack",
            (f"targetPort: {port.target}", f"its Pods declare: {shown}"),
            "set targetPort to the Pods' port",
        )
    else:
        answer.unsure(
            f"{service.thing} sends to port {port.target}, which the Pods of {workload.thing} do"
            f" not declare ({shown})",
            f"whether its program listens on {port.target}; declare it in the container's ports",
        )


def _ports(workload: Workload) -> tuple[Port, ...]:
    return tuple(port for one in workload.containers if not one.first for port in one.ports)


def _port_of_target(answer: Answer, asked: Asked, target: Target, service: Service) -> None:
    offered = [one for one in service.ports if one.number == target.port]
    shown = ", ".join(str(one.number) for one in service.ports) or "none"
    seen = (f"{target.where} of {target.caller.thing}", f"ports of {target}: {shown}")
    if not offered:
        answer.broken(
            _NO_PORT,
            f"{target.caller.thing} is told to call port {target.port} of {target}, which has none"
            " such",
            seen,
            f"correct the port in {target.where}, or add it to the Service",
        )
        return
    # Nothing translates the ports of a Service without an address: both must be the same.
    for workload in selected(asked, service) if service.headless else ():
        ports = _ports(workload)
        if ports and target.port not in {one.number for one in ports}:
            answer.broken(
                _NO_PORT,
                f"{service.thing} has no address, so callers go straight to port {target.port} of"
                f" the Pods of {workload.thing}, who do not have it",
                seen,
                "give the Service the number of the Pods' port",
            )


def _gone(answer: Answer, asked: Asked, target: Target) -> None:
    there = asked.cluster.services if asked.cluster else None
    if target.namespace in ALWAYS_THERE or (target.namespace, target.name) in (there or ()):
        return
    seen = (f"{target.where} of {target.caller.thing}",)
    if asked.makes(target.namespace):
        answer.broken(
            NO_NAME,
            f"{target.caller.thing} is told of {target}, which nobody makes",
            (*seen, f"Services of {target.namespace} here: {_services(asked, target.namespace)}"),
            f"correct the name in {target.where}, or add the Service",
        )
    elif there is not None:
        answer.broken(
            NO_NAME,
            f"{target.caller.thing} is told of {target}, which is neither here nor in the cluster",
            seen,
            f"correct the name in {target.where}, or make the Service first",
        )
    else:
        answer.limits.append(f"{target}, of a namespace that is not made here")


def _services(asked: Asked, namespace: str) -> str:
    found = [one.thing.name for one in asked.manifests.services if one.thing.namespace == namespace]
    return ", ".join(found) or "none"
