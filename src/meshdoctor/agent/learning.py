"""One visit to the API to learn what there is to ask: as little as will do, a part at a time.

What lives in memory of the API (resourceVersion=0) is cheap for it to give. Nodes are not cheap to
read, each carries a list of all its images: they come in small pages, and only when one is new or
the last look is long ago. A part that is refused stays as it was, and becomes a gap.

Source: the Kubernetes documentation, "API Concepts".
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from meshdoctor.agent.api import Api, ApiError, ApiRefusedError, ApiSilentError, Visit
from meshdoctor.agent.knowledge import AGENT_PORT, Knowledge, Node, Place
from meshdoctor.agent.objects import (
    SERVICE_LABEL,
    ShapeError,
    addresses,
    cluster_ip,
    declared,
    node,
    places,
)
from meshdoctor.agent.rights import API_SERVICE

NODES_SECONDS: Final = 300.0
"""After how long all nodes are read again, though none seems new."""

DNS_NAMESPACE: Final = "kube-system"
DNS_SERVICE: Final = "kube-dns"
AGENT_SERVICE: Final = "mesh-agent"

_API_NAMESPACE: Final = "default"
_PAGE: Final = 25
_MOST_PAGES: Final = 400
_GONE: Final = 410

Object = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an agent is to know.

    Attributes:
        node: its own.
        namespace: of the agents.
        services: the namespace whose Pods' metrics pages are read.
        name: of the backends' Service, whole and with a dot at the end.
        port: at which agents answer each other.
    """

    node: str
    namespace: str
    services: str
    name: str
    port: int = AGENT_PORT

    @property
    def backend(self) -> tuple[str, str]:
        """The backends' Service and its namespace, as its name says them."""
        service, _, rest = self.name.partition(".")
        return service, rest.partition(".")[0] or self.services


@dataclass(frozen=True, slots=True)
class Learned:
    """What a visit brought.

    Attributes:
        knowledge: new where it could be learned, as it was elsewhere.
        gaps: what could not, a sentence each.
    """

    knowledge: Knowledge
    gaps: tuple[str, ...]


