"""Do the NetworkPolicies let each caller look up and reach whom it is told to call?"""

from typing import Final

from meshdoctor.doctor.checks.preflight.asked import Answer, Asked
from meshdoctor.doctor.checks.preflight.reach import End, Rulebook
from meshdoctor.doctor.checks.preflight.services import Target, numbers, selected, targets
from meshdoctor.doctor.model import Verdict
from meshdoctor.probes.manifests.evidence import Service, Workload

_DNS: Final = "network-policy-dns"
_APP: Final = "network-policy-app"
_DNS_PORT: Final = 53
_NAME_SERVERS: Final = End("kube-system", {"k8s-app": "kube-dns"})
"""As kubeadm installs them, whichever server it is."""


def judge(asked: Asked) -> Verdict:
    """Judge the ways of everybody who is told to call a Service."""
    answer = Answer.none()
    rules = Rulebook(asked.manifests.policies, asked.manifests.namespaces)
    known = {(one.thing.namespace, one.thing.name): one for one in asked.manifests.services}
    told = [one for one in targets(asked) if one.port]
    for caller in {str(one.caller.thing): one.caller for one in told}.values():
        _lookup(answer, rules, caller)
    for target in told:
        if service := known.get((target.namespace, target.name)):
            _call(answer, asked, rules, target, service)
    homes = {one.thing.namespace for one in asked.manifests.policies}
    count = len({(str(one.caller.thing), str(one)) for one in told})
    if not homes:
        return answer.verdict("network policies", "there is none, so every Pod may call every Pod")
    answer.limits.append("policies that the cluster has already, and its other kinds of policies")
    return answer.verdict(
        "network policies",
        f"the policies of {', '.join(sorted(homes))} let all {count} calls through, and their"
        " lookups",
    )


def _lookup(answer: Answer, rules: Rulebook, caller: Workload) -> None:
    stops = {
        protocol: rules.stops(_end(caller), _NAME_SERVERS, _DNS_PORT, protocol)
        for protocol in ("UDP", "TCP")
    }
    if stops["UDP"]:
        answer.broken(
            _DNS,
            f"{caller.thing} could look nothing up: its policies keep it from cluster DNS",
            (
                f"none of them lets UDP to port 53 pass: {', '.join(stops['UDP'])}",
                "cluster DNS: Pods labelled k8s-app=kube-dns in kube-system",
            ),
            "allow egress to those Pods, port 53, UDP and TCP",
        )
    elif stops["TCP"]:
        answer.unsure(
            f"{caller.thing} may ask cluster DNS over UDP and not over TCP",
            "whether every answer fits into a datagram; allow egress on TCP port 53, too",
        )


def _call(answer: Answer, asked: Asked, rules: Rulebook, target: Target, service: Service) -> None:
    ports = [one for one in service.ports if one.number == target.port]
    for workload in selected(asked, service):
        for port in ports:
            for number in sorted(numbers(service, port, workload)):
                if stops := rules.stops(_end(target.caller), _end(workload), number, port.protocol):
                    answer.broken(
                        _APP,
                        f"{target.caller.thing} could not reach {target}: the policies let nothing"
                        f" pass to port {number}",
                        (
                            f"none of them lets it pass: {', '.join(stops)}",
                            f"{target.where} says to call {target}",
                        ),
                        f"allow {port.protocol} port {number} of {workload.thing}, at both ends",
                    )


def _end(workload: Workload) -> End:
    ports = tuple(port for one in workload.containers for port in one.ports)
    return End(workload.thing.namespace, workload.labels, ports)
