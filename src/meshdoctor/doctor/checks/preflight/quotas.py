"""Do the Pods fit into the quotas and ranges that come along?

Sources: the Kubernetes documentation, "Resource Quotas" and "Limit Ranges".
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from meshdoctor.doctor.checks.preflight.asked import DOWN, Answer, Asked
from meshdoctor.doctor.model import Verdict
from meshdoctor.probes.manifests.evidence import Container, Spec, Workload

_SUFFIXES: Final[dict[str, Decimal]] = {
    "": Decimal(1),
    **{one: Decimal(10) ** -(3 * n) for n, one in enumerate("mun", start=1)},
    **{one: Decimal(10) ** (3 * n) for n, one in enumerate("kMGTPE", start=1)},
    **{f"{one}i": Decimal(2) ** (10 * n) for n, one in enumerate("KMGTPE", start=1)},
}
_COUNTED: Final = {
    "services": "Service",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "persistentvolumeclaims": "PersistentVolumeClaim",
}
_CLUSTERS: Final = "quotas and ranges that the cluster has already,"
_ASKED: Final = ("cpu", "memory", "ephemeral-storage")


class QuantityError(ValueError):
    """A text is no amount."""


def quantity(text: str) -> Decimal:
    """Read an amount as Kubernetes writes it.

    Args:
        text: such as `100m`, `64Mi` or `1e3`.

    Raises:
        QuantityError: it is none.
    """
    number = text.rstrip("KMGTPEkmnui")
    try:
        found = Decimal(number) * _SUFFIXES[text[len(number) :]]
    except (InvalidOperation, KeyError):
        found = Decimal("NaN")
    if not found.is_finite():
        raise QuantityError(f"{text!r} is no amount such as 100m or 64Mi")
    return found


def judge(asked: Asked) -> Verdict:
    """Judge the Pods of each namespace that has a quota or a range, here or in the cluster."""
    answer = Answer.none()
    for workload in asked.manifests.workloads:
        _amounts(answer, workload)
    for one in (*asked.manifests.ranges, *asked.manifests.quotas):
        _sound(answer, one)
    there = _there(asked)
    if not answer.findings:
        for one in (*asked.manifests.ranges, *(each for each in there if "limits" in each.spec)):
            _range(answer, asked, one)
        for one in (*asked.manifests.quotas, *(each for each in there if "hard" in each.spec)):
            _quota(answer, asked, one)
    unknown = asked.cluster is None or asked.cluster.bounds is None
    answer.limits.append(f"{_CLUSTERS} and the nodes' room" if unknown else "the nodes' room")
    bounds = [str(one.thing) for one in (*asked.manifests.ranges, *asked.manifests.quotas, *there)]
    if not bounds:
        where = "comes along" if unknown else "comes along or is there"
        return answer.verdict("quotas", f"no quota and no range {where}")
    return answer.verdict("quotas", f"all Pods fit into {', '.join(bounds)}")


def _there(asked: Asked) -> tuple[Spec, ...]:
    """Give what the cluster binds the same namespaces with, but for what is applied anew."""
    told = asked.cluster.bounds if asked.cluster else None
    mine = {one.thing.namespace for one in asked.manifests.workloads}
    anew = {str(one.thing) for one in (*asked.manifests.quotas, *asked.manifests.ranges)}
    return tuple(
        one
        for one in told or ()
        if one.thing.namespace in mine and str(one.thing) not in anew and not any(_no_amounts(one))
    )


def _amounts(answer: Answer, workload: Workload) -> None:
    for one in workload.containers:
        for what in sorted({*one.requests, *one.limits}):
            try:
                least, most = (
                    quantity(told[what]) if what in told else None
                    for told in (one.requests, one.limits)
                )
            except QuantityError as error:
                _refused(answer, workload, f"{what} of {one.name}: {error}", ())
                continue
            if least is not None and most is not None and least > most:
                seen = (f"requests: {one.requests[what]}", f"limits: {one.limits[what]}")
                words = f"the container {one.name} asks for more {what} than its limit"
                _refused(answer, workload, words, seen)


def _sound(answer: Answer, told: Spec) -> None:
    """A quota or range with an amount that is none would be refused, and nothing would be bound."""
    for what, value in _no_amounts(told):
        answer.broken(
            DOWN,
            f"{told.thing} would be refused: {what} is {value!r}, which is no amount",
            (f"{what}: {value}",),
            f"correct the amount in {told.thing}",
        )


def _no_amounts(told: Spec) -> Iterator[tuple[str, str]]:
    amounts = [told.spec.get("hard") or {}]
    for limit in told.spec.get("limits") or ():
        amounts += [limit.get(one) or {} for one in ("max", "min", "default", "defaultRequest")]
    for what, value in (pair for one in amounts for pair in one.items()):
        try:
            quantity(str(value))
        except QuantityError:
            yield str(what), str(value)


def _refused(answer: Answer, workload: Workload, words: str, seen: tuple[str, ...]) -> None:
    answer.broken(
        DOWN,
        f"{workload.thing} would get no Pod: {words}",
        seen or (f"resources of {workload.thing}",),
        "correct requests and limits in spec.template.spec.containers",
    )


def _range(answer: Answer, asked: Asked, told: Spec) -> None:
    for limit in told.spec.get("limits") or ():
        for workload in asked.of(told.thing.namespace):
            if limit.get("type") == "Container":
                for one in workload.containers:
                    _within(answer, told, limit, workload, f"the container {one.name}", one)
            elif limit.get("type") == "Pod":
                _within(answer, told, limit, workload, "its Pod", _sum(workload))


def _within(
    answer: Answer,
    told: Spec,
    limit: Mapping[str, Any],
    workload: Workload,
    what: str,
    one: Container,
) -> None:
    for bound, sign in (("max", 1), ("min", -1)):
        for resource, value in (limit.get(bound) or {}).items():
            used = {
                name: amounts.get(resource) or (limit.get(default) or {}).get(resource)
                for name, amounts, default in (
                    ("limits", one.limits, "default"),
                    ("requests", one.requests, "defaultRequest"),
                )
            }
            for name, amount in used.items():
                if amount and (quantity(str(amount)) - quantity(str(value))) * sign > 0:
                    seen = (f"{name}: {resource} {amount}", f"{told.thing}: {bound} {value}")
                    words = f"{what} is beyond the {bound} of {resource} in {told.thing}"
                    _refused(answer, workload, words, seen)


def _sum(workload: Workload) -> Container:
    names = {name for one in workload.containers for name in (*one.requests, *one.limits)}
    both = [
        {name: _pod_amount(workload, which, name) for name in names}
        for which in ("requests", "limits")
    ]
    requests, limits = ({k: str(v) for k, v in one.items() if v} for one in both)
    return Container(workload.thing.name, "", requests=requests, limits=limits)


def _pod_amount(workload: Workload, which: str, resource: str) -> Decimal:
    """Containers that come first run one by one: the largest of them counts, or all the others."""
    first, last = Decimal(0), Decimal(0)
    for one in workload.containers:
        told: dict[str, str] = getattr(one, which)
        amount = quantity(told.get(resource, "0"))
        first, last = (max(first, amount), last) if one.first else (first, last + amount)
    return max(first, last)


def _quota(answer: Answer, asked: Asked, told: Spec) -> None:
    namespace = told.thing.namespace
    if told.spec.get("scopes") or told.spec.get("scopeSelector"):
        answer.limits.append(f"{told.thing}: which Pods are in its scope")
        return
    for key, value in (told.spec.get("hard") or {}).items():
        wanted = _used(answer, asked, namespace, str(key))
        if wanted is None:
            answer.limits.append(f"{told.thing}: {key}")
        else:
            _fits(answer, asked, told, (str(key), str(value)), wanted)


def _fits(answer: Answer, asked: Asked, told: Spec, hard: tuple[str, str], wanted: Decimal) -> None:
    (key, value), most = hard, quantity(hard[1])
    used = asked.cluster.used if asked.cluster else {}
    taken = _taken(used.get(str(told.thing), {}).get(key, "0"))
    if wanted > most:
        answer.broken(
            DOWN,
            f"{told.thing} would refuse some of what is to be there: {key} comes to"
            f" {_shown(wanted)}, and {value} are allowed",
            (f"together: {_shown(wanted)}", f"hard: {key} {_shown(most)}"),
            f"raise {key} in {told.thing}, or lower requests, limits or replicas",
        )
    elif wanted + taken > most:
        answer.unsure(
            f"{told.thing} has {_shown(taken)} of {value} {key} in use, and this wants"
            f" {_shown(wanted)}",
            "whether what is in use is this very overlay:"
            f" kubectl -n {told.thing.namespace} get pods",
        )


def _taken(text: str) -> Decimal:
    try:
        return quantity(text)
    except QuantityError:
        return Decimal(0)


def _used(answer: Answer, asked: Asked, namespace: str, key: str) -> Decimal | None:
    """Reckon what an overlay takes of a quota; None where that is not known."""
    workloads = asked.of(namespace)
    if key in {"pods", "count/pods"}:
        return Decimal(sum(_count(answer, asked, one) for one in workloads))
    if key == "services.nodeports":
        services = (one for one in asked.manifests.services if one.thing.namespace == namespace)
        return Decimal(sum(bool(port.node_port) for one in services for port in one.ports))
    if key in _COUNTED:
        things = (one for one in asked.manifests.things if one.namespace == namespace)
        return Decimal(sum(one.kind == _COUNTED[key] for one in things))
    which, _, resource = key.rpartition(".")
    if resource not in _ASKED or which not in {"", "requests", "limits"}:
        return None
    which = which or "requests"
    _declared(answer, asked, namespace, which, resource)
    amounts = (_pod_amount(one, which, resource) * _count(answer, asked, one) for one in workloads)
    return sum(amounts, Decimal(0))


def _declared(answer: Answer, asked: Asked, namespace: str, which: str, resource: str) -> None:
    """A quota on a resource refuses Pods that do not say how much they want."""
    default = "default" if which == "limits" else "defaultRequest"
    ranges = [one for one in asked.manifests.ranges if one.thing.namespace == namespace]
    given = any(
        resource in (limit.get(default) or {})
        for one in ranges
        for limit in one.spec.get("limits") or ()
    )
    for workload in asked.of(namespace) if not given else ():
        for one in workload.containers:
            told: dict[str, str] = getattr(one, which)
            implied = which == "requests" and resource in one.limits
            if resource not in told and not implied:
                words = f"a quota counts {which}.{resource}, and {one.name} says none"
                _refused(answer, workload, words, ())


def _count(answer: Answer, asked: Asked, workload: Workload) -> int:
    if workload.count is not None:
        return workload.count
    if asked.cluster and asked.cluster.nodes:
        return asked.cluster.nodes
    answer.limits.append(f"{workload.thing} has a Pod on each node, and was counted once")
    return 1


def _shown(amount: Decimal) -> str:
    for suffix in ("Gi", "Mi"):
        if amount >= (unit := _SUFFIXES[suffix]):
            return f"{(amount / unit).normalize():f}{suffix}"
    return f"{amount.normalize():f}"
