"""How a cluster comes up: the network, then what must be there first, then everything else."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshdoctor.lab.cluster import objects, programs
from meshdoctor.lab.cluster.certificates import Certificates
from meshdoctor.lab.cluster.container import Container, Status
from meshdoctor.lab.cluster.controlplane import ControlPlane
from meshdoctor.lab.cluster.kubelet import looked_after
from meshdoctor.lab.cluster.metering import STATES, Metering
from meshdoctor.lab.cluster.nodeports import listening
from meshdoctor.lab.cluster.plan import LOAD_PORT, PAGER_PORT, REGISTRY_PORT, Plan, plan
from meshdoctor.lab.cluster.registry import ImageRegistry
from meshdoctor.lab.cluster.scribe import Scribe
from meshdoctor.lab.cluster.services import services
from meshdoctor.lab.cluster.visitors import balance
from meshdoctor.lab.crew import Crew
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.net.controls import prove
from meshdoctor.lab.net.network import HOME, Network
from meshdoctor.lab.net.seed import MANIFESTS, agents, named
from meshdoctor.lab.net.topology import VISITOR, Manifest, Pod, Topology
from meshdoctor.lab.pager import Pager, PagerServer
from meshdoctor.lab.processes import Process, Program

_USERS = 60


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to run beside the network.

    Attributes:
        manifests: a rendered overlay.
        mtu: of the network between the nodes.
        controls: whether every edge of the healthy network is tried before anything runs in it.
        agents: whether the agents run.
        monitored: whether Prometheus, Alertmanager and the pager do.
        users: of the load, each of which asks once a second; 0 is no load.
        logs: a folder for what all processes print; gone with the sandbox unless told otherwise.
    """

    manifests: Path = MANIFESTS
    mtu: int = 1500
    controls: bool = True
    agents: bool = True
    monitored: bool = True
    users: int = _USERS
    logs: Path = HOME / "logs"


@dataclass(frozen=True, slots=True)
class Built:
    """What stands.

    Attributes:
        plan: what runs where.
        network: that is up.
        crew: runs everything.
        control: the Kubernetes API.
        api: its process.
        containers: by Pod.
        pager: what Alertmanager sent.
        metering: Prometheus and Alertmanager, None without.
        scribe: tells the API.
        registry: starts when it is asked for an image.
        certificates: of workloads that speak TLS.
        seconds: that the network took, and the controls; and when the rest was ready.
    """

    plan: Plan
    network: Network
    crew: Crew
    control: ControlPlane
    api: Process
    containers: Mapping[str, Container]
    pager: Pager
    metering: Metering | None
    scribe: Scribe
    registry: ImageRegistry
    certificates: Certificates
    seconds: Mapping[str, float]


@contextmanager
def built(interruption: Interruption, wishes: Wishes) -> Iterator[Built]:
    """Have everything but the load for a while, every container ready.

    Raises:
        LabError: it cannot be built here; what was built is taken down again.
        Interrupted: the user wants to stop; likewise.
    """
    with ExitStack() as stack:
        yield _Building(stack, interruption, wishes).done()


class _Building:
    """Builds, step by step; what it built is given back by the stack, backwards."""

    def __init__(self, stack: ExitStack, interruption: Interruption, wishes: Wishes) -> None:
        self._stack = stack
        self._interruption = interruption
        self._wishes = wishes
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}

    def done(self) -> Built:
        """Build all of it."""
        laid_out = plan(self._wishes.manifests, self._wishes.mtu)
        network, crew = self._network(laid_out)
        first = (*objects.still(laid_out, time.time()), *services(network.rules, network.topology))
        control = ControlPlane.written(laid_out, network, first, self._wishes.logs)
        self._stack.callback(control.api.close)
        certificates = Certificates.of(laid_out)
        (api,) = network.launch({control.node: control.program})
        metering, pager = self._metering(network.topology)
        watching = _launched(network, metering.programs if metering else {})
        self._prove(network)
        running = _launched(network, _programs(laid_out, self._wishes))
        containers = {**_name_servers(network), **watching, **running}
        probed = {name: (one, _probe(one.pod, laid_out)) for name, one in containers.items()}
        self._stack.enter_context(looked_after(probed))
        network.wait_ready(control.node, api)
        told = metering.tell if metering else _nobody
        scribe = Scribe(laid_out, network, containers, control.api, told)
        scribe.know(first)
        self._stack.enter_context(scribe.writing())
        for one in containers.values():
            one.wait_ready()
        self._note("ready")
        return Built(
            *(laid_out, network, crew, control, api, containers, pager, metering, scribe),
            *(ImageRegistry(f"{VISITOR}:{REGISTRY_PORT}", crew), certificates),
            self._seconds,
        )

    def _network(self, laid_out: Plan) -> tuple[Network, Crew]:
        crew = self._stack.enter_context(Crew.at_work(self._wishes.logs, self._interruption))
        began = time.monotonic()
        network = self._stack.enter_context(Network.up(laid_out.seed, crew))
        self._seconds["network"] = time.monotonic() - began
        self._stack.enter_context(listening(network.topology.nodes))
        balance(network.topology.nodes)
        return network, crew

    def _metering(self, topology: Topology) -> tuple[Metering | None, Pager]:
        if not self._wishes.monitored:
            return None, Pager()
        server = self._stack.enter_context(PagerServer(VISITOR, PAGER_PORT))
        return Metering.written(topology, f"{VISITOR}:{LOAD_PORT}"), server.pager

    def _prove(self, network: Network) -> None:
        if not self._wishes.controls:
            return
        began = time.monotonic()
        prove(network.topology, network.rules)
        self._seconds["controls"] = time.monotonic() - began
        self._interruption.check()

    def _note(self, what: str) -> None:
        self._seconds[what] = time.monotonic() - self._began


def _programs(laid_out: Plan, wishes: Wishes) -> Mapping[str, Program]:
    topology = laid_out.seed.topology
    services = (pod for name in programs.SERVICES for pod in named(topology, name))
    found = {pod.name: programs.of_service(pod, laid_out) for pod in services}
    if wishes.agents:
        found |= {pod.name: programs.of_agent(pod, laid_out) for pod in agents(topology)}
    if wishes.monitored:
        found[STATES] = programs.of_states(topology.pod(STATES))
    return found


def _launched(network: Network, wanted: Mapping[str, Program]) -> dict[str, Container]:
    started = zip(wanted, network.launch(wanted), strict=True)
    return {name: Container(network.topology.pod(name), process) for name, process in started}


def _name_servers(network: Network) -> dict[str, Container]:
    servers = zip(network.dns.pods, network.dns.running, strict=True)
    return {pod.name: Container(pod, process) for pod, process in servers}


def _probe(pod: Pod, laid_out: Plan) -> Manifest | None:
    """Give a container's readiness probe; name servers are ready as long as they run.

    CoreDNS' own is on a port that NSD does not have.
    """
    if pod.name == STATES:
        return programs.STATES_PROBE
    container = programs.the_container(pod, laid_out)
    found: Manifest | None = container.get("readinessProbe")
    return found


def _nobody(_states: Mapping[str, Status]) -> None:
    pass
