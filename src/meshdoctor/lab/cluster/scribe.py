"""Keeps the API true: what its objects say is what the processes and the rules are.

Level by level, as controllers do it: again and again it compares what should be there with what it
wrote last, and writes the difference. What somebody else changed meanwhile stays, until that part
of the cluster changes itself.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http import HTTPStatus

from meshdoctor.lab.background import repeating
from meshdoctor.lab.cluster import objects
from meshdoctor.lab.cluster.apiclient import ApiClient, ApiError
from meshdoctor.lab.cluster.container import Container, Status
from meshdoctor.lab.cluster.plan import Plan
from meshdoctor.lab.cluster.services import services
from meshdoctor.lab.net.network import Network
from meshdoctor.lab.net.rules import Rules
from meshdoctor.lab.net.topology import Manifest

_TICK_SECONDS = 0.1
_Key = tuple[str, str, str]
_TROUBLE = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerError"}


@dataclass(slots=True)
class Scribe:
    """Writes what is so.

    Attributes:
        plan: of the cluster.
        network: whose rules it tells, and to which it tells what is not ready.
        containers: by Pod.
        api: where it writes.
        told: of every new state, by Pod; other observers may look here.
        trouble: why it ended; "" while it works.
    """

    plan: Plan
    network: Network
    containers: Mapping[str, Container]
    api: ApiClient
    told: Callable[[Mapping[str, Status]], None]
    trouble: str = ""
    _written: dict[_Key, Manifest] = field(default_factory=dict)
    _seen: dict[str, Status] = field(default_factory=dict)
    _rules: Rules | None = None
    _began: float = field(default_factory=time.time)

    def writing(self) -> AbstractContextManager[None]:
        """Write again and again, as long as the block lasts."""

        def work() -> None:
            try:
                self._once()
            except Exception as error:
                self.trouble = f"the API is no longer told what is so: {error!r}"
                raise

        return repeating(work, _TICK_SECONDS, "scribe")

    def know(self, written: Iterable[Manifest]) -> None:
        """Take these objects as written: the API began with them."""
        for one in written:
            self._written[_key(one)] = one

    def _once(self) -> None:
        states = {name: each.status() for name, each in self.containers.items()}
        ready = {name for name, one in states.items() if one.ready}
        pods = self.plan.seed.topology.pods
        self.network.withdraw(frozenset(pod.name for pod in pods if pod.name not in ready))
        rules = self.network.rules
        if states == self._seen and rules == self._rules:
            return
        topology = self.plan.seed.topology
        changed = {name: one for name, one in states.items() if one != self._seen.get(name)}
        wanted = (*self._workloads(states), *self._pods(changed), *services(rules, topology))
        try:
            self._write(wanted)
            self._forget(gone=set(self._services_written()) - {_key(one) for one in wanted})
            for name, one in changed.items():
                self._say(name, one)
        except ApiError:
            return  # it may be hurt: again at the next tick
        self.told(states)
        self._seen, self._rules = states, rules

    def _workloads(self, states: Mapping[str, Status]) -> Iterable[Manifest]:
        owners = {id(each): each for each in self.plan.owners.values()}
        for mark, owner in owners.items():
            names = [name for name, one in self.plan.owners.items() if id(one) == mark]
            mine = [states[name] for name in names if name in states]
            ready = sum(one.ready for one in mine)
            if mine:
                yield objects.workload(owner, ready, len(mine), self._began)

    def _pods(self, states: Mapping[str, Status]) -> Iterable[Manifest]:
        topology = self.plan.seed.topology
        return (objects.pod(topology.pod(name), self.plan, one) for name, one in states.items())

    def _write(self, wanted: Iterable[Manifest]) -> None:
        for one in wanted:
            if self._written.get(_key(one)) != one:
                self.api.put(one)
                self._written[_key(one)] = one

    def _services_written(self) -> Iterable[_Key]:
        kinds = {"Service", "EndpointSlice", "NetworkPolicy"}
        return (key for key in self._written if key[0] in kinds)

    def _forget(self, gone: Iterable[_Key]) -> None:
        for kind, namespace, name in gone:
            try:
                self.api.delete(kind, name, namespace)
            except ApiError as error:
                if error.code != HTTPStatus.NOT_FOUND:
                    raise
            del self._written[kind, namespace, name]

    def _say(self, name: str, status: Status) -> None:
        """Write the event that tells of a Pod's trouble."""
        if not status.waiting or status.waiting.reason not in _TROUBLE:
            return
        pod = self.plan.seed.topology.pod(name)
        now = objects.at(time.time())
        self.api.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{name}.failed", "namespace": pod.namespace},
                "involvedObject": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": name,
                    "namespace": pod.namespace,
                },
                "type": "Warning",
                "reason": "Failed",
                "message": status.waiting.words,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "source": {"component": "kubelet", "host": pod.node},
            }
        )


def _key(found: Manifest) -> _Key:
    meta = found["metadata"]
    return found["kind"], meta.get("namespace", ""), meta["name"]
