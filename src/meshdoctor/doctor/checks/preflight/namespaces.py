"""Is every namespace made here, or there already?"""

from meshdoctor.doctor.checks.preflight.asked import ALWAYS_THERE, DOWN, Answer, Asked
from meshdoctor.doctor.model import Verdict


def judge(asked: Asked) -> Verdict:
    """Judge where the objects are to live."""
    answer = Answer.none()
    made = asked.manifests.namespaces
    homes: dict[str, list[str]] = {}
    for thing in asked.manifests.things:
        if thing.namespace and thing.namespace not in made:
            homes.setdefault(thing.namespace, []).append(str(thing))
    for namespace, things in homes.items():
        if namespace not in ALWAYS_THERE:
            _missing(answer, asked, namespace, things)
    if made:
        answer.seen.append(f"made here: {', '.join(made)}")
    loose = _loose(asked)
    if loose:
        answer.limits.append(
            f"{loose[0]} and {len(loose) - 1} more name no namespace: they go where kubectl stands"
            if len(loose) > 1
            else f"{loose[0]} names no namespace: it goes where kubectl stands"
        )
    return answer.verdict("namespaces", "every namespace is made here, or is in every cluster")


def _loose(asked: Asked) -> list[str]:
    things = [one.thing for one in asked.manifests.workloads]
    things += [one.thing for one in asked.manifests.services]
    return [str(one) for one in things if not one.namespace]


def _missing(answer: Answer, asked: Asked, namespace: str, things: list[str]) -> None:
    cluster = asked.cluster
    if cluster is None or cluster.namespaces is None:
        answer.unsure(
            f"namespace {namespace} is not made here, and {len(things)} objects are to be in it",
            f"kubectl get namespace {namespace}, or a cluster to ask (--kubeconfig)",
        )
    elif namespace in cluster.namespaces:
        answer.seen.append(f"in the cluster already: {namespace}")
    else:
        answer.broken(
            DOWN,
            f"namespace {namespace} is neither made here nor in the cluster:"
            f" {len(things)} objects would be refused",
            (
                f"first of them: {things[0]}",
                f"the cluster has: {', '.join(sorted(cluster.namespaces))}",
            ),
            f"kubectl create namespace {namespace}, or add it to the overlay",
        )
