"""What a Kubernetes API said: plain data, and no more of it than the checks read.

No value of an environment variable, no annotation, no Secret, no ConfigMap and no line of a log is
kept, so that a saved bundle can be handed on. Names of nodes, Pods, Services and images are in it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

SCHEMA: Final = 1
"""Of a saved bundle; it grows when a field goes away or changes its meaning."""


class Kind(StrEnum):
    """What is asked for, by the names that the API has for it."""

    NODES = "nodes"
    PODS = "pods"
    EVENTS = "events"
    SERVICES = "services"
    SLICES = "endpointslices"
    DEPLOYMENTS = "deployments"


@dataclass(frozen=True, slots=True)
class Gap:
    """A kind of object that could not be had.

    Attributes:
        kind: which.
        words: why.
    """

    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not looked at, beside whole kinds.

    Attributes:
        sentence: what.
        missing: what would tell.
    """

    sentence: str
    missing: str


@dataclass(frozen=True, slots=True)
class Node:
    """A node, and what its kubelet last said of itself.

    Attributes:
        name: of the node.
        ready: the condition Ready: True, False, Unknown, or "" when there is none.
        words: reason and message of that condition.
        platform: what it runs, such as `linux/amd64`; "" when its kubelet never said so.
    """

    name: str
    ready: str
    words: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended last.

    Attributes:
        code: its exit code.
        reason: the kubelet's word for it.
        seconds: how long it ran; None when it was not told.
        words: of the container runtime when nothing could be started; never of the program.
    """

    code: int
    reason: str = ""
    seconds: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a container declares.

    Attributes:
        number: of the port.
        name: of the port, if it has one.
    """

    number: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a Pod.

    Attributes:
        name: of the container.
        image: as the Pod asks for it.
        ports: that it declares.
        ready: whether its readiness probe answers.
        running: whether it runs now.
        waiting: the kubelet's word for what it waits for; "" when it does not.
        words: what the kubelet says about waiting.
        restarts: how often it was started again.
        ended: how it ended last; None when it never did.
        wrong_format: whether its last log says `exec format error`; None when no log was read.
        since: when it began to run, as the API writes moments; "" when it does not run.
    """

    name: str
    image: str
    ports: tuple[Port, ...] = ()
    ready: bool = False
    running: bool = False
    waiting: str = ""
    words: str = ""
    restarts: int = 0
    ended: Ended | None = None
    wrong_format: bool | None = None
    since: str = ""


@dataclass(frozen=True, slots=True)
class Pod:
    """A Pod.

    Attributes:
        namespace: of the Pod.
        name: of the Pod.
        owner: kind and name of what made it; its own name when nothing did.
        labels: by which Services select it.
        node: where it was put; "" when nowhere yet.
        phase: the API's word for where it is in its life.
        ready: whether it counts as ready.
        unscheduled: why no node was found; "" when one was.
        containers: of it, those that start before the others first.
    """

    namespace: str
    name: str
    owner: str
    labels: dict[str, str]
    node: str = ""
    phase: str = ""
    ready: bool = False
    unscheduled: str = ""
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What was last said of a Pod that has trouble.

    Attributes:
        namespace: of the Pod.
        pod: its name.
        reason: the kind of event.
        words: what was said.
        at: when it was last said, as the API writes moments.
    """

    namespace: str
    pod: str
    reason: str
    words: str
    at: str


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service.

    Attributes:
        number: of the port.
        target: the number, or the name, of the port of the Pods.
        name: of the port, if it has one.
    """

    number: int
    target: int | str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A Service.

    Attributes:
        namespace: of the Service.
        name: of the Service.
        selector: the labels of its Pods; none when somebody else fills its endpoints.
        ports: of it.
    """

    namespace: str
    name: str
    selector: dict[str, str]
    ports: tuple[ServicePort, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the addresses behind a Service.

    Attributes:
        namespace: of the Service.
        service: its name.
        ready: how many addresses take calls.
        unready: how many do not.
    """

    namespace: str
    service: str
    ready: int
    unready: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment.

    Attributes:
        namespace: of the Deployment.
        name: of the Deployment.
        labels: that its Pods get.
        wanted: how many Pods it is to have.
    """

    namespace: str
    name: str
    labels: dict[str, str]
    wanted: int


@dataclass(frozen=True, slots=True)
class KubernetesEvidence:
    """What a Kubernetes API said at one time.

    Attributes:
        source: where it comes from.
        gaps: the kinds that could not be had; nothing of those is below.
        schema: of this data when it is saved.
    """

    source: str
    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    events: tuple[Event, ...] = ()
    services: tuple[Service, ...] = ()
    slices: tuple[Slice, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    gaps: tuple[Gap, ...] = ()
    schema: Literal[1] = SCHEMA

    def within(self, namespaces: frozenset[str]) -> "KubernetesEvidence":
        """Leave out what is of other namespaces; nodes are of none.

        Args:
            namespaces: to keep.
        """
        return replace(
            self,
            pods=tuple(one for one in self.pods if one.namespace in namespaces),
            events=tuple(one for one in self.events if one.namespace in namespaces),
            services=tuple(one for one in self.services if one.namespace in namespaces),
            slices=tuple(one for one in self.slices if one.namespace in namespaces),
            deployments=tuple(one for one in self.deployments if one.namespace in namespaces),
        )
