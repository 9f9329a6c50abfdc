"""Does each Pod find what it cannot start without: ConfigMaps, Secrets, its account?"""

from typing import Final

from meshdoctor.doctor.checks.preflight.asked import DOWN, Answer, Asked
from meshdoctor.doctor.model import Verdict
from meshdoctor.probes.manifests.evidence import Need, Workload

_ROOT_CERTIFICATE: Final = "kube-root-ca.crt"  # Kubernetes puts it into every namespace


def judge(asked: Asked) -> Verdict:
    """Judge what workloads refer to by name."""
    answer = Answer.none()
    for workload in asked.manifests.workloads:
        for need in dict.fromkeys(workload.needs):
            _need(answer, asked, workload, need)
        _account(answer, asked, workload)
    return answer.verdict(
        "references", "every ConfigMap, Secret and account that Pods need is here or noted"
    )


def _need(answer: Answer, asked: Asked, workload: Workload, need: Need) -> None:
    namespace = workload.thing.namespace
    place = f"{need.kind} {namespace}/{need.name}"
    if need.name in workload.by_hand or f"{namespace}/{need.name}" in asked.by_hand:
        answer.seen.append(f"{place} is made by hand; without it {workload.thing} waits")
        return
    if need.name == _ROOT_CERTIFICATE:
        return
    key = (need.kind, namespace, need.name)
    if key not in asked.manifests.stores:
        _gone(answer, asked, workload, place)
        return
    keys = asked.manifests.stores[key]
    if keys is not None and (lacking := sorted(need.keys - keys)):
        answer.broken(
            DOWN,
            f"{workload.thing} could not start: {place} lacks {', '.join(lacking)}",
            (f"it has: {', '.join(sorted(keys)) or 'nothing'}",),
            f"add the key to {place}, or correct the name of the key",
        )


def _gone(answer: Answer, asked: Asked, workload: Workload, place: str) -> None:
    kind, _, name = place.partition(" ")
    if asked.makes(workload.thing.namespace):
        answer.broken(
            DOWN,
            f"{workload.thing} could not start: nobody makes {place}",
            ("its namespace is new with this overlay, so nothing is in it but what is here",),
            f"add {place} to the overlay; if it is made by hand: --made-by-hand {name}, or the"
            " annotation meshdoctor/made-by-hand of the workload",
        )
    else:
        namespace, _, short = name.partition("/")
        answer.unsure(
            f"{place}, which {workload.thing} needs, is not in here",
            f"kubectl -n {namespace} get {kind.lower()} {short}; or --made-by-hand {name}",
        )


def _account(answer: Answer, asked: Asked, workload: Workload) -> None:
    namespace, account = workload.thing.namespace, workload.account
    if account in {"", "default"} or (namespace, account) in asked.manifests.accounts:
        return
    if asked.makes(namespace):
        answer.broken(
            DOWN,
            f"{workload.thing} would get no Pod: nobody makes ServiceAccount {namespace}/{account}",
            (f"serviceAccountName: {account}",),
            "add the ServiceAccount to the overlay, or correct the name",
        )
    else:
        answer.unsure(
            f"ServiceAccount {namespace}/{account}, of {workload.thing}, is not in here",
            f"kubectl -n {namespace} get serviceaccount {account}",
        )
