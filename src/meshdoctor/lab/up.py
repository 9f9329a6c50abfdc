"""`up`: keep the mesh running until Ctrl-C."""

from pathlib import Path
from typing import NoReturn

from meshdoctor.lab.interruption import Interruption
from meshdoctor.lab.loopback import Mesh, loopback_mesh
from meshdoctor.lab.settings import LabSettings

_POLL_SECONDS = 0.5


def run(out: Path, settings: LabSettings, interruption: Interruption) -> NoReturn:
    """Start the mesh, print its addresses, and wait.

    Raises:
        Interrupted: the user wants to stop, which is the only good end.
        LabError: the mesh could not start, or a part of it died.
    """
    print("starting the mesh", flush=True)
    with loopback_mesh(settings, out, interruption, monitored=True) as mesh:
        print("\n".join((*addresses(mesh), *mesh.notes, "Ctrl-C stops it all")), flush=True)
        while True:
            mesh.crew.check()
            interruption.sleep(_POLL_SECONDS)


def addresses(mesh: Mesh) -> list[str]:
    """A line for each address of a running mesh."""
    settings, host = mesh.settings, mesh.settings.host
    pages = [address for group in mesh.topology.jobs.values() for address in group]
    rows = {
        "page": f"{mesh.url}/",
        "API": f"{mesh.url}/api/v1/recommendations?category=mystery",
        "metrics": " ".join(f"http://{address}/metrics" for address in pages),
        "gRPC": " ".join(
            f"{backend}:{settings.recommendations_port}"
            for backend in settings.recommendations_hosts
        ),
        "DNS": f"{host}:{settings.dns_port}",
        "OTLP": f"{host}:{settings.otlp_port}",
        "logs": str(mesh.out / "logs"),
    }
    if mesh.prometheus:
        rows["Prometheus"] = f"{mesh.prometheus.url}/classic/graph"
        rows["Alertmanager"] = f"http://{host}:{settings.alertmanager_port}/"
    return [f"{name:13}{address}" for name, address in rows.items()]
