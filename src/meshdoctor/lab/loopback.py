"""The mesh on loopback, running: `with loopback_mesh(settings, out) as mesh: ...`."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from meshdoctor.lab import monitoring
from meshdoctor.lab.crew import Crew, end_all
from meshdoctor.lab.dnsanswers import parse_behaviour
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.pager import Pager, PagerServer
from meshdoctor.lab.ports import require_free
from meshdoctor.lab.processes import Process
from meshdoctor.lab.promquery import Prometheus
from meshdoctor.lab.settings import LabSettings
from meshdoctor.lab.topology import Topology, loopback
from meshdoctor.lab.traces import SpanStore, TraceReceiver
from meshdoctor.lab.watchers import GENERATED


@dataclass(slots=True)
class Mesh:
    """A running mesh. Every process can be hurt on its own: see `Process.kill`, `stop`, `term`.

    Attributes:
        settings: where everything listens.
        out: the folder of its logs and configurations.
        topology: the layout it was started from.
        crew: all its processes; start more with it, and they end with the mesh.
        spans: what the services exported.
        dns: the stand-in for cluster DNS.
        recommendations: the backends.
        marketplace: the front.
        prometheus: a client, or None when Prometheus does not run.
        pager: what Alertmanager sent.
        notes: sentences about what this mesh has to do without.
    """

    settings: LabSettings
    out: Path
    topology: Topology
    crew: Crew
    spans: SpanStore
    dns: Process
    recommendations: tuple[Process, ...]
    marketplace: Process
    prometheus: Prometheus | None = None
    pager: Pager = field(default_factory=Pager)
    notes: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where the marketplace answers, without a last slash."""
        return f"http://{self.settings.host}:{self.settings.marketplace_port}"

    @property
    def metrics_address(self) -> str:
        """`host:port` of the marketplace's metrics page."""
        return f"{self.settings.host}:{self.settings.metrics_port}"

    @property
    def load_address(self) -> str:
        """`host:port` of the load test's metrics page, while it runs."""
        return f"{self.settings.host}:{self.settings.load_metrics_port}"

    def set_dns(self, behaviour: str) -> None:
        """Change how DNS answers from the next query on.

        Args:
            behaviour: one of `meshdoctor.lab.dnsanswers.BEHAVIOURS`, such as `servfail`.

        Raises:
            ValueError: it is none of them.
        """
        parse_behaviour(behaviour)
        path = self.topology.dns_behaviour
        partial = path.with_suffix(".partial")
        partial.write_text(f"{behaviour}\n", encoding="utf-8")
        partial.replace(path)

    def drain(self) -> None:
        """End the services, front first, so that their last spans arrive; the rest runs on."""
        end_all(self.marketplace)
        end_all(*self.recommendations)


@contextmanager
def loopback_mesh(
    settings: LabSettings,
    out: Path,
    interruption: Interruption | None = None,
    *,
    monitored: bool = False,
    generated: Path = GENERATED,
) -> Iterator[Mesh]:
    """Run the mesh for the length of a `with` block.

    Args:
        settings: addresses and ports.
        out: a folder for logs and configurations; it is made.
        interruption: what to ask whether the user wants to stop.
        monitored: whether Prometheus and Alertmanager run beside it, if they can be had, and a
            pager.
        generated: the folder of alert rules and routes.

    Yields:
        The mesh, every part of it ready.

    Raises:
        LabError: it cannot be started; everything that was started is stopped.
        Interrupted: the user wants to stop; likewise.
    """
    interruption = interruption or Interruption()
    topology = loopback(settings, out)
    require_free((*topology.needs, *(monitoring.needs(settings) if monitored else ())))
    out.mkdir(parents=True, exist_ok=True)
    pager = PagerServer(settings.host, settings.pager_port)
    # The receivers are the last to go: the services hand over their last spans while they end.
    with (
        TraceReceiver(settings.host, settings.otlp_port) as receiver,
        pager if monitored else nullcontext(),
        Crew.at_work(out / "logs", interruption) as crew,
    ):
        watch = monitoring.Monitoring(settings, out / "monitoring", interruption, generated)
        if monitored:
            watch.begin(crew)
        mesh = _start(settings, out, topology, crew, receiver.store)
        mesh.pager = pager.pager
        if monitored:
            mesh.prometheus, mesh.notes = watch.finish(crew, topology.jobs)
        yield mesh


def _start(
    settings: LabSettings, out: Path, topology: Topology, crew: Crew, spans: SpanStore
) -> Mesh:
    """Start DNS and the backends, then the front, and wait until each answers."""
    topology.dns_behaviour.unlink(missing_ok=True)
    dns, *backends = crew.start(topology.dns, *topology.recommendations)
    for process in (dns, *backends):
        process.wait_ready()
    (front,) = crew.start(topology.marketplace)
    front.wait_ready()
    return Mesh(settings, out, topology, crew, spans, dns, tuple(backends), front)