class Learning:
    """Visits the API again and again, and remembers what need not be asked each time.

    Args:
        api: to visit.
        wanted: what to learn.
    """

    def __init__(self, api: Api, wanted: Wanted) -> None:
        self._api = api
        self._wanted = wanted
        self._nodes_at = float("-inf")
        self._health: dict[str, int] = {}
        self._gaps: list[str] = []

    def learn(self, known: Knowledge) -> Learned:
        """Go and see.

        Args:
            known: before.

        Raises:
            ApiError: the API cannot be visited, or left in the middle.
        """
        self._gaps = []
        with self._api.visit() as visit:
            found = self._parts(visit, known)
        self._api.learn(found.api[1:])
        whole = known.learned if self._gaps else time.time()
        return Learned(replace(found, learned=whole), tuple(self._gaps))

    def _parts(self, visit: Visit, known: Knowledge) -> Knowledge:
        api = self._slices(visit, _API_NAMESPACE, API_SERVICE, addresses, known.api[1:])
        agents = self._agents(visit, known)
        name_servers = self._slices(visit, DNS_NAMESPACE, DNS_SERVICE, places, known.name_servers)
        return replace(
            known,
            nodes=self._nodes(visit, known, agents),
            agents=agents,
            name_servers=name_servers,
            pages=self._pages(visit, known),
            backends=self._backends(visit, known),
            dns_address=self._address(visit, DNS_NAMESPACE, DNS_SERVICE, known.dns_address)
            or known.dns_address,
            agent_address=self._address(
                visit, self._wanted.namespace, AGENT_SERVICE, known.agent_address
            ),
            api=(self._api.roads[0], *api),
        )

    def _agents(self, visit: Visit, known: Knowledge) -> tuple[Place, ...]:
        def read(slices: list[Object], service: str) -> tuple[Place, ...]:
            return places(slices, service, self._wanted.port)

        return self._slices(visit, self._wanted.namespace, AGENT_SERVICE, read, known.agents)

    def _slices(
        self,
        visit: Visit,
        namespace: str,
        service: str,
        read: Callable[[list[Object], str], T],
        known: T,
    ) -> T:
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        query = {"labelSelector": f"{SERVICE_LABEL}={service}", "resourceVersion": "0"}
        if namespace == _API_NAMESPACE:
            # The right is one on this name, which the API server itself gives its slice: a list
            # must say it, or is refused (Kubernetes documentation, "Using RBAC Authorization").
            query["fieldSelector"] = f"metadata.name={API_SERVICE}"
        return self._tried(
            f"who is behind {namespace}/{service}",
            lambda: read(_listed(visit, path, query, _itself), service),
            known,
        )

    def _address(self, visit: Visit, namespace: str, service: str, known: str) -> str:
        path = f"/api/v1/namespaces/{namespace}/services"
        query = {"fieldSelector": f"metadata.name={service}", "resourceVersion": "0"}
        return self._tried(
            f"the address of {namespace}/{service}",
            lambda: cluster_ip(_listed(visit, path, query, _itself)),
            known,
        )

    def _nodes(self, visit: Visit, known: Knowledge, agents: tuple[Place, ...]) -> tuple[Node, ...]:
        names = {one.name for one in known.nodes}
        new = {one.node for one in agents} - names - {""}
        if names and not new and time.monotonic() - self._nodes_at < NODES_SECONDS:
            return known.nodes

        def ask() -> tuple[Node, ...]:
            read = _listed(visit, "/api/v1/nodes", {"limit": str(_PAGE)}, node)
            found = tuple(sorted((one for one in read if one), key=lambda one: one.name))
            self._nodes_at = time.monotonic()
            return found

        return self._tried("the nodes", ask, known.nodes)

    def _pages(self, visit: Visit, known: Knowledge) -> tuple[Place, ...]:
        """Ask for the Pods of this node alone."""
        where = self._wanted.services
        query = {"fieldSelector": f"spec.nodeName={self._wanted.node}", "resourceVersion": "0"}

        def ask() -> tuple[Place, ...]:
            read = _listed(visit, _pods(where), query, declared)
            return tuple(one.page for one in read if one.page)

        return self._tried(f"the Pods of this node in {where}", ask, known.pages)

    def _backends(self, visit: Visit, known: Knowledge) -> tuple[Place, ...]:
        service, namespace = self._wanted.backend
        found = self._slices(visit, namespace, service, places, known.backends)
        before = {one.pod: one.health_port for one in known.backends if one.health_port}
        names = {one.pod for one in found}
        self._health = {
            pod: port for pod, port in {**before, **self._health}.items() if pod in names
        }
        if names - self._health.keys():
            self._tried(f"the Pods in {namespace}", lambda: self._read_health(visit, names), None)
        return tuple(replace(one, health_port=self._health.get(one.pod, 0)) for one in found)

    def _read_health(self, visit: Visit, names: set[str]) -> None:
        """Learn what the slices do not say; a Pod's ports stay what they are for all its life."""
        path = _pods(self._wanted.backend[1])
        for one in _listed(visit, path, {"limit": str(_PAGE)}, declared):
            if one.name in names:
                self._health[one.name] = one.health

    def _tried(self, what: str, ask: Callable[[], T], known: T) -> T:
        try:
            return ask()
        except ApiSilentError:
            raise
        except (ApiError, ShapeError) as error:
            self._gaps.append(f"{what} could not be learned: {error}")
            return known


def _pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def _listed(visit: Visit, path: str, query: dict[str, str], read: Callable[[Object], T]) -> list[T]:
    """List all there is, page by page; once more from the start when a page came too late.

    Each object is read as it comes: whole ones of a large cluster would not fit in here.
    """
    try:
        return [read(one) for one in _paged(visit, path, query)]
    except ApiRefusedError as error:
        if error.status != _GONE:
            raise
        return [read(one) for one in _paged(visit, path, query)]


def _paged(visit: Visit, path: str, query: dict[str, str]) -> Iterator[Object]:
    asked = query
    for _ in range(_MOST_PAGES):
        page = visit.get(path, asked)
        items, meta = page.get("items"), page.get("metadata")
        if not isinstance(items, list) or not isinstance(meta, dict):
            raise ShapeError("no list of objects")
        yield from items
        if not meta.get("continue"):
            return
        # The place to go on from has its resource version in it, and no other may be named.
        asked = {**query, "continue": str(meta["continue"])}
        asked.pop("resourceVersion", None)
    raise ShapeError(f"a list of more than {_MOST_PAGES} pages")


def _itself(found: Object) -> Object:
    return found
