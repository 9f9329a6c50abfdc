"""Gathers the facts of a run from the parts of the mesh that saw it."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from meshdoctor.lab.errors import LabError
from meshdoctor.lab.loopback import Mesh
from meshdoctor.lab.metricspage import MetricsPage, read_page
from meshdoctor.lab.model import LoadResult, RunFacts, ScrapeTarget, group_traces
from meshdoctor.lab.traces import is_complete

_LIBRARIES = ("grpcio", "flask", "granian", "opentelemetry-sdk", "prometheus-client", "locust")


def gather(mesh: Mesh, load: LoadResult, ended: float) -> RunFacts:
    """Collect everything that was seen. The services are ended on the way, for their last spans.

    Args:
        mesh: it still runs.
        load: what the load generator measured.
        ended: when the load ended, Unix seconds.

    Raises:
        Interrupted: the user wants to stop.
    """
    page, notes = _front_page(mesh)
    targets, versions = _watched(mesh)
    mesh.drain()
    traces = group_traces(mesh.spans.spans())
    if forgotten := mesh.spans.received - sum(len(trace.spans) for trace in traces):
        notes = (*notes, f"the oldest {forgotten:,} spans were dropped to bound memory")
    return RunFacts(
        load=load,
        traces=traces,
        complete_traces=sum(map(is_complete, traces)),
        targets=targets,
        causes=page.causes,
        freshness=page.freshness,
        started_at=load.started,
        seconds=ended - load.started,
        versions={**_versions(), **versions},
        notes=(*mesh.notes, *notes),
        sampling=mesh.settings.sampling,
    )


def _front_page(mesh: Mesh) -> tuple[MetricsPage, tuple[str, ...]]:
    try:
        return read_page(mesh.metrics_address), ()
    except (OSError, ValueError) as error:
        note = (
            f"causes and freshness are unknown: the marketplace's metrics cannot be read: {error}"
        )
        return MetricsPage(()), (note,)


def _watched(mesh: Mesh) -> tuple[tuple[ScrapeTarget, ...], dict[str, str]]:
    """Targets and versions, from Prometheus if it runs, else from a scrape of our own."""
    if not mesh.prometheus:
        return tuple(_scrape(mesh.topology.jobs)), {}
    try:
        return mesh.prometheus.targets(), {"prometheus": mesh.prometheus.version()}
    except LabError as error:
        mesh.notes = (*mesh.notes, str(error))
        return tuple(_scrape(mesh.topology.jobs)), {}


def _scrape(jobs: Mapping[str, tuple[str, ...]]) -> Iterator[ScrapeTarget]:
    for job, addresses in jobs.items():
        for address in addresses:
            try:
                samples, problem = len(read_page(address).rows), ""
            except (OSError, ValueError) as error:
                samples, problem = 0, str(error)
            yield ScrapeTarget(job, address, not problem, problem, samples)


def _versions() -> dict[str, str]:
    known = {"python": python_version()}
    for library in _LIBRARIES:
        try:
            known[library] = version(library)
        except PackageNotFoundError:
            continue
    return known
