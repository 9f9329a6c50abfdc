"""`up`: keep the mesh running until Ctrl-C."""

import time
from pathlib import Path
from typing import NoReturn

from meshdoctor.lab.boards.model import Link
from meshdoctor.lab.boards.reader import read_boards
from meshdoctor.lab.boards.server import BoardServer
from meshdoctor.lab.boards.site import Site
from meshdoctor.lab.boards.sources import Sources
from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.ports import Need, require_free
from meshdoctor.lab.settings import LabSettings

_POLL_SECONDS = 0.5


def run(out: Path, settings: LabSettings, interruption: Interruption) -> NoReturn:
    """Start the mesh and its dashboards, print their addresses, and wait.

    Raises:
        Interrupted: the user wants to stop, which is the only good end.
        LabError: the mesh could not start, or a part of it died.
    """
    port = settings.dashboards_port
    require_free((Need(settings.host, port, "MESH_DASHBOARDS_PORT"),))
    print("starting the mesh", flush=True)
    with loopback_mesh(settings, out, interruption, monitored=True) as mesh:
        sources = sources_of(mesh)
        with BoardServer(settings.host, port, Site(sources)) as boards:
            lines = (f"{'dashboards':13}{boards.url}", *addresses(mesh), *sources.notes)
            print("\n".join((*lines, "Ctrl-C stops it all")), flush=True)
            while True:
                mesh.crew.check()
                interruption.sleep(_POLL_SECONDS)


def sources_of(mesh: Mesh) -> Sources:
    """Return what the local view shows of a running mesh."""
    boards, problems = read_boards()
    return Sources(
        boards=boards,
        prometheus=mesh.prometheus,
        spans=mesh.spans,
        pager=mesh.pager,
        logs=mesh.out / "logs",
        now=time.time,
        notes=(*mesh.notes, *problems),
        links=tuple(Link(name, url) for name, url in pages(mesh).items()),
        sampling=mesh.settings.sampling,
    )


def pages(mesh: Mesh) -> dict[str, str]:
    """The addresses of a running mesh that a browser can open, by name."""
    settings, host = mesh.settings, mesh.settings.host
    found = {
        "page": f"{mesh.url}/",
        "API": f"{mesh.url}/api/v1/recommendations?category=mystery",
    }
    if mesh.prometheus:
        found["Prometheus"] = f"{mesh.prometheus.url}/classic/graph"
        found["Alertmanager"] = f"http://{host}:{settings.alertmanager_port}/"
    return found


def addresses(mesh: Mesh) -> list[str]:
    """A line for each address of a running mesh."""
    settings, host = mesh.settings, mesh.settings.host
    metrics = [address for group in mesh.topology.jobs.values() for address in group]
    rows = {
        **pages(mesh),
        "metrics": " ".join(f"http://{address}/metrics" for address in metrics),
        "gRPC": " ".join(
            f"{backend}:{settings.recommendations_port}"
            for backend in settings.recommendations_hosts
        ),
        "DNS": f"{host}:{settings.dns_port}",
        "OTLP": f"{host}:{settings.otlp_port}",
        "logs": str(mesh.out / "logs"),
    }
    return [f"{name:13}{address}" for name, address in rows.items()]
