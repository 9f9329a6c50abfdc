"""The cluster, running: `with Cluster.up(interruption) as cluster: ...`, inside the sandbox."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from meshdoctor.lab import load
from meshdoctor.lab.cluster.apiclient import ApiClient
from meshdoctor.lab.cluster.building import Built, Wishes, built
from meshdoctor.lab.cluster.certificates import Certificates
from meshdoctor.lab.cluster.container import Container
from meshdoctor.lab.cluster.plan import LOAD_PORT
from meshdoctor.lab.cluster.registry import ImageRegistry
from meshdoctor.lab.cluster.visitors import BALANCER, NODE_PORT, Page, visit
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.errors import LabError
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.load import LoadPlan
from meshdoctor.lab.metricspage import MetricsPage, read_page
from meshdoctor.lab.net.nameservers import Manner
from meshdoctor.lab.net.network import HOME, Network
from meshdoctor.lab.net.spaces import within
from meshdoctor.lab.net.topology import VISITOR
from meshdoctor.lab.pager import Pager
from meshdoctor.lab.processes import Process
from meshdoctor.lab.promquery import Prometheus

_DIAGNOSE_SECONDS = 60.0
_LIVE_SECONDS = 60.0
_POLL_SECONDS = 0.1
_A_DAY = 24 * 3600
_METRICS_PORT = 9464
_HURT_ON_PURPOSE = ("recommendations", "marketplace", "coredns")
_AS_IT_IS = Wishes()


@dataclass(slots=True)
class Cluster:
    """A cluster that is up, with load on its page.

    Attributes:
        parts: what it is made of.
        interruption: what to ask whether the user wants to stop.
        load: the load's process; None without.
        seconds: how long its parts took to come up.
    """

    parts: Built
    interruption: Interruption
    load: Process | None
    seconds: dict[str, float]

    @classmethod
    @contextmanager
    def up(cls, interruption: Interruption, wishes: Wishes = _AS_IT_IS) -> Iterator[Self]:
        """Have a cluster for a while, with every part of it ready and its page live.

        Args:
            interruption: what to ask whether the user wants to stop.
            wishes: what is to run.

        Raises:
            LabError: it cannot be built here; what was built is taken down again.
            Interrupted: the user wants to stop; likewise.
        """
        began = time.monotonic()
        with built(interruption, wishes) as parts:
            cluster = cls(parts, interruption, None, dict(parts.seconds))
            cluster.wait_live()
            cluster.seconds["live"] = time.monotonic() - began
            cluster.load = _load(parts.crew, wishes.users) if wishes.users else None
            yield cluster

    @property
    def network(self) -> Network:
        """Its rules can be broken, `apply`, and healed, `heal`."""
        return self.parts.network

    @property
    def crew(self) -> Crew:
        """Start more with it, and it ends with the cluster."""
        return self.parts.crew

    @property
    def api(self) -> ApiClient:
        """The Kubernetes API."""
        return self.parts.control.api

    @property
    def kubeconfig(self) -> Path:
        """A file with which the doctor and kubectl reach the API."""
        return self.parts.control.kubeconfig

    @property
    def pager(self) -> Pager:
        """What Alertmanager sent."""
        return self.parts.pager

    @property
    def prometheus(self) -> Prometheus:
        """A client of Prometheus.

        Raises:
            LabError: none was wished for.
        """
        if not self.parts.metering:
            raise LabError("this cluster has no Prometheus")
        return self.parts.metering.client()

    @property
    def url(self) -> str:
        """The page, by the NodePort of the first worker."""
        return self.urls[1]

    @property
    def urls(self) -> tuple[str, ...]:
        """The page, by the NodePort of every node."""
        nodes = self.network.topology.nodes
        return tuple(f"http://{node.address}:{NODE_PORT}" for node in nodes)

    @property
    def registry(self) -> ImageRegistry:
        """A registry that starts when it is asked for an image."""
        return self.parts.registry

    @property
    def certificates(self) -> Certificates:
        """The certificates of workloads that speak TLS: they can expire, and be another CA's."""
        return self.parts.certificates

    def pod(self, name: str) -> Container:
        """Give the container of a Pod, such as `recommendations-1`.

        Raises:
            LabError: there is no such Pod, or nothing runs in it.
        """
        containers = self.parts.containers
        if name not in containers:
            raise LabError(f"there is no {name}, but {', '.join(containers)}")
        return containers[name]

    def pods(self, app: str) -> tuple[Container, ...]:
        """Give the containers of an application, such as `recommendations` or `coredns`."""
        containers = self.parts.containers.items()
        return tuple(one for name, one in containers if _app(name) == app)

    def restart(self, app: str, env: Mapping[str, str] | None = None) -> None:
        """End all containers of an application side by side, start them and wait for them.

        Args:
            app: which.
            env: in addition to its own; None is its own alone.

        Raises:
            LabError: one is not ready in time.
        """
        containers = self.pods(app)
        with ThreadPoolExecutor(max(len(containers), 1)) as pool:
            list(pool.map(lambda one: one.exchange(env), containers))
        for one in containers:
            one.wait_ready()

    def dns(self, behaviour: str) -> None:
        """Have all name servers behave so, from now on: one of `Manner`, such as `servfail`.

        Raises:
            ValueError: there is no such behaviour.
            LabError: one does not come back.
        """
        manner, servers = Manner(behaviour), self.network.dns
        with self.network.lock:  # nothing is told to name servers that are being exchanged
            servers.behave(manner)
            for pod in servers.pods:
                program = self.network.placed(pod.name, servers.program(pod))
                self.pod(pod.name).become(program)
            for pod, process in zip(servers.pods, servers.running, strict=True):
                self.network.wait_ready(pod.name, process)

    def diagnose(self, *options: str) -> tuple[int, Any]:
        """Run the doctor's command from the visitors' place, as its user would from home.

        Args:
            options: of `meshdoctor diagnose`, beside those for JSON and, unless it judges what
                was saved, for this cluster.

        Returns:
            Its exit code, and the JSON that it printed.

        Raises:
            LabError: it printed something else.
        """
        here = () if "--from" in options else ("--kubeconfig", str(self.kubeconfig))
        command = (sys.executable, "-m", "meshdoctor", "diagnose", "-o", "json", *here, *options)
        env = {**os.environ, **self.registry.trust()}
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=_DIAGNOSE_SECONDS, check=False
        )
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError as error:
            said = done.stderr.strip() or done.stdout.strip()
            raise LabError(f"`meshdoctor diagnose` printed no verdict: {said}") from error

    def visit(self) -> Page:
        """Look at the page once, over a new connection; raises OSError when nobody answers."""
        return visit(self.url)

    def wait_live(self, seconds: float = _LIVE_SECONDS) -> None:
        """Wait until the page is live by way of every node.

        Raises:
            LabError: it is not, in time.
            Interrupted: the user wants to stop.
        """
        until, seen = time.monotonic() + seconds, "nothing"
        for url in self.urls:
            while (seen := _freshness(url)) != "live":
                if time.monotonic() > until:
                    raise LabError(f"the page at {url} is not live after {seconds:g} s but {seen}")
                self.interruption.sleep(_POLL_SECONDS)

    def load_page(self) -> MetricsPage:
        """Read the load's metrics page; raises OSError when it does not answer."""
        return read_page(f"{VISITOR}:{LOAD_PORT}")

    def shop_pages(self) -> tuple[MetricsPage, ...]:
        """Read the metrics page of each Pod of the marketplace; raises as `load_page`."""
        pages = []
        for one in self.pods("marketplace"):
            with within(one.pod.node):
                pages.append(read_page(f"{one.pod.address}:{_METRICS_PORT}"))
        return tuple(pages)

    def check(self) -> None:
        """Go on unless a part died that nobody hurts on purpose.

        Raises:
            LabError: one did; the text ends with the last lines of its log.
        """
        self.parts.api.check()
        if trouble := self.parts.scribe.trouble:
            raise LabError(trouble)
        if self.load:
            self.load.check()
        for name, one in self.parts.containers.items():
            if _app(name) not in _HURT_ON_PURPOSE and one.status().restarts:
                raise LabError(f"{name} ended by itself; {one.process.tail()}")


def _app(name: str) -> str:
    return name.rpartition("-")[0]


def _freshness(url: str) -> str:
    try:
        return visit(url).freshness
    except OSError as error:
        return str(error)


def _load(crew: Crew, users: int) -> Process:
    """Start the load: from the visitors' place, by way of all nodes, until the cluster ends."""
    wanted = LoadPlan(users, _A_DAY, load.SHAPES[0])
    result = HOME / "load.json"
    program = load.program(wanted, f"http://{BALANCER}", result, f"{VISITOR}:{LOAD_PORT}")
    (process,) = crew.start(program)
    return process
