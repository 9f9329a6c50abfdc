"""Evidence from a Kubernetes API itself: all lists at once, each with a deadline of its own.

Only lists are asked for. A namespace is asked for by its name, so a Role there is enough; where all
namespaces are wanted and refused, those that are known by name are asked one by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from meshdoctor.probes.deadline import together
from meshdoctor.probes.kubernetes.api import Api, ApiError, NotAllowedError, NotReachedError
from meshdoctor.probes.kubernetes.evidence import Gap, Kind, KubernetesEvidence, Note
from meshdoctor.probes.kubernetes.reading import ShapeError, read

SECONDS: Final = 5.0
"""For each list."""

PATHS: Final = {
    Kind.NODES: "/api/v1",
    Kind.PODS: "/api/v1",
    Kind.EVENTS: "/api/v1",
    Kind.SERVICES: "/api/v1",
    Kind.SLICES: "/apis/discovery.k8s.io/v1",
    Kind.DEPLOYMENTS: "/apis/apps/v1",
}
"""Where each kind is, by its group and version."""

RIGHTS: Final = "the rights for it: kubectl apply -k k8s/doctor"
ELSEWHERE: Final = (
    "an answer of the API server (kubectl get nodes), or what kubectl printed elsewhere: --from DIR"
)

_QUERIES: Final = {Kind.EVENTS: {"fieldSelector": "involvedObject.kind=Pod"}}
_FIELDS: Final = {
    Kind.NODES: "nodes",
    Kind.PODS: "pods",
    Kind.EVENTS: "events",
    Kind.SERVICES: "services",
    Kind.SLICES: "slices",
    Kind.DEPLOYMENTS: "deployments",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be looked at.

    Attributes:
        namespaces: by name; those that must be there first.
        beside: a namespace of which nothing is said unless all of it can be had: cluster DNS.
        everywhere: whether all others are wanted, too.
    """

    namespaces: tuple[str, ...]
    beside: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What an API said.

    Attributes:
        evidence: of it; None when it could not be asked at all.
        notes: what was not looked at.
    """

    evidence: KubernetesEvidence | None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class _List:
    kind: Kind
    namespace: str
    said: tuple[Any, ...] = ()
    error: ApiError | None = None


def look(api: Api, scope: Scope, seconds: float = SECONDS) -> Seen:
    """Ask for every kind of object.

    Args:
        api: whom.
        scope: of which namespaces.
        seconds: for each list.
    """
    lists = _asked(api, _wanted(scope), seconds)
    if scope.everywhere:
        refused = [
            one.kind for one in lists if isinstance(one.error, NotAllowedError) and _spaced(one)
        ]
        if refused:
            named = [(kind, name) for kind in refused for name in (*scope.namespaces, scope.beside)]
            kept = [one for one in lists if one.kind not in refused]
            lists = [*kept, *_asked(api, named, seconds)]
            return _told(api.server, lists, scope, _narrowed(refused, scope))
    return _told(api.server, lists, scope, ())


def _wanted(scope: Scope) -> Iterator[tuple[Kind, str]]:
    yield Kind.NODES, ""
    for kind in Kind:
        if kind is not Kind.NODES:
            names = ("",) if scope.everywhere else dict.fromkeys((*scope.namespaces, scope.beside))
            yield from ((kind, name) for name in names)


def _asked(api: Api, wanted: Iterable[tuple[Kind, str]], seconds: float) -> list[_List]:
    return together([partial(_one, api, kind, name, seconds) for kind, name in wanted])


def _one(api: Api, kind: Kind, namespace: str, seconds: float) -> _List:
    place = f"/namespaces/{namespace}" if namespace else ""
    try:
        found = api.list(f"{PATHS[kind]}{place}/{kind}", _QUERIES.get(kind, {}), seconds)
        return _List(kind, namespace, read(kind, found.objects))
    except ApiError as error:
        return _List(kind, namespace, error=error)
    except ShapeError as error:
        return _List(kind, namespace, error=ApiError(str(error)))


def _spaced(one: _List) -> bool:
    return one.kind is not Kind.NODES


def _narrowed(refused: Sequence[Kind], scope: Scope) -> tuple[Note, ...]:
    names = ", ".join(dict.fromkeys((*scope.namespaces, scope.beside)))
    kinds = ", ".join(refused)
    words = f"of all namespaces only {names} could be seen: {kinds} of the others are refused"
    return (Note(words, RIGHTS),)


def _told(server: str, lists: Sequence[_List], scope: Scope, notes: tuple[Note, ...]) -> Seen:
    errors = [one.error for one in lists if one.error]
    if len(errors) == len(lists) and isinstance(errors[0], NotReachedError):
        said = dict.fromkeys(map(str, errors))
        return Seen(None, tuple(Note(words, ELSEWHERE) for words in said))
    half = _first_error(lists, scope.beside) if scope.beside not in scope.namespaces else None
    if half:
        lists = [one for one in lists if one.namespace != scope.beside]
        notes = (*notes, Note(f"cluster DNS was not looked at: {half}", RIGHTS))
    gaps = {one.kind: str(one.error) for one in lists if one.error}
    kept: dict[str, Any] = {
        field: tuple(thing for one in lists if one.kind is kind for thing in one.said)
        for kind, field in _FIELDS.items()
        if kind not in gaps
    }
    evidence = KubernetesEvidence(
        server, **kept, gaps=tuple(Gap(kind, words) for kind, words in gaps.items())
    )
    return Seen(evidence, (*notes, *_empty(evidence, scope)))


def _first_error(lists: Sequence[_List], namespace: str) -> ApiError | None:
    return next((one.error for one in lists if one.namespace == namespace and one.error), None)


def _empty(evidence: KubernetesEvidence, scope: Scope) -> Iterator[Note]:
    """Name what holds nothing: most often a name that was mistyped, never a healthy service."""
    if any(gap.kind in {Kind.PODS, Kind.SERVICES} for gap in evidence.gaps):
        return
    there = {one.namespace for one in evidence.pods}
    there |= {one.namespace for one in evidence.services}
    there |= {one.namespace for one in evidence.deployments}
    for name in scope.namespaces:
        if name not in there and not scope.everywhere:
            words = f"namespace {name} holds no Pod, no Service and no Deployment"
            yield Note(words, "the name of the namespace: -n NAMESPACE")
