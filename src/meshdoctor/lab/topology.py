"""The mesh on loopback, as data: which process listens where, with which environment.

One machine plays the cluster. Each backend has an address of its own in 127.0.0.0/8, as a Pod has,
and the marketplace finds them through DNS under the name they have in Kubernetes.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meshdoctor.lab.ports import Need
from meshdoctor.lab.processes import Program
from meshdoctor.lab.settings import LabSettings

SERVICE_NAME = "recommendations.bookstore.svc.cluster.local."
_DRAIN_SECONDS = 12.0  # readiness withdrawn, running calls, last spans: the services' own bounds
_COMMON = {"PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True, slots=True)
class Topology:
    """What to start, and where it will be.

    Attributes:
        dns: the stand-in for cluster DNS.
        recommendations: the backends.
        marketplace: the front.
        dns_behaviour: the file that tells the DNS process how to behave.
        jobs: addresses of metrics pages by scrape job.
        needs: every address that must be free.
    """

    dns: Program
    recommendations: tuple[Program, ...]
    marketplace: Program
    dns_behaviour: Path
    jobs: Mapping[str, tuple[str, ...]]
    needs: tuple[Need, ...]


def loopback(settings: LabSettings, folder: Path) -> Topology:
    """Lay the mesh out.

    Args:
        settings: addresses and ports.
        folder: for the file that steers DNS.

    Returns:
        Data only; nothing is started or written.
    """
    behaviour = folder / "dns-behaviour"
    return Topology(
        dns=_dns(settings, behaviour),
        recommendations=tuple(
            _recommendations(settings, number, host)
            for number, host in enumerate(settings.recommendations_hosts, start=1)
        ),
        marketplace=_marketplace(settings),
        dns_behaviour=behaviour,
        jobs={
            "marketplace": (f"{settings.host}:{settings.metrics_port}",),
            "recommendations": tuple(
                f"{host}:{settings.metrics_port}" for host in settings.recommendations_hosts
            ),
        },
        needs=_needs(settings),
    )


def _dns(settings: LabSettings, behaviour: Path) -> Program:
    address = f"{settings.host}:{settings.dns_port}"
    return Program(
        name="dns",
        command=(
            *(sys.executable, "-m", "meshdoctor.lab.dnsserver", "--listen", address),
            *("--record", f"{SERVICE_NAME}={','.join(settings.recommendations_hosts)}"),
            *("--behaviour-file", str(behaviour)),
        ),
        env=_COMMON,
        ready=f"tcp://{address}",
        stop_seconds=2,
    )


def _recommendations(settings: LabSettings, number: int, host: str) -> Program:
    return Program(
        name=f"recommendations-{number}",
        command=(sys.executable, "-m", "recommendations"),
        env={
            **_telemetry(settings, f"recommendations-{number}"),
            "RECOMMENDATIONS_HOST": host,
            "RECOMMENDATIONS_PORT": str(settings.recommendations_port),
            "RECOMMENDATIONS_METRICS_HOST": host,
            "RECOMMENDATIONS_METRICS_PORT": str(settings.metrics_port),
        },
        ready=f"tcp://{host}:{settings.recommendations_port}",
        stop_seconds=_DRAIN_SECONDS,
    )


def _marketplace(settings: LabSettings) -> Program:
    return Program(
        name="marketplace",
        command=(sys.executable, "-m", "marketplace"),
        env={
            **_telemetry(settings, "marketplace-1"),
            "MARKETPLACE_HOST": settings.host,
            "MARKETPLACE_PORT": str(settings.marketplace_port),
            "MARKETPLACE_METRICS_HOST": settings.host,
            "MARKETPLACE_METRICS_PORT": str(settings.metrics_port),
            "MARKETPLACE_RECOMMENDATIONS_TARGET": f"{SERVICE_NAME}:{settings.recommendations_port}",
            "MARKETPLACE_DNS_SERVERS": f"{settings.host}:{settings.dns_port}",
        },
        ready=f"http://{settings.host}:{settings.marketplace_port}/readyz",
        stop_seconds=_DRAIN_SECONDS,
    )


def _telemetry(settings: LabSettings, instance: str) -> dict[str, str]:
    return {
        **_COMMON,
        "OTEL_TRACES_SAMPLER_ARG": str(settings.sampling),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{settings.host}:{settings.otlp_port}",
        "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={instance}",
    }


def _needs(settings: LabSettings) -> tuple[Need, ...]:
    def on(host: str, name: str, *, udp: bool = False) -> Need:
        return Need(host, getattr(settings, name), f"MESH_{name.upper()}", udp=udp)

    backends = [
        on(host, name)
        for host in settings.recommendations_hosts
        for name in ("recommendations_port", "metrics_port")
    ]
    ours = ("marketplace_port", "metrics_port", "otlp_port", "dns_port")
    return (
        *(on(settings.host, name) for name in ours),
        on(settings.host, "dns_port", udp=True),
        *backends,
    )
