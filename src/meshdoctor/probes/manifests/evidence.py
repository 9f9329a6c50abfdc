"""What an overlay would send to the API: plain data, and no more of it than the checks read."""

from dataclasses import dataclass, field
from typing import Any

from meshdoctor.probes.registry.platforms import Platform


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, whatever it is.

    Attributes:
        kind: of it.
        name: of it.
        namespace: of it; "" when it says none.
        words: labels and other texts that the API holds against a rule, with where they stand.
    """

    kind: str
    name: str
    namespace: str = ""
    words: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Write it as people look for it."""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a container declares."""

    number: int
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a Pod.

    Attributes:
        name: of it.
        image: as the Pod asks for it.
        first: whether it ends before the others begin.
        ports: that it declares.
        requests: what it asks for, by resource.
        limits: what it gets at most, by resource.
        texts: its arguments and the values of its variables, with where they stand.
    """

    name: str
    image: str
    first: bool = False
    ports: tuple[Port, ...] = ()
    requests: dict[str, str] = field(default_factory=dict)
    limits: dict[str, str] = field(default_factory=dict)
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """A ConfigMap or Secret without which a Pod does not start.

    Attributes:
        kind: `ConfigMap` or `Secret`.
        name: of it.
        keys: that it must have.
    """

    kind: str
    name: str
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Workload:
    """An object that makes Pods, or a Pod.

    Attributes:
        thing: itself.
        labels: of its Pods.
        selector: by which it knows its Pods; None for kinds that choose it themselves.
        account: under which they run; "" is `default`.
        containers: of each.
        needs: of each.
        count: how many there are to be; None for one on each node.
        by_hand: names of what is made by hand for it.
    """

    thing: Thing
    labels: dict[str, str]
    selector: dict[str, Any] | None
    account: str
    containers: tuple[Container, ...]
    needs: tuple[Need, ...]
    count: int | None
    by_hand: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service.

    Attributes:
        number: of it.
        target: number or name of the Pods' port.
        node_port: on every node; 0 when none is named.
        protocol: of it.
    """

    number: int
    target: int | str
    node_port: int = 0
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class Service:
    """A Service.

    Attributes:
        thing: itself.
        selector: of its Pods; none when somebody else fills it.
        ports: of it.
        headless: whether it has no address of its own.
    """

    thing: Thing
    selector: dict[str, str]
    ports: tuple[ServicePort, ...]
    headless: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """An object of which the checks read the whole `spec`: policy, quota, range.

    Attributes:
        thing: itself.
        spec: as it is written.
    """

    thing: Thing
    spec: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Manifests:
    """All of an overlay.

    Attributes:
        source: where it comes from.
        things: every object, in order.
        namespaces: those that it makes, with their labels.
        workloads: what makes Pods.
        services: all of them.
        policies: NetworkPolicies.
        quotas: ResourceQuotas.
        ranges: LimitRanges.
        stores: the keys of each ConfigMap and Secret, by kind, namespace and name; None when
            another program fills it.
        accounts: namespace and name of each ServiceAccount.
    """

    source: str
    things: tuple[Thing, ...] = ()
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    workloads: tuple[Workload, ...] = ()
    services: tuple[Service, ...] = ()
    policies: tuple[Spec, ...] = ()
    quotas: tuple[Spec, ...] = ()
    ranges: tuple[Spec, ...] = ()
    stores: dict[tuple[str, str, str], frozenset[str] | None] = field(default_factory=dict)
    accounts: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Cluster:
    """What is in the cluster already, as far as its API says.

    Attributes:
        server: that was asked.
        platforms: of its nodes; empty when it did not say.
        nodes: how many it has; 0 when it did not say.
        namespaces: that it has; None when it did not say.
        services: namespace and name of each; None when it did not say.
        node_ports: which Service has which port of the nodes.
        bounds: its ResourceQuotas and LimitRanges; None when it did not say.
        used: of each quota, by its name as it is written, what is used already.
        gaps: what it did not say and must, a sentence each.
    """

    server: str
    platforms: tuple[Platform, ...] = ()
    nodes: int = 0
    namespaces: frozenset[str] | None = None
    services: frozenset[tuple[str, str]] | None = None
    node_ports: dict[int, tuple[str, str]] = field(default_factory=dict)
    bounds: tuple[Spec, ...] | None = None
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
